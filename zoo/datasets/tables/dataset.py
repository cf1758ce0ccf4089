"""From a table to a `Dataset`: what its columns are, and its rows by that."""

import os

import numpy as np

from zoo.artifact.schema import Schema
from zoo.datasets.base import Dataset, HoldOut, Reason, Split
from zoo.datasets.reading import first_five, printable
from zoo.datasets.tables import rows
from zoo.datasets.tables.examining import Examined, Options, examine
from zoo.datasets.tables.sources import Source
from zoo.errors import DatasetError


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
    source.keep_if_small(memory_share)
    found = examine(source, hold_out, options)
    columns = found.columns
    if not columns:
        why = first_five([f"{each.name!r:.40} ({each.why})" for each in found.decisions])
        raise DatasetError(f"{source.shown} has no column that is left to learn: {why}.")
    filled = rows.arrays(
        source, found.plans, columns, found.label, found.count, memory_share, cache_dir
    )
    train, test, sentence = hold_out.parts(Split(filled[rows.VALUES], filled.get(rows.LABELS)))
    refused = np.asarray(filled[rows.REFUSED])[~found.training].astype(bool)
    if refused.all():
        told = " ".join(each.note for each in found.decisions if each.note)
        raise DatasetError(
            f"{source.shown}: every row held out has a word that no training row has. Pass "
            f"--unseen other, or leave such columns out. {told}".rstrip()
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
            left_out=tuple(name for name in found.plans if name not in {c.name for c in columns}),
        ),
        source=source.said,
        licence=source.licence,
        test_split=sentence,
        notes=(*source.notes, *_notes(found, int(refused.sum()))),
        reasons=tuple(
            Reason(f"column {printable(each.name)}", each.column.kind, each.why)
            for each in found.decisions
            if each.column is not None
        ),
    )


def _notes(found: Examined, refused: int) -> list[str]:
    """What was left out and what was read in an unusual way, a sentence each."""
    said = [plan.note for plan in found.plans.values() if plan.note]
    said += [each.note for each in found.decisions if each.note]
    reasons: dict[str, list[str]] = {}
    for each in found.decisions:
        if each.column is None:
            reasons.setdefault(each.why, []).append(f"{each.name!r:.60}")
    for why, names in reasons.items():
        said.append(f"Left out: {first_five(names)}: {why}.")
    if refused:
        said.append(
            f"{refused:,} test rows have words that no training row has, and are left out; "
            "--unseen other keeps them."
        )
    return said
