"""Arrays as series: windows that are cut already, or long ones to cut."""

import numpy as np

from zoo.artifact.schema import SERIES, Schema
from zoo.datasets import gaps, series
from zoo.datasets.base import UNKNOWN_LICENCE, Dataset, HoldOut, Origin, Split
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

KEY = "series"
"""What an .npz calls x where it holds series."""
NAMES = "features"
"""What an .npz calls the features' names."""

WANTED = (
    "[n, steps, features], windows that are cut already or with --window one series each, or "
    "[steps, features] or [steps], one long series"
)


def load(
    origin: Origin, stored: dict[str, np.ndarray], cut: series.Cut, hold_out: HoldOut
) -> Dataset:
    """What `WANTED` says, as float32; without --window, [n, steps, features] is taken as it is.

    A value may be missing, which NaN says.

    Raises:
        DatasetError: for other shapes, infinite values, features of which nothing is known, or too
            few steps.
    """
    shown = origin.where
    if cut.time or cut.entity:
        raise DatasetError(
            f"{shown} has no columns: --time and --entity are of a .csv. Give arrays of "
            f"{WANTED}, in the order of time."
        )
    parts = {key: value for key, value in stored.items() if key.startswith(("x", KEY))}
    arrays = {key: _steps(f"{shown} ({key})", value) for key, value in parts.items()}
    features = names_of(shown, stored, next(iter(arrays.values())).shape[-1])
    described = Dataset(
        name=origin.name,
        train=Split(np.empty((0, 1), np.float32)),
        test=Split(np.empty((0, 1), np.float32)),
        schema=Schema(SERIES, (1, 1)),
        source=origin.source,
        licence=UNKNOWN_LICENCE,
        test_split="",
    )
    given = next(iter(arrays.values()))
    long = given.ndim == 2 or cut.is_asked_for
    if not long:
        return _as_cut(shown, stored, arrays, features, hold_out, described)
    if len(arrays) > 1:
        raise DatasetError(
            f"{shown} has x_train and x_test: they are taken as windows that are cut already, and "
            "are not cut again. Leave --window and --stride out, or give one array x."
        )
    whole = given[None] if given.ndim == 2 else given
    n, steps, width = whole.shape
    bounds = np.arange(n + 1) * steps
    kept = f"x is taken as {n:,} series of {steps:,} steps."
    made = series.Long(whole.reshape(-1, width), bounds, None, features)
    return series.dataset(shown, made, cut, hold_out, described, kept)


def names_of(shown: str, stored: dict[str, np.ndarray], width: int) -> tuple[str, ...]:
    """The features' names, where the file has them.

    Raises:
        DatasetError: if they are not as many as features, or no text.
    """
    if NAMES not in stored:
        return ()
    names = stored[NAMES]
    if names.dtype.kind not in "US" or names.shape != (width,):
        raise DatasetError(
            f"{shown} ({NAMES}) has the shape {list(names.shape)} and the dtype {names.dtype}; "
            f"wanted: text [{width}], a name for each feature."
        )
    return tuple(printable(each) for each in names.astype(str))


def _as_cut(
    shown: str,
    stored: dict[str, np.ndarray],
    arrays: dict[str, np.ndarray],
    features: tuple[str, ...],
    hold_out: HoldOut,
    described: Dataset,
) -> Dataset:
    """A dataset of windows as they are in the arrays."""
    from zoo.datasets.array_values import labels_of

    splits = {
        key: Split(x, labels_of(shown, stored, key.replace(KEY, "x").replace("x", "y", 1), len(x)))
        for key, x in arrays.items()
    }
    missing, empty = sum(map(gaps.count, arrays.values())), 0
    if missing:
        for key, x in arrays.items():
            read = gaps.read_examples(x)
            if not read.all():
                splits[key] = splits[key].subset(np.flatnonzero(read))
                empty += int((~read).sum())
    train, test, sentence = hold_out.given_parts(shown, splits)
    if missing:
        gaps.require_every_feature(shown, [train.images], features)
    shape = tuple(train.images.shape[1:])
    schema = Schema(SERIES, shape, low=None, high=None, features=features, missing=missing > 0)
    values = sum(x.size for x in arrays.values())
    kept = f"x is taken as windows of {shape[0]:,} steps that are cut already."
    return Dataset(
        name=described.name,
        train=train,
        test=test,
        schema=series.standardized(schema, train),
        source=described.source,
        licence=described.licence,
        test_split=sentence,
        notes=tuple(filter(None, [kept, gaps.left_out(empty), gaps.note(missing, values)])),
    )


def _steps(where: str, values: np.ndarray) -> np.ndarray:
    """float32, of rank 2 or 3, NaN where missing; what is on disk as float32 stays there."""
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim not in (2, 3) or 0 in values.shape or values.dtype.kind not in "iuf":
        raise DatasetError(
            f"{where} has the shape {list(values.shape)} and the dtype {values.dtype}; wanted: "
            f"numbers, {WANTED}."
        )
    with np.errstate(over="ignore"):  # what float32 cannot hold is refused as infinite
        values = values.astype(np.float32, copy=False)
    flat = values.reshape(len(values), -1)
    for start in range(0, len(flat), 2**16):
        bad = np.isinf(flat[start : start + 2**16])
        if bad.any():
            row, column = divmod(int(bad.argmax()), bad.shape[1])
            within = np.unravel_index(column, values.shape[1:])
            index = (start + row, *(int(each) for each in within))
            raise DatasetError(
                f"{where} has the value {values[index]:g} at index {list(index)}; wanted: finite "
                "numbers. Give NaN where a value is not known."
            )
    return values
