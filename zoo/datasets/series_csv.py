"""A long .csv as series: a row a step, a column a feature, and columns of its time and entity.

A .tsv and a .parquet are read alike.
"""

from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from zoo.artifact.schema import Schema
from zoo.datasets import series
from zoo.datasets.base import UNKNOWN_LICENCE, Dataset, HoldOut, Split
from zoo.datasets.reading import printable
from zoo.datasets.tables.number_columns import NumberColumns
from zoo.datasets.tables.sources import Source
from zoo.errors import DatasetError


def load(source: Source, cut: series.Cut, hold_out: HoldOut, memory_share: float) -> Dataset:
    """Rows in the order of time, within each entity; all other columns are numbers, and features.

    Raises:
        DatasetError: for a time that is none, goes back or comes twice, or a value that is no
            number, each by its line; a missing value is NaN.
    """
    table = NumberColumns(source, memory_share)
    for option in ("time", "entity"):
        table.require(option, getattr(cut, option))
    names = [name for name in table.names if name not in (cut.time, cut.entity)]
    if not names:
        raise DatasetError(f"{table.shown} has no column beside time and entity: add features.")
    _require_features(table, cut, names)
    values = table.numbers(names)
    times = None if cut.time is None else table.times(cut.time)
    entities = np.zeros(table.rows, np.int64) if cut.entity is None else table.codes(cut.entity)
    order = np.argsort(entities, kind="stable")
    bounds = np.searchsorted(entities[order], np.arange(entities.max() + 2))
    if times is not None:
        _require_rising(table, cut, times[order], entities[order], order)
        times = times[order]
    long = series.Long(values[order], bounds, times, tuple(names))
    kept = f"A row is a step, {len(names)} columns are features: {_few(names)}."
    kept = " ".join([*table.notes, kept])
    return series.dataset(table.shown, long, cut, hold_out, _described(source), kept)


def _described(source: Source) -> Dataset:
    """A dataset of nothing yet, that says where it is from."""
    nothing = Split(np.empty((0, 1), np.float32))
    return Dataset(
        name=source.name,
        train=nothing,
        test=nothing,
        schema=Schema("vector", (1,)),
        source=source.said,
        licence=UNKNOWN_LICENCE,
        test_split="",
    )


def _require_features(table: NumberColumns, cut: series.Cut, names: Sequence[str]) -> None:
    """Raises where a column looks like the time or the entity, which were not named."""
    for name in names:
        shown = printable(name)
        if cut.time is None and table.are_dates(name):
            raise DatasetError(
                f"{table.shown}: the column {shown} holds dates, such as "
                f"{table.value(0, name):.40}, and a feature holds numbers. Say that it is the "
                f"time: --time {shown} (time={shown!r})."
            )
        if cut.entity is None and table.are_words(name) and not table.are_dates(name):
            raise DatasetError(
                f"{table.shown}: the column {shown} holds words, such as "
                f"{table.value(0, name):.40}, and a feature holds numbers. Where it says whose a "
                f"row is, pass --entity {shown} (entity={shown!r}); else leave it out of the file, "
                "or give its categories as columns of 0 and 1."
            )


def _require_rising(
    table: NumberColumns,
    cut: series.Cut,
    times: np.ndarray,
    entities: np.ndarray,
    order: np.ndarray,
) -> None:
    """Raises where a time is not after the one before it of the same entity."""
    bad = (np.diff(times) <= 0) & (np.diff(entities) == 0)
    if bad.any():
        place = int(bad.argmax())
        same = times[place] == times[place + 1]
        _refuse_times(table, cut, int(order[place]), int(order[place + 1]), bool(same))


def _refuse_times(
    table: NumberColumns, cut: series.Cut, before: int, row: int, same: bool
) -> NoReturn:
    assert cut.time is not None
    here, there = table.value(row, cut.time), table.value(before, cut.time)
    whose = f" of {table.value(row, cut.entity):.40}" if cut.entity else ""
    where = f"{table.shown}, {table.place(row)}: the time {here:.40}{whose}"
    if same:
        remedy = (
            "Keep one of the two rows"
            if cut.entity
            else "Keep one of the two rows, or name the column that tells series apart (--entity)"
        )
        raise DatasetError(f"{where} is that of {table.place(before)} too. {remedy}.")
    raise DatasetError(
        f"{where} is before {there:.40} in {table.place(before)}. Sort the rows by time."
    )


def _few(names: list[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(printable, names[:most])) + more
