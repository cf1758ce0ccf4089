"""Series longer than a model's window: cut into windows, and answers put back onto the steps."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.artifact.schema import SERIES, Schema
from zoo.errors import InputError
from zoo.runtime.named import features_of, in_words, numbers
from zoo.runtime.sessions import Array
from zoo.runtime.tables import is_table

_OVERLAP = 4  # windows that hold a step, where no stride is given: as in training


@dataclass(frozen=True)
class Windows:
    """Windows of one long series.

    Args:
        x: [n, window, features], what endpoints take.
        starts: int64 [n], the step at which each begins, rising.
        steps: of the series.
    """

    x: Array
    starts: Array
    steps: int

    def __len__(self) -> int:
        return len(self.starts)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """The windows, `x`, so that an endpoint takes the windows themselves."""
        return np.array(self.x, dtype, copy=copy)

    def by_step(self, values: Any) -> Array:
        """An answer of each window, put onto the steps: the mean over the windows that hold each.

        nats = long.by_step(vae.score(long.x).elbo)              # [steps]
        rebuilt = long.by_step(vae.reconstruct(long.x).x_mean)   # [steps, features]

        Args:
            values: one number a window [n], or [n, window, ...] of each of its steps.

        Returns:
            float64 [steps], or [steps, ...].

        Raises:
            InputError: for values of another shape.
        """
        given = np.asarray(values, np.float64)
        window = self.x.shape[1]
        whole = given.ndim == 1
        if len(given) != len(self) or (not whole and given.shape[1:2] != (window,)):
            raise InputError(
                f"by_step: given {list(given.shape)}, wanted one number for each of the "
                f"{len(self)} windows, or [{len(self)}, {window}, ...] for each of their steps."
            )
        total = np.zeros((self.steps, *(() if whole else given.shape[2:])))
        count = np.zeros(self.steps)
        for start, each in zip(self.starts, given, strict=True):
            total[start : start + window] += each
            count[start : start + window] += 1.0
        return total / count.reshape(-1, *[1] * (total.ndim - 1))


def windows(series: Any, schema: Schema | None, stride: Any = None) -> Windows:
    """The windows of a series, so that every step lies in one: the last ends where it ends.

    Args:
        series: numbers [steps, features], or [steps] of a series of one feature; a frame or a dict
            of columns, of which the features are taken by their names.
        schema: of the windows that the model takes.
        stride: steps from one window's start to the next; None takes a quarter of a window.

    Raises:
        InputError: if the model takes no windows of series, for another shape, for fewer steps than
            a window, and for a stride that would leave steps out.
    """
    if schema is None or schema.kind != SERIES:
        kind = "something else" if schema is None else f"{schema.kind}s"
        raise InputError(f"windows: they are of series, and this artifact's examples are {kind}.")
    window, features = schema.shape
    given = (
        features_of("windows", series, schema.features)
        if is_table(series)
        else numbers("windows", series)
    )
    given = given[:, None] if given.ndim == 1 and features == 1 else given
    if given.ndim != 2 or given.shape[1] != features:
        raise InputError(
            f"windows: given {list(given.shape)}, wanted one series [steps, {features}]"
            f"{in_words(schema.features)}. Of several series call it for each."
        )
    if len(given) < window:
        raise InputError(
            f"windows: the series has {len(given)} steps, and a window has {window}. Give a longer "
            "series, or train with a smaller --window."
        )
    step = max(1, window // _OVERLAP) if stride is None else stride
    if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or not 1 <= step <= window:
        raise InputError(
            f"windows: stride={stride!r}; wanted is a whole number from 1 to {window}, the steps "
            "of a window: a larger one would leave steps out."
        )
    last = len(given) - window
    starts = np.unique(np.append(np.arange(0, last + 1, int(step)), last))
    view = np.lib.stride_tricks.sliding_window_view(given, window, axis=0).swapaxes(1, 2)
    x = view[starts] if last % step else view[:: int(step)]  # a view, where the last one fits
    return Windows(x, starts.astype(np.int64), len(given))
