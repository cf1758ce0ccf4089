"""Counts: of genes, words, clicks; whole numbers of 0 or more, each the sum of a row's library."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.artifact.schema import VECTOR, Schema
from zoo.datasets import series_arrays
from zoo.datasets.base import UNKNOWN_LICENCE, Dataset, HoldOut, Origin, Rows, Split
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

if TYPE_CHECKING:
    from zoo.datasets.tables.sources import Source

MOST = 2**24
"""Counts are below it: float32 tells them apart."""
_ROWS = 1024


def are(stored: dict[str, np.ndarray]) -> bool:
    """Whether an array is taken for counts unasked.

    [n, features] of an integer dtype but uint8, which are 8-bit values; or of floats that are all
    whole, none below 0 and some above 1.
    """
    values = next(value for key, value in stored.items() if key.startswith("x"))
    if values.ndim != 2 or not values.size:
        return False
    if values.dtype.kind in "iu":
        return bool(values.dtype != np.uint8)
    if values.dtype.kind != "f":
        return False
    highest = 0.0
    for part in _parts(values):
        if not (np.isfinite(part) & (part >= 0) & (part == np.floor(part))).all():
            return False
        highest = max(highest, float(part.max()))
    return highest > 1


def of_arrays(origin: Origin, stored: dict[str, np.ndarray], hold_out: HoldOut) -> Dataset:
    """[n, features] of a .npz or .npy, with `features` and `y` where the file has them.

    Raises:
        DatasetError: for other shapes, and values that are no counts.
    """
    from zoo.datasets.array_values import labels_of

    shown = origin.where
    splits = {}
    for key in [key for key in stored if key.startswith("x")]:
        values = stored[key]
        require_counts(f"{shown} ({key})", values)
        labels = labels_of(shown, stored, key.replace("x", "y", 1), len(values))
        splits[key] = Split(_on_demand(values), labels)
    width = next(iter(splits.values())).images.shape[1]
    names = series_arrays.names_of(shown, stored, width)
    note = "x is taken as counts: whole numbers of 0 or more (--kind vector takes numbers)."
    return dataset(origin, splits, names, hold_out, note)


def of_csv(source: "Source", hold_out: HoldOut, memory_share: float) -> Dataset:
    """A .csv of counts alone; a first column of text names the rows, and is left out.

    Raises:
        DatasetError: for values that are no counts.
    """
    from zoo.datasets.tables.number_columns import NumberColumns  # which needs pyarrow

    table = NumberColumns(source, memory_share)
    columns = table.names
    notes = table.notes
    if table.are_words(columns[0]):
        notes.append(f"The column {printable(columns[0])} is text: taken as the rows' names.")
        columns = columns[1:]
    if not columns:
        raise DatasetError(f"{table.shown} has no column of counts: add some.")
    values = table.numbers(columns, "Write 0 where nothing was counted.")
    require_counts(table.shown, values, table.place, columns)
    origin = Origin(table.shown, source.name, source.said)
    note = " ".join([*notes, f"A row is an example, {len(columns)} columns are counts."])
    return dataset(origin, {"x": Split(values)}, tuple(columns), hold_out, note)


def dataset(
    origin: Origin,
    splits: dict[str, Split],
    features: tuple[str, ...],
    hold_out: HoldOut,
    *notes: str,
    **schema: Any,
) -> Dataset:
    """Counts as a dataset: one split x to hold a test set out of, or x_train and x_test."""
    train, test, sentence = hold_out.given_parts(origin.where, splits)
    return Dataset(
        name=origin.name,
        train=train,
        test=test,
        schema=schema_of(train.images.shape[1], features, **schema),
        source=origin.source,
        licence=UNKNOWN_LICENCE,
        test_split=sentence,
        notes=notes,
    )


def schema_of(width: int, features: tuple[str, ...] = (), **more: Any) -> Schema:
    """What an example of so many counts is."""
    return Schema(VECTOR, (width,), low=0.0, high=None, spacing=1.0, features=features, **more)


def require_counts(
    where: str,
    values: Any,
    place_of: Callable[[int], str] | None = None,
    columns: Sequence[str] = (),
) -> None:
    """Raises a DatasetError at the first value that is no whole number from 0 to below `MOST`.

    Args:
        where: what the values are of, in sentences.
        values: [n, features].
        place_of: (row from 0 on) -> where it stands, in words; None: its index is said.
        columns: their names, where there are rows' places.
    """
    if values.ndim != 2 or 0 in values.shape or np.dtype(values.dtype).kind not in "biuf":
        raise DatasetError(
            f"{where} has the shape {list(values.shape)} and the dtype {values.dtype}; wanted are "
            "counts: whole numbers [n, features]."
        )
    start = 0
    for part in _parts(values):
        with np.errstate(invalid="ignore"):
            bad = ~((part >= 0) & (part < MOST) & (part == np.floor(part)))
        if bad.any():
            row, column = (int(each) for each in np.unravel_index(int(bad.argmax()), bad.shape))
            value = part[row, column]
            place = f"at index [{start + row}, {column}]"
            if place_of is not None:
                place = f"in {place_of(start + row)}, column {printable(columns[column])}"
            raise DatasetError(f"{where} has {value:g} {place}. {_no_count(float(value))}")
        start += len(part)


def _no_count(value: float) -> str:
    if value < 0:
        return (
            "Counts are 0 or more: nothing is counted less than never. Give counts as they were "
            "counted, not differences or centred values."
        )
    if value >= MOST:
        return f"Counts are below {MOST:,} here, as float32 holds them: count in larger units."
    return "Counts are whole numbers: give them as they were counted, not normalised or logarithms."


def _on_demand(values: np.ndarray) -> np.ndarray | Rows:
    """float32; what is on disk stays there, but for bytes, which would be taken for pixels."""
    if isinstance(values, np.memmap) and values.dtype not in (np.uint8, np.bool_):
        return Rows(values)
    return values.astype(np.float32)


def _parts(values: Any) -> Iterator[np.ndarray]:
    """Some rows after the others."""
    for start in range(0, len(values), _ROWS):
        yield np.asarray(values[start : start + _ROWS])
