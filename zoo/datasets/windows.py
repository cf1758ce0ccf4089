"""Windows of long series, cut when they are read: however they overlap, no step is kept twice."""

import numpy as np

from zoo.datasets.base import Rows
from zoo.errors import DatasetError

MOST_BLOCKS = 8
"""Stretches that a validation set is of, at most."""


class Windows(Rows):
    """Windows [n, window, features] of steps that lie in memory, or on disk, once.

    Args:
        steps: [total, features], one series after the other.
        window: steps of each.
        starts: [n], the step at which each begins. None is of more than one series.
    """

    def __init__(self, steps: np.ndarray, window: int, starts: np.ndarray):
        view = np.lib.stride_tricks.sliding_window_view(steps, window, axis=0)
        super().__init__(view.swapaxes(1, 2), np.asarray(starts))
        self.steps = steps
        self.window = window

    def chosen(self, rows: slice | np.ndarray) -> "Windows":
        """Some of the windows, in the order asked for."""
        return Windows(self.steps, self.window, self.index[rows])

    def cut_apart(self, count: int, generator: np.random.Generator) -> tuple[np.ndarray, ...]:
        """(training, validation): rows of about `count` windows, and of those that share no step.

        Neighbours that overlap are nearly the same example: what is validated is a few stretches of
        neighbours, drawn at random, and what lies across their ends is left out.

        Raises:
            DatasetError: if nothing is left to train on.
        """
        n = len(self)
        order = np.argsort(self.index, kind="stable")
        gaps = np.diff(self.index[order])
        together = int(np.ceil(self.window / max(1, np.median(gaps)))) if n > 1 else 1
        blocks = int(np.clip(count // (4 * together), 1, MOST_BLOCKS))
        length = count // blocks
        rows: list[np.ndarray] = []
        for section in np.array_split(order, blocks):
            offset = int(generator.integers(max(1, len(section) - length + 1)))
            rows.append(section[offset : offset + length])
        validation = np.sort(np.concatenate(rows))
        training = np.flatnonzero(~self._touches(self.index[validation]))
        if not len(training):
            raise DatasetError(
                f"{n:,} windows of {self.window} steps are too few: beside {len(validation):,} for "
                "validation none is left that shares no step with them. Give a smaller window, or "
                "more data."
            )
        return training, validation

    def _touches(self, starts: np.ndarray) -> np.ndarray:
        """Whether each window shares a step with one of those that begin there."""
        starts = np.sort(starts)
        after = np.searchsorted(starts, self.index)
        near = [starts[np.clip(after + move, 0, len(starts) - 1)] for move in (-1, 0)]
        return np.minimum(*(np.abs(each - self.index) for each in near)) < self.window
