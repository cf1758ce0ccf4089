"""Readings that are missing from series, NaN: which, how many, and where there is none at all."""

from collections.abc import Iterable, Sequence

import numpy as np

from zoo.datasets.base import Rows
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

CHUNK = 2**16
"""Steps, or windows, that are looked at at a time."""


def count(values: np.ndarray | Rows) -> int:
    """How many of some values are NaN; what lies on disk is read a part at a time."""
    parts = (np.asarray(values[at : at + CHUNK]) for at in range(0, len(values), CHUNK))
    return sum(int(np.isnan(part).sum()) for part in parts)


def read_windows(steps: np.ndarray, window: int, starts: np.ndarray) -> np.ndarray:
    """bool [n]: whether anything was read in each window of steps [total, features]."""
    known = np.zeros(len(steps) + 1, np.int64)  # steps with a reading before each
    for at in range(0, len(steps), CHUNK):
        part = ~np.isnan(np.asarray(steps[at : at + CHUNK])).all(axis=1)
        known[at + 1 : at + 1 + len(part)] = known[at] + np.cumsum(part)
    found: np.ndarray = known[starts + window] > known[starts]
    return found


def read_examples(values: np.ndarray) -> np.ndarray:
    """bool [n]: whether anything was read in each of the windows [n, steps, features]."""
    parts = (np.asarray(values[at : at + CHUNK]) for at in range(0, len(values), CHUNK))
    return np.concatenate([~np.isnan(part).all(axis=(1, 2)) for part in parts])


def require_every_feature(
    where: str, stretches: Iterable[np.ndarray | Rows], features: Sequence[str] = ()
) -> None:
    """Raises a DatasetError for a feature, along the last axis, of which no value is known.

    Args:
        where: what the values are of.
        stretches: [n, ..., features] each, of the training set; one or more.
        features: their names, or ().
    """
    lacking: np.ndarray | None = None
    for values in stretches:
        for at in range(0, len(values), CHUNK):
            part = np.asarray(values[at : at + CHUNK])
            unknown = np.isnan(part).all(axis=tuple(range(part.ndim - 1)))
            lacking = unknown if lacking is None else lacking & unknown
            if not lacking.any():
                return
    assert lacking is not None
    first = int(np.flatnonzero(lacking)[0])
    name = printable(features[first]) if features else f"{first} (from 0 on)"
    raise DatasetError(
        f"{where}: of the feature {name} no value is known in the training set, so that nothing of "
        "it can be learned. Leave that feature out."
    )


def note(missing: int, values: int) -> str:
    """What becomes of what is missing, a sentence; "" where nothing is."""
    if not missing:
        return ""
    return (
        f"{missing:,} of {values:,} values are missing: they count for nothing, and the encoder is "
        "told which they are."
    )


def left_out(windows: int) -> str:
    """What became of windows without a reading, a sentence; "" where there was none."""
    return f"Left out: {windows:,} windows without a single value." if windows else ""
