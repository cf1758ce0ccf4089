"""A long .csv as series: a row a step, a column a feature, and columns of its time and entity."""

from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from zoo.datasets import csv_columns, series
from zoo.datasets.base import Dataset, HoldOut
from zoo.datasets.csv_columns import line
from zoo.datasets.reading import printable
from zoo.errors import DatasetError


def load(path: Path, cut: series.Cut, hold_out: HoldOut) -> Dataset:
    """Rows in the order of time, within each entity; all other columns are numbers, and features.

    Raises:
        DatasetError: for a time that is none, goes back or comes twice, or a value that is missing
            or no number; each by its line.
    """
    frame = csv_columns.read(path)
    for option in ("time", "entity"):
        csv_columns.require_column(path, frame, option, getattr(cut, option))
    names = [name for name in frame.columns if name not in (cut.time, cut.entity)]
    if not names:
        raise DatasetError(f"{printable(path)} has no column beside time and entity: add features.")
    values = csv_columns.numbers(path, frame, names, "Fill the gap, or leave that series out.")
    times = None if cut.time is None else _times(path, frame, cut.time)
    entities = np.zeros(len(frame), np.int64)
    if cut.entity is not None:
        entities = frame[cut.entity].astype(str).factorize()[0]
    order = np.argsort(entities, kind="stable")
    bounds = np.searchsorted(entities[order], np.arange(entities.max() + 2))
    if times is not None:
        _require_rising(path, frame, cut, times[order], entities[order], order)
        times = times[order]
    long = series.Long(values[order], bounds, times, tuple(map(str, names)))
    kept = f"A row is a step, {len(names)} columns are features: {_few(names)}."
    return series.dataset(printable(path), long, cut, hold_out, csv_columns.described(path), kept)


def _times(path: Path, frame: Any, column: str) -> np.ndarray:
    """float64 [rows]: numbers as they are, dates in seconds since the first."""
    import pandas

    given = frame[column]
    if pandas.api.types.is_numeric_dtype(given):
        times = given.to_numpy(np.float64)
        bad = ~np.isfinite(times)
    else:
        dates = pandas.to_datetime(given, errors="coerce", utc=True)
        bad = dates.isna().to_numpy()
        times = ((dates - dates.min()) / pandas.Timedelta(seconds=1)).to_numpy(np.float64)
    if bad.any():
        row = int(bad.argmax())
        raise DatasetError(
            f"{printable(path)}, line {line(row)}: {given.iloc[row]!r:.40} in the column {column} "
            "is no time. Wanted: numbers, or dates written alike, such as 2024-05-01 12:30."
        )
    return times


def _require_rising(
    path: Path,
    frame: Any,
    cut: series.Cut,
    times: np.ndarray,
    entities: np.ndarray,
    order: np.ndarray,
) -> None:
    """Raises where a time is not after the one before it of the same entity."""
    bad = (np.diff(times) <= 0) & (np.diff(entities) == 0)
    if bad.any():
        place = int(bad.argmax())
        _refuse_times(path, frame, cut, int(order[place]), int(order[place + 1]))


def _refuse_times(path: Path, frame: Any, cut: series.Cut, before: int, row: int) -> NoReturn:
    here, there = frame[cut.time].iloc[row], frame[cut.time].iloc[before]
    whose = f" of {frame[cut.entity].iloc[row]!s:.40}" if cut.entity else ""
    where = f"{printable(path)}, line {line(row)}: the time {here!s:.40}{whose}"
    if here == there:
        remedy = (
            "Keep one of the two rows"
            if cut.entity
            else ("Keep one of the two rows, or name the column that tells series apart (--entity)")
        )
        raise DatasetError(f"{where} is that of line {line(before)} too. {remedy}.")
    raise DatasetError(
        f"{where} is before {there!s:.40} in line {line(before)}. Sort the rows by time."
    )


def _few(names: list[Any], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(printable(str(each)) for each in names[:most]) + more
