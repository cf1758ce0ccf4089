"""Frames of pandas and polars, and whatever else Arrow takes, as Arrow's tables."""

from collections.abc import Sequence

import pyarrow as pa

from zoo.datasets.reading import printable
from zoo.errors import DatasetError


def as_arrow(frame: object) -> pa.Table:
    """A frame as Arrow's, its index left out.

    Raises:
        DatasetError: it is no frame, or has a column of mixed types.
    """
    columns: Sequence[object] = getattr(frame, "columns", ())
    if type(frame).__module__.partition(".")[0] == "pandas":
        return _of_pandas(frame, columns)
    try:
        if isinstance(frame, dict):
            return pa.table(frame)
        if hasattr(frame, "__arrow_c_stream__"):
            return pa.table(frame)
        if hasattr(frame, "__dataframe__"):
            from pyarrow.interchange import from_dataframe

            return from_dataframe(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DatasetError(f"The frame cannot be read: {printable(error)!s:.200}") from error
    raise DatasetError(
        f"{type(frame).__name__} is no frame; wanted: a pandas or polars DataFrame, an Arrow "
        "table, or a dict of columns."
    )


def _of_pandas(frame: object, columns: Sequence[object]) -> pa.Table:
    """Column by column, so that one which cannot be read is named with its row."""
    names, arrays = [], []
    for place, name in enumerate(columns):
        column = frame.iloc[:, place]  # type: ignore[attr-defined]
        try:
            arrays.append(pa.array(column, from_pandas=True))
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise _mixed(str(name), column.tolist()) from error
        names.append(str(name))
    return pa.Table.from_arrays(
        [each if isinstance(each, pa.Array) else each.combine_chunks() for each in arrays], names
    )


def _mixed(name: str, given: list[object]) -> DatasetError:
    """The first value of another type than those before it."""
    present = [(row, value) for row, value in enumerate(given, 1) if value is not None]
    first = type(present[0][1]) if present else None
    for row, value in present:
        if type(value) is not first and value == value:
            return DatasetError(
                f"The column {name!r:.60} holds {first.__name__ if first else ''}, and "
                f"in row {row:,} {value!r:.60}, {type(value).__name__}. Make one type "
                "of them, as with .astype(str)."
            )
    return DatasetError(
        f"The column {name!r:.60} holds {first.__name__ if first else 'nothing'}; "
        "wanted: numbers, text, dates or true and false."
    )
