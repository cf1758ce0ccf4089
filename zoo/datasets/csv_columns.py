"""Columns of numbers of a .csv, read by pandas; what is none is refused by its line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.artifact.schema import Schema
from zoo.datasets.base import UNKNOWN_LICENCE, Dataset, Split, slug
from zoo.datasets.reading import printable
from zoo.errors import DatasetError, MissingDependency

SUFFIXES = (".csv",)


def read(path: Path) -> Any:
    """A pandas DataFrame of a file whose first line names its columns.

    Raises:
        DatasetError: for a file that is none.
        MissingDependency: where pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise MissingDependency(
            "A .csv is read by pandas, which is not installed: pip install pandas"
        ) from error
    try:
        frame = pandas.read_csv(path, skip_blank_lines=False, low_memory=False)
    except (OSError, ValueError, pandas.errors.ParserError) as error:
        raise DatasetError(
            f"{printable(path)} cannot be read as a .csv: {printable(error)}. Wanted: a line of "
            "column names, then a row a line, separated by commas."
        ) from error
    filled = np.flatnonzero(frame.notna().any(axis=1).to_numpy())
    frame = frame.iloc[: filled[-1] + 1 if len(filled) else 0]  # blank lines at its end
    if not len(frame):
        raise DatasetError(f"{printable(path)} has no row below its column names: add some.")
    return frame


def require_column(path: Path, frame: Any, option: str, name: str | None) -> None:
    """Raises unless the column that an option names is there."""
    if name is not None and name not in frame.columns:
        shown = ", ".join(printable(str(each)) for each in frame.columns[:10])
        raise DatasetError(
            f"{printable(path)} has no column {name!r} ({option}); its columns are {shown}"
            f"{', ...' if len(frame.columns) > 10 else ''}."
        )


def numbers(path: Path, frame: Any, names: Sequence[Any], if_missing: str) -> np.ndarray:
    """float32 [rows, columns] of columns that hold finite numbers.

    Raises:
        DatasetError: for any other value, with its line and column.
    """
    import pandas

    out = np.empty((len(frame), len(names)), np.float32)
    for place, name in enumerate(names):
        given = frame[name]
        with np.errstate(over="ignore"):  # what float32 cannot hold is refused as not finite
            out[:, place] = pandas.to_numeric(given, errors="coerce").to_numpy(np.float64)
        bad = ~np.isfinite(out[:, place])
        if bad.any():
            row = int(bad.argmax())
            where = f"{printable(path)}, line {line(row)}, column {printable(str(name))}"
            if pandas.isna(given.iloc[row]):
                raise DatasetError(f"{where}: the value is missing. {if_missing}")
            raise DatasetError(
                f"{where}: {given.iloc[row]!r:.40} is no number that float32 holds. Leave the "
                "column out of the file, or give its categories as columns of 0 and 1."
            )
    return out


def line(row: int) -> int:
    """The line of a row: the first one below the names is line 2."""
    return row + 2


def described(path: Path) -> Dataset:
    """A dataset of nothing yet, that says where it is from."""
    nothing = Split(np.empty((0, 1), np.float32))
    return Dataset(
        name=slug(path.stem),
        train=nothing,
        test=nothing,
        schema=Schema("vector", (1,)),
        source=f"the user's own file {printable(path.name)}",
        licence=UNKNOWN_LICENCE,
        test_split="",
    )
