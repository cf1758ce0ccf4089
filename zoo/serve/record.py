"""What a server tells of itself: Prometheus metrics, and a line of JSON for each request."""

import collections
import json
import threading
import time
from datetime import UTC, datetime
from io import RawIOBase
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, NamedTuple

import prometheus_client as prometheus

from zoo.serve.models import Shelf
from zoo.serve.work import Work

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

MOST_LINES = 100_000
"""Lines that wait for the log's reader, a few hundred bytes each."""

_AT_A_TIME = 256  # requests that are counted
_PAUSE = 0.05  # seconds, between two writes of the log
CONTENT_TYPE = prometheus.CONTENT_TYPE_LATEST.encode("ascii")


class Answered(NamedTuple):
    """A request that was answered, as metrics and log take it."""

    at: float
    """Seconds since 1970."""
    client: tuple[str, int] | None
    method: str
    path: str
    status: int
    seconds: float
    bytes_in: int
    bytes_out: int
    model: str
    rows: int


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
        self._uncounted: collections.deque[Answered] = collections.deque()
        self._of: dict[tuple[str, int], Any] = {}

    def answered(self, request: Answered) -> None:
        """One request more. They are counted some at a time, which is quicker."""
        self._uncounted.append(request)
        if len(self._uncounted) >= _AT_A_TIME:
            self._count()

    def _count(self) -> None:
        for _ in range(len(self._uncounted)):
            each = self._uncounted.popleft()
            found = self._of.get((each.model, each.status))
            if found is None:
                found = (
                    self._requests.labels(each.model, str(each.status)),
                    self._seconds.labels(each.model),
                    self._rows.labels(each.model),
                )
                self._of[each.model, each.status] = found
            found[0].inc()
            found[1].observe(each.seconds)
            if each.rows:
                found[2].inc(each.rows)

    def reloaded(self, picked_up: bool) -> None:
        """A changed artifact was looked at."""
        self._reloads.labels("served" if picked_up else "refused").inc()

    def text(self) -> bytes:
        """As Prometheus reads them."""
        self._count()
        for name, served in self._shelf.served.items():
            self._version.labels(name).set(int(served.version))
        return bytes(prometheus.generate_latest(self._registry))


class Log:
    """Lines of JSON: what happened to the server, and each request that it answered.

    A thread writes them, some at a time, so that nobody waits for who reads them. Where the reader
    stalls, lines beyond `MOST_LINES` are left out, and a line says how many.

    Args:
        stream: to write to, unbuffered; None writes nothing.
        requests: whether requests are written, too.
    """

    def __init__(self, stream: RawIOBase | None, requests: bool = True) -> None:
        self._stream = stream
        self._requests = requests and stream is not None
        self._second, self._clock = 0, ""
        self._lines: collections.deque[str | Answered] = collections.deque()
        self._left_out = 0
        self._any, self._now = threading.Event(), threading.Event()
        self._closing = False
        self._writer = threading.Thread(target=self._write_all, name="zoo-log", daemon=True)
        if stream is not None:
            self._writer.start()

    def event(self, event: str, **facts: Any) -> None:
        """One line, with what happened; written at once."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._put(json.dumps({"time": now, "event": event} | facts))
        self._now.set()

    def request(self, request: Answered) -> None:
        """One line, of a request."""
        if self._requests:
            self._put(request)

    def _of_request(self, each: Answered) -> str:
        """Its line; made by hand, for it is made for each."""
        now = each.at
        if int(now) != self._second:
            self._second = int(now)
            self._clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        return (
            f'{{"time":"{self._clock}.{int(now % 1 * 1000):03d}Z","event":"request",'
            f'"client":"{each.client[0] if each.client else ""}","method":{quoted(each.method)},'
            f'"path":{quoted(each.path[:400])},"status":{each.status},'
            f'"ms":{each.seconds * 1e3:.3f},"bytes_in":{each.bytes_in},'
            f'"bytes_out":{each.bytes_out},"model":"{each.model}","rows":{each.rows}}}'
        )

    def close(self) -> None:
        """Writes what is left, unless nobody reads it within a second."""
        self._closing = True
        self._now.set()
        self._any.set()
        if self._writer.is_alive():
            self._writer.join(1.0)

    def _put(self, line: str | Answered) -> None:
        if self._stream is None:
            return
        if len(self._lines) >= MOST_LINES:
            self._left_out += 1
            return
        self._lines.append(line)
        if not self._any.is_set():
            self._any.set()

    def _write_all(self) -> None:
        """Of the writer's thread: what there is, every `_PAUSE` seconds at most."""
        while True:
            self._any.wait()
            self._now.wait(_PAUSE)
            self._any.clear()
            self._now.clear()
            taken = [self._lines.popleft() for _ in range(len(self._lines))]
            lines = [each if isinstance(each, str) else self._of_request(each) for each in taken]
            if self._left_out:
                left_out, self._left_out = self._left_out, 0
                lines.append(json.dumps({"event": "lines_left_out", "count": left_out}))
            try:
                self._write("".join(line + "\n" for line in lines).encode("utf-8"))
            except (OSError, ValueError):  # nobody reads them any more: answers go on
                self._stream = None
                self._lines.clear()
                return
            if self._closing and not self._lines:
                return

    def _write(self, content: bytes) -> None:
        left = memoryview(content)
        while left and self._stream is not None:
            written = self._stream.write(left)
            if written is None:  # it does not block, and nobody reads
                time.sleep(_PAUSE)
            left = left[written or 0 :]
