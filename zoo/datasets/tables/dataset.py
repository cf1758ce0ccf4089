"""From a table to a `Dataset`: three passes, of which `zoo columns` takes two."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from zoo.artifact.columns import ORDERED, Column
from zoo.artifact.schema import Schema
from zoo.datasets.base import UNKNOWN_LICENCE, Dataset, HoldOut, Reason, Split
from zoo.datasets.reading import first_five, printable
from zoo.datasets.standardising import MOST_VALUES
from zoo.datasets.tables import overrides, plans, rows, sources, statistics
from zoo.datasets.tables.kinds import MOST_WORDS, Decision, decide, in_order
from zoo.datasets.tables.looks import Look
from zoo.datasets.tables.overrides import NOTHING, Override
from zoo.datasets.tables.sources import Source
from zoo.datasets.tables.values import TEXT
from zoo.errors import DatasetError


@dataclass(frozen=True)
class Options:
    """What a table is read with, besides what every loader takes.

    Args:
        columns: a columns.yaml.
        label: the column that is the label, and leaves the table.
        unseen: "refuse" words that no training row has, or "other", one word for them and for the
            rare ones.
    """

    columns: str | os.PathLike[str] | None = None
    label: str | None = None
    unseen: str = "refuse"


@dataclass(frozen=True)
class Examined:
    """A table after two passes.

    Args:
        source: it.
        plans: {column: how it is read}, of all columns.
        decisions: a column each, the label left out.
        label: (its column, its words), or None.
        count: of rows.
    """

    source: Source
    plans: dict[str, plans.Plan]
    decisions: list[Decision]
    label: tuple[str, tuple[str, ...]] | None
    count: int

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those that are kept."""
        return tuple(each.column for each in self.decisions if each.column is not None)


def load(
    source: Source,
    hold_out: HoldOut,
    options: Options,
    memory_share: float,
    cache_dir: str | os.PathLike[str] | None,
) -> Dataset:
    """A dataset whose schema is of the kind "table".

    Raises:
        DatasetError: naming the row and the column where it can.
    """
    found = examine(source, hold_out, options)
    columns = found.columns
    if not columns:
        why = first_five([f"{each.name!r:.40} ({each.why})" for each in found.decisions])
        raise DatasetError(f"{source.shown} has no column that is left to learn: {why}.")
    filled = rows.arrays(
        source, found.plans, columns, found.label, found.count, memory_share, cache_dir
    )
    train, test, sentence = hold_out.parts(Split(filled[rows.VALUES], filled.get(rows.LABELS)))
    _, chosen, _ = hold_out.parts(Split(np.arange(found.count)))
    refused = np.asarray(filled[rows.REFUSED])[np.asarray(chosen.images)].astype(bool)
    if refused.all():
        raise DatasetError(
            f"{source.shown}: every row held out has a word that no training row has. Pass "
            "--unseen other, or leave such columns out."
        )
    if refused.any():
        test = test.subset(np.flatnonzero(~refused)).as_loaded()
        sentence += f" {refused.sum():,} of them left out, for words that no training row has."
    return Dataset(
        name=source.name,
        train=train,
        test=test,
        schema=Schema(
            "table",
            (len(columns),),
            low=None,
            high=None,
            classes=found.label[1] if found.label else (),
            columns=columns,
        ),
        source=source.said,
        licence=UNKNOWN_LICENCE,
        test_split=sentence,
        notes=(*source.notes, *_notes(found, int(refused.sum()))),
        reasons=tuple(
            Reason(f"column {printable(each.name)}", each.column.kind, each.why)
            for each in found.decisions
            if each.column is not None
        ),
    )


def examine(source: Source, hold_out: HoldOut, options: Options) -> Examined:
    """Two passes over a table: what its columns are, and why.

    Raises:
        DatasetError: as `load`.
    """
    sources.require_names(source)
    said = _said(source, options)
    looks = {name: Look(name, said.get(name, NOTHING)) for name in source.names}
    for chunk in source.chunks():
        for name, array in chunk.arrays.items():
            looks[name].add(chunk.start, array)
    made = {
        name: _label_plan(source, look)
        if name == options.label
        else plans.plan(source.shown, look, name in source.declared)
        for name, look in looks.items()
    }
    count = next(iter(looks.values())).rows
    if not count:
        raise DatasetError(f"{source.shown} has the columns' names, and no row below them.")
    found = _statistics(source, made, hold_out, count)
    label = None
    if options.label is not None:
        label = options.label, _classes(source, found[options.label])
    decisions = [
        decide(plan, found.get(name), options.unseen)
        for name, plan in made.items()
        if name != options.label
    ]
    return Examined(source, made, decisions, label, count)


def _said(source: Source, options: Options) -> dict[str, Override]:
    """{column: what its user, or its frame, says of it}."""
    names = source.names
    if options.label is not None and options.label not in names:
        raise DatasetError(
            f"{source.shown} has no column {options.label!r:.60} to be the label; it has "
            f"{', '.join(map(printable, names[:20]))}."
        )
    said = {}
    if options.columns is not None:
        said = overrides.read(Path(options.columns), names)
    for name, (words, ordered) in source.declared.items():
        given = said.get(name, NOTHING)
        if ordered and given.kind in (None, ORDERED) and not given.words and len(words) > 1:
            said[name] = replace(given, kind=ORDERED, words=words)
    return said


def _statistics(
    source: Source, made: dict[str, plans.Plan], hold_out: HoldOut, count: int
) -> dict[str, statistics.Statistics]:
    """{column: of its training rows}, of those that are kept."""
    kept = {name: statistics.of(plan) for name, plan in made.items() if not plan.dropped}
    train, _, _ = hold_out.parts(Split(np.arange(count)))
    chosen = np.asarray(train.images)
    most = max(1, MOST_VALUES // max(1, len(kept)))
    training, looked_at = np.zeros(count, bool), np.zeros(count, bool)
    training[chosen] = True
    looked_at[chosen[np.linspace(0, len(chosen) - 1, min(most, len(chosen))).astype(int)]] = True
    for chunk in source.chunks():
        part = slice(chunk.start, chunk.start + len(chunk))
        for name, each in kept.items():
            each.add(chunk.arrays[name], training[part], looked_at[part])
    return kept


def _label_plan(source: Source, look: Look) -> plans.Plan:
    where = f"{source.shown}: the label {printable(look.name)!r:.60}"
    if look.first_missing is not None:
        raise DatasetError(
            f"{where} is missing in row {look.first_missing:,}; wanted: one for each row. Leave "
            "such rows out."
        )
    return plans.Plan(look, TEXT, comma=look.override.decimal == ",")


def _classes(source: Source, found: statistics.Statistics) -> tuple[str, ...]:
    assert isinstance(found, statistics.Words)
    classes = [*found.counts]
    if not 2 <= len(classes) <= MOST_WORDS:
        raise DatasetError(
            f"{source.shown}: the label {printable(found.plan.name)!r:.60} has {len(classes):,} "
            f"different values in the training rows; wanted: from 2 to {MOST_WORDS:,} classes."
        )
    return found.plan.override.words or in_order(classes)


def _notes(found: Examined, refused: int) -> list[str]:
    """What was left out and what was read in an unusual way, a sentence each."""
    said = [plan.note for plan in found.plans.values() if plan.note]
    reasons: dict[str, list[str]] = {}
    for each in found.decisions:
        if each.column is None:
            reasons.setdefault(each.why, []).append(f"{printable(each.name)!r:.60}")
    for why, names in reasons.items():
        said.append(f"Left out: {first_five(names)}: {why}.")
    if refused:
        said.append(
            f"{refused:,} test rows have words that no training row has, and are left out; "
            "--unseen other keeps them."
        )
    return said


def from_frame(
    frame: object,
    name: str,
    hold_out: HoldOut,
    options: Options,
    memory_share: float,
    cache_dir: str | os.PathLike[str] | None,
) -> Dataset:
    """Of a pandas or polars frame, or of anything that Arrow or its interchange takes.

    Raises:
        DatasetError: as `load`, or it is no frame.
    """
    table = _arrow(frame)
    source = sources.Table(table, f"the frame {name!r:.60}", name, "the user's own frame")
    return load(source, hold_out, options, memory_share, cache_dir)


def _arrow(frame: object) -> pa.Table:
    """The frame as Arrow's, its index left out."""
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
                f"The column {printable(name)!r:.60} holds {first.__name__ if first else ''}, and "
                f"in row {row:,} {printable(value)!r:.60}, {type(value).__name__}. Make one type "
                "of them, as with .astype(str)."
            )
    return DatasetError(
        f"The column {printable(name)!r:.60} holds {first.__name__ if first else 'nothing'}; "
        "wanted: numbers, text, dates or true and false."
    )
