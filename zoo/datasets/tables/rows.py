"""Third pass: every row as one float32 vector, in memory or in a file that is kept."""

import hashlib
import json
import os
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zoo.artifact.columns import Column, numbers_first
from zoo.datasets import storage
from zoo.datasets.tables.plans import Plan
from zoo.datasets.tables.sources import Source
from zoo.datasets.tables.values import TEXT

VALUES, LABELS, REFUSED = "values", "labels", "refused"


def arrays(
    source: Source,
    plans: dict[str, Plan],
    columns: Sequence[Column],
    label: tuple[str, Sequence[str]] | None,
    rows: int,
    memory_share: float,
    cache_dir: str | os.PathLike[str] | None,
) -> storage.Arrays:
    """{values: float32 [rows, columns], refused: uint8 [rows], labels: int64 [rows]}.

    `values` is laid out as `zoo.artifact.columns` says. `refused` is 1 where a word, or the label,
    is none that the training rows have.

    Args:
        label: (its column, its words), where there is one; `labels` is absent without.
    """
    order = [columns[place] for place in numbers_first(tuple(columns))]
    fields: dict[str, tuple[tuple[int, ...], type]] = {
        VALUES: ((rows, len(order)), np.float32),
        REFUSED: ((rows,), np.uint8),
    }
    if label is not None:
        fields[LABELS] = ((rows,), np.int64)

    def write(filled: storage.Arrays) -> None:
        with storage.progress(rows, f"Reading {source.name}", " rows") as bar:
            for chunk in source.chunks():
                part = slice(chunk.start, chunk.start + len(chunk))
                values = np.empty((len(chunk), len(order)), np.float32)
                refused = np.zeros(len(chunk), bool)
                for at, column in enumerate(order):
                    array = chunk.arrays[column.name]
                    values[:, at], unseen = _values(plans[column.name], column, array)
                    refused |= unseen
                if label is not None:
                    name, words = label
                    codes, unseen = _codes(plans[name].words(chunk.arrays[name]), words, None)
                    filled[LABELS][part] = np.nan_to_num(codes)
                    refused |= unseen
                filled[VALUES][part], filled[REFUSED][part] = values, refused
                bar.update(len(chunk))

    def key() -> str:
        meant = [each.to_json() for each in order]
        read = {
            name: (str(plan.type), plan.form, plan.comma, str(plan.dress), plan.override.missing)
            for name, plan in plans.items()
        }
        stated = json.dumps([meant, read, label], sort_keys=True)
        return f"{source.name}-{source.digest()[:16]}-{_digest(stated)}"

    return storage.decoded(fields, write, key=key, memory_share=memory_share, cache_dir=cache_dir)


def _values(plan: Plan, column: Column, array: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """(float32 [n], bool [n]: whether it is a word of no code)."""
    if column.is_number:
        numbers = plan.numbers(array) - column.origin
        return numbers.astype(np.float32), np.zeros(len(array), bool)
    return _codes(plan.words(array), column.words, column.other)


def _codes(
    words: pa.Array, known: Sequence[str], other: int | None
) -> tuple[np.ndarray, np.ndarray]:
    codes = pc.index_in(words, value_set=pa.array(list(known), TEXT))
    found = codes.to_numpy(zero_copy_only=False).astype(np.float32)
    unseen = np.isnan(found) & pc.is_valid(words).to_numpy(zero_copy_only=False)
    if other is not None:
        found[unseen] = other
        unseen[:] = False
    return found, unseen


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
