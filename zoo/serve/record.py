"""What a server tells of itself: Prometheus metrics, and a line of JSON for each request."""

import json
import time
from datetime import UTC, datetime
from typing import Any, TextIO

import prometheus_client as prometheus

from zoo.serve.models import Shelf
from zoo.serve.work import Work

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE = prometheus.CONTENT_TYPE_LATEST.encode("ascii")


class Metrics:
    """Counts and times of requests, by model and status; of no model, by model "".

    Args:
        shelf: whose versions are told.
        work: whose places are told.
    """

    def __init__(self, shelf: Shelf, work: Work) -> None:
        self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self._registry)
        labels = ("model", "status")
        self._requests = prometheus.Counter(
            "zoo_requests", "Requests answered.", labels, registry=self._registry
        )
        self._seconds = prometheus.Histogram(
            "zoo_request_seconds",
            "From the headers of a request to the end of its answer.",
            ("model",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._rows = prometheus.Counter(
            "zoo_rows", "Rows answered.", ("model",), registry=self._registry
        )
        self._reloads = prometheus.Counter(
            "zoo_reloads", "Changed artifacts looked at.", ("outcome",), registry=self._registry
        )
        waiting = prometheus.Gauge(
            "zoo_places_taken",
            "Requests that are computed in a thread or wait for one.",
            registry=self._registry,
        )
        waiting.set_function(lambda: work.taken)
        self._version = prometheus.Gauge(
            "zoo_artifact_version", "The version served.", ("artifact",), registry=self._registry
        )
        self._shelf = shelf
        self._of: dict[tuple[str, int], Any] = {}

    def answered(self, model: str, status: int, seconds: float, rows: int) -> None:
        """One request more."""
        found = self._of.get((model, status))
        if found is None:
            found = (
                self._requests.labels(model, str(status)),
                self._seconds.labels(model),
                self._rows.labels(model),
            )
            self._of[model, status] = found
        found[0].inc()
        found[1].observe(seconds)
        if rows:
            found[2].inc(rows)

    def reloaded(self, picked_up: bool) -> None:
        """A changed artifact was looked at."""
        self._reloads.labels("served" if picked_up else "refused").inc()

    def text(self) -> bytes:
        """As Prometheus reads them."""
        for name, served in self._shelf.served.items():
            self._version.labels(name).set(int(served.version))
        return bytes(prometheus.generate_latest(self._registry))


class Log:
    """Lines of JSON: what happened to the server, and each request that it answered.

    Args:
        stream: to write to; None writes nothing.
        requests: whether requests are written, too.
    """

    def __init__(self, stream: TextIO | None, requests: bool = True) -> None:
        self._stream, self._requests = stream, requests
        self._second, self._clock = 0, ""

    def event(self, event: str, **facts: Any) -> None:
        """One line, with what happened."""
        if self._stream is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._write(json.dumps({"time": now, "event": event} | facts))

    def request(
        self,
        client: tuple[str, int] | None,
        method: str,
        path: str,
        status: int,
        seconds: float,
        bytes_in: int,
        bytes_out: int,
        model: str,
        rows: int,
    ) -> None:
        """One line, of a request; written by hand, for it is written for each."""
        if self._stream is None or not self._requests:
            return
        now = time.time()
        if int(now) != self._second:
            self._second = int(now)
            self._clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        self._write(
            f'{{"time":"{self._clock}.{int(now % 1 * 1000):03d}Z","event":"request",'
            f'"client":"{client[0] if client else ""}","method":{json.dumps(method)},'
            f'"path":{json.dumps(path[:400])},"status":{status},"ms":{seconds * 1e3:.3f},'
            f'"bytes_in":{bytes_in},"bytes_out":{bytes_out},"model":"{model}","rows":{rows}}}'
        )

    def _write(self, line: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # nobody reads it any more: answers go on
            self._stream = None
