"""How long an artifact's endpoints take on this machine, through the same calls an app makes."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.errors import InputError
from zoo.runtime import test_data
from zoo.runtime.artifact import Artifact
from zoo.runtime.calls import Call
from zoo.runtime.sessions import Array

WARM_UP = 3
"""Calls before any is timed: the first ones allocate memory and choose kernels."""


@dataclass(frozen=True)
class Timing:
    """One endpoint at one batch size: seconds a call, median and 90th percentile."""

    endpoint: str
    batch: int
    provider: str
    repeat: int
    median: float
    p90: float

    @property
    def throughput(self) -> float:
        """Examples a second, at the median."""
        return self.batch / self.median


def bench(
    artifact: Artifact,
    batches: Sequence[int] = (1, 32, 256),
    endpoints: Iterable[str] | None = None,
    repeat: int = 30,
) -> Iterator[Timing]:
    """Yields a `Timing` for each endpoint and batch size.

    The time is that of the whole call, the check of its input included; the inputs are the
    artifact's test data, repeated to fill the batch.

    Args:
        artifact: what `zoo.load` returned.
        batches: batch sizes.
        endpoints: their names; None takes all.
        repeat: timed calls of each, after `WARM_UP` that are not.

    Raises:
        InputError: for an unknown endpoint.
        ArtifactError: if the test data cannot be read or was changed.
    """
    names = list(endpoints or artifact.endpoints)
    unknown = [name for name in names if name not in artifact.endpoints]
    if unknown:
        raise InputError(
            f"There is no endpoint {', '.join(unknown)} in {artifact.precision}; {artifact.folder} "
            f"has {', '.join(artifact.endpoints)}."
        )
    for name in names:
        data = _inputs(artifact, name)
        for batch in batches:
            given = {
                key: np.ascontiguousarray(np.resize(value, (batch, *value.shape[1:])))
                for key, value in data.items()
            }
            seconds = _times(getattr(artifact, name), given, repeat)
            median, p90 = np.percentile(seconds, (50, 90))
            provider = artifact.provider(name)
            yield Timing(name, batch, provider, repeat, float(median), float(p90))


def _inputs(artifact: Artifact, name: str) -> Mapping[str, Array]:
    given, _ = test_data.read(artifact.reader, artifact.endpoints[name])
    return given


def _times(call: Call, given: Mapping[str, Array], repeat: int) -> list[float]:
    for _ in range(WARM_UP):
        call(**given)
    seconds = []
    for _ in range(repeat):
        began = time.perf_counter()
        call(**given)
        seconds.append(time.perf_counter() - began)
    return seconds
