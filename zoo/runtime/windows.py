"""Series longer than a model's window: cut into windows, and answers put back onto the steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.artifact.schema import SERIES, Schema
from zoo.errors import InputError
from zoo.runtime.inputs import is_masked
from zoo.runtime.nearest import nearest
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
    given = _by_name(series, schema.features) if is_table(series) else _numbers(series)
    given = given[:, None] if given.ndim == 1 and features == 1 else given
    if given.ndim != 2 or given.shape[1] != features:
        raise InputError(
            f"windows: given {list(given.shape)}, wanted one series [steps, {features}]"
            f"{_named(schema.features)}. Of several series call it for each."
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


def _by_name(series: Any, features: Sequence[str]) -> Array:
    """The features of a table, in the model's order; what else it has is left out."""
    names = list(series) if isinstance(series, Mapping) else list(series.columns)
    if not features:
        raise InputError("windows: the model's features have no names. Give an array.")
    for name in features:
        if names.count(name) != 1:
            near = nearest(name, [str(each) for each in names])
            like = "" if near is None else f"; the nearest is {near!r:.60}"
            raise InputError(
                f"windows: {'no column' if name not in names else 'several columns'} {name!r:.60} "
                f"in the table{like}. Wanted is one of each feature{_named(features)}."
            )
    columns = [_numbers(series[name], f", the column {name!r:.60}") for name in features]
    lengths = [each.shape for each in columns]
    if len({*lengths}) > 1 or columns[0].ndim != 1:
        raise InputError(
            f"windows: the columns have the shapes {', '.join(map(str, lengths[:5]))}; wanted is "
            "one number a step, as many in each."
        )
    return np.stack(columns, axis=1)


def _numbers(series: Any, where: str = "") -> Array:
    if is_masked(series):
        raise InputError("windows: given a masked array. Fill it with .filled(value).")
    try:
        given = np.asarray(series)
    except Exception as error:  # an object's own conversion may raise whatever it likes
        raise InputError(f"windows: not an array ({error}).") from error
    if given.dtype.kind == "O":  # a list with gaps, a frame's column of nullable numbers
        gaps = np.array([each is None or type(each).__name__ == "NAType" for each in given.flat])
        try:
            given = np.where(gaps.reshape(given.shape), np.nan, given).astype(np.float64)
        except (TypeError, ValueError):
            pass
    if given.dtype.kind not in "biuf":
        raise InputError(
            f"windows{where}: given {given.dtype}, not numbers. Wanted are the features alone, as "
            "numbers; NaN where one is missing."
        )
    return given


def _named(features: Sequence[str]) -> str:
    some = ", ".join(features[:5]) + (" and more" if len(features) > 5 else "")
    return f": {some}" if features else ""
