"""Sequences of several lengths, [steps, features] each, padded to one; drawings among them.

What ends before its last step is padded with zeros and has a length. A drawing says itself where it
ends: see `zoo.artifact.schema.STROKES`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from zoo.artifact.schema import SEQUENCE, STROKES, Schema
from zoo.datasets import standardising
from zoo.datasets.base import UNKNOWN_LICENCE, Dataset, HoldOut, Split, slug
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

QUANTILE = 0.99
"""Of the training lengths: where the longest are more than `FAR` times as long, they are left out.

The steps of all are computed for every example: one sequence of ten times the usual length would
make all of training ten times as slow.
"""
FAR = 1.5

END = np.array([0.0, 0.0, 2.0], np.float32)


@dataclass(frozen=True)
class Ragged:
    """Sequences of one split.

    Args:
        rows: [steps, features] each, numbers.
        labels: int64 [n], or None.
    """

    rows: Sequence[np.ndarray]
    labels: np.ndarray | None = None


def of_arrays(
    train: Sequence[np.ndarray],
    test: Sequence[np.ndarray] | None = None,
    *,
    name: str = "sequences",
    features: Sequence[str] = (),
    steps: int | None = None,
    seed: int = 0,
    test_share: float = 0.2,
) -> Dataset:
    """A dataset of sequences that a program holds: lists of arrays [steps, features].

    Args:
        features: names along the last axis; ("dx", "dy", "pen") are drawings.
        steps: as in `zoo.datasets.load`.

    Raises:
        DatasetError: for what is no such list.
    """
    return dataset(
        "the sequences",
        Ragged(list(train)),
        None if test is None else Ragged(list(test)),
        HoldOut(test_share, seed),
        steps,
        tuple(features),
        name=slug(name),
        source="sequences of the user's own program",
    )


def dataset(
    shown: str,
    train: Ragged,
    test: Ragged | None,
    hold_out: HoldOut,
    steps: int | None,
    features: tuple[str, ...],
    *,
    name: str,
    source: str,
    licence: str = UNKNOWN_LICENCE,
    classes: tuple[str, ...] = (),
) -> Dataset:
    """A `Dataset` of sequences of several lengths, those that are too long left out and counted.

    Args:
        shown: what the user gave, for errors.
        train, test: without a test split one is held out.
        steps: of the longest that are kept, or None: see `QUANTILE`.
        features: names along the last axis, or () where none are known.
        name, source, licence: of the dataset.
        classes: the labels' words, in the order of their numbers.

    Raises:
        DatasetError: for what is no numbers, or of several widths; for `steps` that leave too few.
    """
    parts = [train] if test is None else [train, test]
    width = _checked(shown, parts, features)
    drawings = features == STROKES
    if drawings:
        _check_pens(shown, parts)
    steps, notes = _steps(shown, parts, steps)
    made = [_padded(part, steps, width, drawings) for part in parts]
    if test is None:
        split, held, sentence = hold_out.parts(made[0])
    else:
        split, held = made
        sentence = f"{printable(shown)}'s own test set, n={len(held):,}."
    schema = Schema(
        SEQUENCE,
        tuple(split.images.shape[1:]),
        low=None,
        high=None,
        lengths=not drawings,
        features=features,
        classes=classes,
    )
    center, scale = _scaled(split, drawings)
    return Dataset(
        train=split,
        test=held,
        schema=replace(schema, center=center, scale=scale),
        test_split=sentence,
        notes=tuple(notes),
        name=name,
        source=source,
        licence=licence,
    )


def _checked(shown: str, parts: Sequence[Ragged], features: tuple[str, ...]) -> int:
    """The one width of all sequences."""
    widths = set()
    for part in parts:
        for i, row in enumerate(part.rows):
            row = np.asarray(row)
            if row.ndim != 2 or row.dtype.kind not in "biuf":
                raise DatasetError(
                    f"{printable(shown)}: the sequence {i} has the shape {list(row.shape)} and the "
                    f"dtype {row.dtype}; wanted: numbers [steps, features]."
                )
            if row.dtype.kind == "f" and not np.isfinite(row).all():
                raise DatasetError(
                    f"{printable(shown)}: the sequence {i} has values that are not finite. Remove "
                    "or replace them."
                )
            widths.add(row.shape[1])
    if len(widths) != 1 or not min(widths):
        raise DatasetError(
            f"{printable(shown)} has sequences of {', '.join(map(str, sorted(widths)))} features; "
            "wanted: one number of them, 1 or more."
        )
    if features and len(features) != min(widths):
        raise DatasetError(
            f"{printable(shown)} names {len(features)} features, and its sequences have "
            f"{min(widths)}; wanted: a name for each."
        )
    return min(widths)


def _check_pens(shown: str, parts: Sequence[Ragged]) -> None:
    for part in parts:
        for i, row in enumerate(part.rows):
            if not np.isin(row[:, 2], (0, 1)).all():
                raise DatasetError(
                    f"{printable(shown)}: the pen of the drawing {i} has other values than 0 and "
                    "1; wanted: (dx, dy, pen), whose pen is 1 where it is lifted after the step."
                )


def are_drawings(rows: Sequence[np.ndarray]) -> bool:
    """Whether all sequences are [steps, 3] with a last feature of 0 and 1."""
    return all(
        np.ndim(row) == 2 and np.shape(row)[1] == 3 and bool(np.isin(row[:, 2], (0, 1)).all())
        for row in rows
    )


def _steps(shown: str, parts: list[Ragged], asked: int | None) -> tuple[int, list[str]]:
    """(steps that are kept, notes); leaves longer sequences out of `parts`."""
    lengths = [np.array([len(row) for row in part.rows], int) for part in parts]
    if asked is not None and asked < 1:
        raise DatasetError(f"steps={asked}: wanted is a whole number, 1 or more.")
    longest = max((int(each.max(initial=0)) for each in lengths), default=0)
    usual = int(np.ceil(np.quantile(lengths[0], QUANTILE))) if len(lengths[0]) else 0
    kept = asked or (usual if longest > FAR * usual else longest)
    how = "as asked" if asked else f"the {QUANTILE:.0%} quantile of the training lengths"
    out = [int((each > kept).sum()) for each in lengths]
    notes = []
    if any(out):
        notes.append(
            f"steps: {kept}, {how}; {sum(out):,} longer sequences are left out, the longest of "
            f"{longest} (--steps {longest} keeps them)."
        )
    for place, (part, each) in enumerate(zip(list(parts), lengths, strict=True)):
        inside = np.flatnonzero((each <= kept) & (each > 0))
        empty = int((each == 0).sum())
        if empty:
            notes.append(f"{empty:,} sequences without a step are left out.")
        if not len(inside):
            raise DatasetError(
                f"{printable(shown)} has no sequence of 1 to {kept} steps in "
                f"{'its test set' if place else 'its training set'}; the longest has {longest}. "
                "Give more --steps."
            )
        labels = None if part.labels is None else part.labels[inside]
        parts[place] = Ragged([part.rows[int(i)] for i in inside], labels)
    return max(kept, 1), notes


def _padded(part: Ragged, steps: int, width: int, drawings: bool) -> Split:
    """float32 [n, steps, width] and lengths; of drawings one step more, and no lengths."""
    steps += drawings
    rows = np.zeros((len(part.rows), steps, width), np.float32)
    if drawings:
        rows[:] = END
    for place, row in enumerate(part.rows):
        rows[place, : len(row)] = row
    lengths = None if drawings else np.array([len(row) for row in part.rows], np.int64)
    return Split(rows, part.labels, lengths)


def _scaled(split: Split, drawings: bool) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(center, scale) of a schema."""
    if not drawings:
        return standardising.center_and_scale(split)
    rows = np.asarray(split.images)
    offsets = rows[..., :2][rows[..., 2] < END[2]].astype(np.float64)
    spread = float(np.sqrt(np.mean(np.square(offsets))))
    return (0.0, 0.0, 0.0), (spread or 1.0, spread or 1.0, 1.0)
