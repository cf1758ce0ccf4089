"""The user's own arrays, of .npy and .npz files or of a program, as a dataset."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from zoo.artifact.schema import EIGHT_BITS, Schema
from zoo.datasets import (
    array_values,
    counts,
    numpy_files,
    ragged_files,
    series,
    series_arrays,
    standardising,
    storage,
)
from zoo.datasets.base import UNKNOWN_LICENCE, Dataset, HoldOut, ImageShape, Origin, Split
from zoo.datasets.reading import printable
from zoo.errors import DatasetError


def load(
    path: Path,
    hold_out: HoldOut,
    image_shape: ImageShape | None,
    memory_share: float,
    kind: str = "auto",
    cut: series.Cut | None = None,
    steps: int | None = None,
) -> Dataset:
    """[n, height, width], [n, height, width, 1 or 3] or [n, features]; uint8, bool or float.

    With a `length` [n] besides, x are sequences: [n, steps, features], or images row by row.
    Images are within [0, 1]; floats of vectors and sequences are any finite numbers. A .npy larger
    than `memory_share` of the memory stays on disk; a .npz is read whole.

    Whole numbers [n, features] are counts (`counts.are` says which) unless `kind` is "vector";
    series are what `kind` says, or an .npz calls `series`. Sequences of several lengths may come as
    `zoo.datasets.ragged_files` says.
    """
    stored, left_out = numpy_files.read(path, int(memory_share * storage.physical_memory()))
    if isinstance(stored.get(series_arrays.KEY), list):
        raise DatasetError(
            f"{printable(path)} ({series_arrays.KEY}) holds arrays of several lengths; series of "
            "several lengths go into one .csv, with --time and --entity, and are cut into windows."
        )
    if ragged_files.is_ragged(stored):
        return _noted(ragged_files.dataset(path, stored, hold_out, steps), left_out)
    if steps is not None:
        raise DatasetError(
            f"steps={steps} was asked for, and {printable(path)} holds arrays of one shape: steps "
            "is for sequences of several lengths. Leave it out."
        )
    found = made(
        stored,
        hold_out,
        image_shape,
        origin=Origin.of_file(path),
        kind=kind,
        cut=cut or series.Cut(),
    )
    return _noted(found, left_out)


def _noted(data: Dataset, note: str) -> Dataset:
    return replace(data, notes=(*data.notes, note)) if note else data


def made(
    stored: dict[str, np.ndarray],
    hold_out: HoldOut,
    image_shape: ImageShape | None = None,
    *,
    origin: Origin,
    kind: str = "auto",
    cut: series.Cut | None = None,
) -> Dataset:
    """A dataset of arrays by the keys of an .npz."""
    where = origin.where
    if image_shape is None:
        numbers = _numbers(origin, stored, hold_out, kind, cut or series.Cut())
        if numbers is not None:
            return numbers
    elif kind != "auto":
        raise DatasetError(
            f"image_shape={image_shape} was asked for, and kind={kind}: these are no pictures. "
            "Leave one of the two out."
        )
    endings = ("_train", "_test") if "x_train" in stored else ("",)
    splits = {
        f"x{each}": array_values.split_of(where, stored, each, image_shape) for each in endings
    }
    train, test, sentence = hold_out.given_parts(where, splits)
    return Dataset(
        name=origin.name,
        train=train,
        test=test,
        schema=_schema(stored, train),
        source=origin.source,
        licence=UNKNOWN_LICENCE,
        test_split=sentence,
    )


def _numbers(
    origin: Origin, stored: dict[str, np.ndarray], hold_out: HoldOut, kind: str, cut: series.Cut
) -> Dataset | None:
    """Series or counts; None: the arrays are neither."""
    asked = kind == "series" or (kind == "auto" and cut.is_asked_for)
    if asked or series_arrays.KEY in stored:
        return series_arrays.load(origin, stored, cut, hold_out)
    if kind == "counts" or (kind == "auto" and "length" not in stored and counts.are(stored)):
        return counts.of_arrays(origin, stored, hold_out)
    return None


def _schema(stored: dict[str, np.ndarray], train: Split) -> Schema:
    """What an example is, by the rank and the dtype of the file's arrays and by their values."""
    parts = [values for key, values in stored.items() if key.startswith("x")]
    shape = tuple(train.images.shape[1:])
    eight_bits = all(values.dtype == np.uint8 for values in parts)
    spacing = EIGHT_BITS if eight_bits else None
    if all(array_values.are_binary(values) for values in parts):
        spacing = 1.0
    schema = Schema(
        {1: "vector", 2: "sequence", 3: "image"}[len(shape)],
        shape,
        spacing=spacing,
        uint8=eight_bits,
        lengths=train.lengths is not None,
    )
    if schema.kind == "image" or spacing is not None:
        return schema
    center, scale = standardising.center_and_scale(train)
    schema = replace(schema, center=center, scale=scale)
    return (
        schema if all(map(array_values.are_within, parts)) else replace(schema, low=None, high=None)
    )
