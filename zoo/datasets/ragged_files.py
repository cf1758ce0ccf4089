"""Sequences of several lengths in .npz and .npy files, in each of the layouts that people use.

- an object array x [n] of arrays [steps, features] (or x_train and x_test), as `pickled` reads it;
- x [total, features], all steps one after the other, and the number of each sequence's in `lengths`
  or `length` [n], or in `offsets` where each begins: [n], or [n + 1] with the end of the last;
- train, valid and test, object arrays of drawings [steps, (dx, dy, pen)], whose pen is 1 where it
  is lifted after the step: those of sketch-rnn and Quick, Draw!. valid is joined to train.

`features` besides, text, names what lies along the last axis; dx, dy and pen are drawings. y are
labels, as of arrays of one shape.
"""

from collections.abc import Set
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.artifact.schema import STROKES
from zoo.datasets import sequences
from zoo.datasets.base import Dataset, HoldOut, slug
from zoo.datasets.reading import printable
from zoo.datasets.sequences import Ragged
from zoo.errors import DatasetError

_LENGTHS = ("lengths", "length", "offsets")


def wanted(keys: Set[str]) -> list[str]:
    """Of a file's keys those that are read, where they can be none but of this kind, else []."""
    if {"train", "test"} <= keys:
        return [key for key in ("train", "valid", "test", "features") if key in keys]
    if "x" in keys and keys & {"lengths", "offsets", "features"}:
        return [key for key in ("x", "y", *_LENGTHS, "features") if key in keys]
    if {"x_train", "x_test", "features"} <= keys:
        named = [f"{kind}_{part}" for kind in "xy" for part in ("train", "test")]
        return [key for key in (*named, "features") if key in keys]
    return []


def is_ragged(stored: dict[str, Any]) -> bool:
    """Whether what was read are sequences of several lengths."""
    if any(isinstance(values, list) for values in stored.values()) or "train" in stored:
        return True
    flat = "x" in stored and stored["x"].ndim == 2
    return flat and any(key in stored for key in _LENGTHS)


def dataset(path: Path, stored: dict[str, Any], hold_out: HoldOut, steps: int | None) -> Dataset:
    """The `Dataset` of what `is_ragged`.

    Raises:
        DatasetError: for arrays that do not belong together.
    """
    shown = printable(path.name)
    features = _features(shown, stored.get("features"))
    parts: tuple[Ragged, Ragged | None]
    notes: tuple[str, ...] = ()
    if "train" in stored:
        train, test = _list(shown, stored, "train"), _list(shown, stored, "test")
        if "valid" in stored:
            valid = _list(shown, stored, "valid")
            train = train + valid
            notes = (
                f"valid ({len(valid):,}) is joined to train; --validation-share of both is held "
                "out.",
            )
        if not features and sequences.are_drawings(train + test):
            features = STROKES
        parts = Ragged(train), Ragged(test)
    elif "x_train" in stored:
        first, second = (
            _labelled(shown, _list(shown, stored, f"x_{part}"), stored.get(f"y_{part}"))
            for part in ("train", "test")
        )
        parts = first, second
    else:
        rows = _list(shown, stored, "x") if isinstance(stored["x"], list) else _cut(shown, stored)
        parts = _labelled(shown, rows, stored.get("y")), None
    made = sequences.dataset(
        shown,
        parts[0],
        parts[1],
        hold_out,
        steps,
        features,
        name=slug(path.stem),
        source=f"the user's own file {shown}",
    )
    return replace(made, notes=notes + made.notes)


def _list(shown: str, stored: dict[str, Any], key: str) -> list[np.ndarray]:
    rows = stored[key]
    if isinstance(rows, list):
        return rows
    if rows.ndim == 3:  # all of one length
        return list(rows)
    raise DatasetError(
        f"{shown} ({key}) has the shape {list(rows.shape)}; wanted: an object array [n] of arrays "
        "[steps, features]."
    )


def _cut(shown: str, stored: dict[str, Any]) -> list[np.ndarray]:
    """x [total, features] as sequences."""
    x, total = stored["x"], len(stored["x"])
    key = next(key for key in _LENGTHS if key in stored)
    given = stored[key]
    if given.ndim != 1 or not np.issubdtype(given.dtype, np.integer) or not len(given):
        raise DatasetError(
            f"{shown} ({key}) has the shape {list(given.shape)} and the dtype {given.dtype}; "
            "wanted: integers [n]."
        )
    ends = given.astype(np.int64)
    if key == "offsets":
        ends = ends if ends[-1] == total else np.append(ends, total)
        begins, ends = ends[:-1], ends[1:]
        complete = len(begins) and begins[0] == 0
    else:
        ends = np.cumsum(ends)
        begins = ends - given
        complete = ends[-1] == total
    if not complete or (ends < begins).any():
        raise DatasetError(
            f"{shown}: {key} [{len(given)}] do not divide the {total:,} steps of x "
            f"{list(x.shape)}; wanted: lengths that add up to them, or offsets that rise from 0."
        )
    return [x[begin:end] for begin, end in zip(begins, ends, strict=True)]


def _labelled(shown: str, rows: list[np.ndarray], y: Any) -> Ragged:
    if y is None:
        return Ragged(rows)
    if np.shape(y) != (len(rows),) or not np.issubdtype(y.dtype, np.integer):
        raise DatasetError(
            f"{shown} (y) has the shape {list(np.shape(y))}; wanted: integers [{len(rows)}], one "
            "class index for each sequence."
        )
    return Ragged(rows, y.astype(np.int64))


def _features(shown: str, given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    if isinstance(given, list) or given.ndim != 1 or given.dtype.kind != "U":
        raise DatasetError(
            f"{shown} (features) is no list of names; wanted: text [features], such as "
            'np.array(["dx", "dy", "pen"]).'
        )
    return tuple(map(str, given))
