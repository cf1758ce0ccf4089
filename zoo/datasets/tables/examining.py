"""Two passes over a table: what its columns are, and why."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from zoo.artifact.columns import ORDERED, Column
from zoo.datasets.base import HoldOut
from zoo.datasets.reading import printable
from zoo.datasets.standardising import MOST_VALUES
from zoo.datasets.tables import overrides, plans, sources, statistics
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
        training: bool [rows], whether a row is one of training.
    """

    source: Source
    plans: dict[str, plans.Plan]
    decisions: list[Decision]
    label: tuple[str, tuple[str, ...]] | None
    training: np.ndarray

    @property
    def count(self) -> int:
        """Of rows."""
        return len(self.training)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those that are kept."""
        return tuple(each.column for each in self.decisions if each.column is not None)


def examine(
    source: Source, hold_out: HoldOut, options: Options, tolerant: bool = False
) -> Examined:
    """Two passes over a table: what its columns are, and why.

    Args:
        source: it.
        hold_out: which rows are of training.
        options: of its user.
        tolerant: whether a column that cannot be read is left out, with the sentence as the reason.

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
        name: _label_plan(source, look) if name == options.label else _plan(source, look, tolerant)
        for name, look in looks.items()
    }
    count = next(iter(looks.values())).rows
    if not count:
        raise DatasetError(f"{source.shown} has the columns' names, and no row below them.")
    training = np.zeros(count, bool)
    training[hold_out.places(count)[0]] = True
    found = _statistics(source, made, training)
    label = None
    if options.label is not None:
        label = options.label, _classes(source, found[options.label])
    decisions = [
        _decision(plan, found.get(name), options.unseen, tolerant)
        for name, plan in made.items()
        if name != options.label
    ]
    return Examined(source, made, decisions, label, training)


def _plan(source: Source, look: Look, tolerant: bool) -> plans.Plan:
    try:
        return plans.plan(source.shown, look, look.name in source.declared)
    except DatasetError as error:
        if not tolerant:
            raise
        return plans.Plan(look, TEXT, dropped=str(error))


def _decision(
    plan: plans.Plan, found: statistics.Statistics | None, unseen: str, tolerant: bool
) -> Decision:
    try:
        return decide(plan, found, unseen)
    except DatasetError as error:
        if not tolerant:
            raise
        return Decision(plan.name, None, str(error))


def _said(source: Source, options: Options) -> dict[str, Override]:
    """{column: what its user, or its frame, says of it}."""
    names = source.names
    if options.label is not None and options.label not in names:
        raise DatasetError(
            f"{source.shown} has no column {options.label!r:.60} to be the label; it has "
            f"{', '.join(map(printable, names[:20]))}."
        )
    said = dict(source.overrides)
    if options.columns is not None:
        for name, given in overrides.read(Path(options.columns), names).items():
            said[name] = overrides.over(said.get(name, NOTHING), given)
    for name, (words, ordered) in source.declared.items():
        given = said.get(name, NOTHING)
        if ordered and given.kind in (None, ORDERED) and not given.words and len(words) > 1:
            said[name] = replace(
                given, kind=ORDERED, words=words, by=given.by if given.kind else "the frame"
            )
    return said


def _statistics(
    source: Source, made: dict[str, plans.Plan], training: np.ndarray
) -> dict[str, statistics.Statistics]:
    """{column: of its training rows}, of those that are kept."""
    kept = {name: statistics.of(plan) for name, plan in made.items() if not plan.dropped}
    most = max(1, MOST_VALUES // max(1, len(kept)))
    # Every so many rows of training, so that they are spread evenly.
    every = -(-int(training.sum()) // most)
    looked_at, seen = np.zeros(len(training), bool), 0
    for start in range(0, len(training), MOST_VALUES):
        some = training[start : start + MOST_VALUES]
        number = seen + np.cumsum(some)
        looked_at[start : start + len(some)] = some & (number % every == 0)
        seen = int(number[-1])
    for chunk in source.chunks():
        part = slice(chunk.start, chunk.start + len(chunk))
        for name, each in kept.items():
            each.add(chunk.arrays[name], training[part], looked_at[part])
    return kept


def _label_plan(source: Source, look: Look) -> plans.Plan:
    where = f"{source.shown}: the label {look.name!r:.60}"
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
            f"{source.shown}: the label {found.plan.name!r:.60} has {len(classes):,} "
            f"different values in the training rows; wanted: from 2 to {MOST_WORDS:,} classes."
        )
    return found.plan.override.words or in_order(classes)
