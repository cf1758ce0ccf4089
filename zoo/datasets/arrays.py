"""The user's own arrays: .npy (memory-mapped) and .npz."""

import math
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np

from zoo.artifact.schema import EIGHT_BITS, Schema
from zoo.datasets import (
    counts,
    pickled,
    ragged_files,
    reading,
    series,
    series_arrays,
    standardising,
    storage,
)
from zoo.datasets.base import (
    UNKNOWN_LICENCE,
    Dataset,
    HoldOut,
    ImageShape,
    Origin,
    Rows,
    Split,
    as_uint8_or_float32,
)
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

SUFFIXES = (".npz", ".npy")

_CHUNK_BYTES = 16 * 2**20
_ZIP = b"PK"
_LARGEST_PIECE = 2**20
_ENCRYPTED = 0x1  # of a member's flags
MEMORY_SHARE_OF_AN_NPZ = 0.5  # the two parts are copies
_MEMORY_SHARE_OF_A_PICKLE = 1 / 16  # of which Python makes many small objects
_AS_NPY = "Save the array with np.save as a .npy: that is read from disk as it is needed."
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_KINDS, _PARTS = ("x", "y", "length"), ("train", "test")
_NPZ_KEYS = (
    "x (or x_train and x_test), and if there are labels y (or y_train and y_test), and if "
    "sequences end before their last step length (or length_train and length_test); or train and "
    "test, drawings laid out as those of sketch-rnn"
)


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
    stored = _read(path, int(memory_share * storage.physical_memory()))
    if isinstance(stored.get(series_arrays.KEY), list):
        raise DatasetError(
            f"{printable(path)} ({series_arrays.KEY}) holds arrays of several lengths; series of "
            "several lengths go into one .csv, with --time and --entity, and are cut into windows."
        )
    if ragged_files.is_ragged(stored):
        return ragged_files.dataset(path, stored, hold_out, steps)
    if steps is not None:
        raise DatasetError(
            f"steps={steps} was asked for, and {printable(path)} holds arrays of one shape: steps "
            "is for sequences of several lengths. Leave it out."
        )
    return made(
        stored,
        hold_out,
        image_shape,
        origin=Origin.of_file(path),
        kind=kind,
        cut=cut or series.Cut(),
    )


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
    splits = {f"x{each}": _split(where, stored, each, image_shape) for each in endings}
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
    if all(_binary(values) for values in parts):
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
    return schema if all(map(_within, parts)) else replace(schema, low=None, high=None)


def _read(path: Path, most: int) -> dict[str, Any]:
    """Arrays by key; a .npy and an unnamed array of an .npz get the key x.

    An object array is a list of arrays.

    A .npy of more than `most` bytes stays on disk.
    """
    with reading.open_regular(path) as stream:
        try:
            if stream.read(len(_ZIP)) == _ZIP:
                return _read_npz(path, stream)
            stream.seek(0)
            size = os.fstat(stream.fileno()).st_size
            if _check_header(stream, size):
                return {"x": _objects(path, stream, size)}
            array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
            return {"x": np.array(array) if size <= most else array}
        except DatasetError:
            raise
        except MemoryError as error:
            raise DatasetError(
                f"{printable(path)} does not fit in memory: {error}. {_AS_NPY}"
            ) from error
        # A damaged file makes NumPy and zipfile raise nearly anything (ValueError, EOFError,
        # struct.error, zlib.error, NotImplementedError, SyntaxError, ...).
        except Exception as error:
            raise DatasetError(
                f"{printable(path)} cannot be read as NumPy arrays: {printable(error)}. Wanted: a "
                ".npy or .npz of plain numbers, written by np.save or np.savez. Sequences of "
                "several lengths are an object array [n] of arrays [steps, features], or padded "
                "with zeros to [n, steps, features], and an array `length` [n] beside them says "
                "where each one ends; series of several lengths go into one .csv, with --time and "
                "--entity, and are cut into windows."
            ) from error


def _read_npz(path: Path, stream: BinaryIO) -> dict[str, Any]:
    bounded = reading.InPieces(
        stream, _LARGEST_PIECE, "its list of members is longer than that of any .npz of arrays"
    )
    with zipfile.ZipFile(cast(BinaryIO, bounded)) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        wanted = _wanted(path, list(members))
        needed = sum(members[key].file_size for key in wanted)
        most = int(MEMORY_SHARE_OF_AN_NPZ * storage.physical_memory())
        if needed > most:
            raise DatasetError(
                f"{printable(path)} unpacks to {needed:,} bytes, and at most {most:,} are read "
                f"into memory here. {_AS_NPY}"
            )
        return _named(path, {key: member(path, archive, members[key]) for key in wanted})


def member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Any:
    """One array of an .npz, whose header is held against the member's size before it is read."""
    if info.flag_bits & _ENCRYPTED:
        raise ValueError(f"{info.filename} is encrypted")
    with archive.open(info) as member:
        if _check_header(member, info.file_size):
            return _objects(path, member, info.file_size)
    with archive.open(info) as member:
        array: np.ndarray = np.lib.format.read_array(member, allow_pickle=False)
        return array


def _objects(path: Path, stream: IO[bytes], size: int) -> list[np.ndarray]:
    """The arrays of an object array, whose header was read."""
    most = int(_MEMORY_SHARE_OF_A_PICKLE * storage.physical_memory())
    if size > most:
        raise DatasetError(
            f"{printable(path)} has an object array of {size:,} bytes, and at most {most:,} are "
            "read here. Save all steps as one array x [total, features], and their number for "
            "each sequence as lengths [n]."
        )
    try:
        return pickled.read(stream)
    except DatasetError as error:
        raise DatasetError(f"{printable(path)} cannot be read: {error}") from error


def _check_header(stream: IO[bytes], size: int) -> bool:
    """Refuses an array whose header states more than the `size` of its file or member.

    Says whether it is one of objects.
    """
    header = _HEADERS.get(np.lib.format.read_magic(stream))
    if header is None:
        raise ValueError("its header has another version")
    shape, _, dtype = header(stream)
    stated = stream.tell() + math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or (stated > size and not dtype.hasobject):
        raise ValueError(f"its header states {stated:,} bytes, and it has {size:,}")
    return bool(dtype.hasobject)


def _wanted(path: Path, keys: list[str]) -> list[str]:
    given = set(keys)
    if wanted := ragged_files.wanted(given):
        return wanted
    names = [each for each in (series_arrays.NAMES,) if each in given]
    if {"x_train", "x_test"} <= given:
        return [f"{k}_{part}" for k in _KINDS for part in _PARTS if f"{k}_{part}" in given] + names
    if "x" in given:
        return [key for key in _KINDS if key in given] + names
    if series_arrays.KEY in given:
        return [key for key in (series_arrays.KEY, "y") if key in given] + names
    if keys == ["arr_0"]:
        return keys
    raise DatasetError(f"{printable(path)} has the keys {_first_ten(keys)}; wanted: {_NPZ_KEYS}.")


def _first_ten(keys: list[str]) -> str:
    names = [printable(key) for key in sorted(keys)]
    more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more or "(none)"


def _named(path: Path, stored: dict[str, Any]) -> dict[str, Any]:
    for key, what in (("y", "labels"), ("length", "lengths")):
        if (f"{key}_train" in stored) != (f"{key}_test" in stored):
            raise DatasetError(
                f"{printable(path)} has {what} for one of x_train and x_test only; wanted: both."
            )
    return {"x": stored["arr_0"]} if "arr_0" in stored else stored


def _split(
    shown: str,
    stored: dict[str, np.ndarray],
    part: str,
    image_shape: ImageShape | None,
) -> Split:
    x, y, length = (kind + part for kind in _KINDS)
    sequences = length in stored
    given = _shaped(f"{shown} ({x})", stored[x], image_shape, sequences)
    _check_values(f"{shown} ({x})", given, bounded=given.ndim == 4)
    labels = labels_of(shown, stored, y, len(given))
    lengths = None
    if sequences:
        lengths = _lengths(f"{shown} ({length})", stored[length], given.shape)
    return Split(_images(given), labels, lengths)


def _images(given: np.ndarray) -> np.ndarray | Rows:
    """The array as a split holds it."""
    if not isinstance(given, np.memmap):
        return as_uint8_or_float32(given)
    if given.dtype in (np.uint8, np.float32):
        return given
    return Rows(given)  # Converted row by row, so that it may be larger than memory.


def _shaped(
    where: str,
    images: np.ndarray,
    image_shape: ImageShape | None,
    sequences: bool,
) -> np.ndarray:
    ranks, wanted = (2, 4), "[n, height, width], [n, height, width, 1 or 3] or [n, features]"
    if sequences:
        ranks, wanted = (3, 4), "[n, steps, features] or [n, height, width, 1 or 3]"
    elif images.ndim == 3:
        images = images[..., None]
    if images.ndim not in ranks or (images.ndim == 4 and images.shape[-1] not in (1, 3)):
        raise DatasetError(f"{where} has the shape {list(images.shape)}; wanted: {wanted}.")
    if 0 in images.shape:
        raise DatasetError(f"{where} is empty: its shape is {list(images.shape)}.")
    if image_shape is not None and images.shape[1:][: len(image_shape)] != image_shape:
        raise DatasetError(
            f"{where} has examples of {images.shape[1:]}, and image_shape={image_shape} was asked "
            "for. Arrays are not resized: resize them, or leave image_shape out."
        )
    return images


def _chunks(images: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(first row, rows) one after the other, so that what is larger than memory can be read."""
    rows = max(1, _CHUNK_BYTES // max(1, images[:1].nbytes))
    for start in range(0, len(images), rows):
        yield start, np.asarray(images[start : start + rows])


def _binary(images: np.ndarray) -> bool:
    """Whether there are two values only: 0, and 1 (of 8-bit values 255)."""
    if images.dtype == np.bool_:
        return True
    high = 255 if images.dtype == np.uint8 else 1
    return all(((chunk == 0) | (chunk == high)).all() for _, chunk in _chunks(images))


def _within(images: np.ndarray) -> bool:
    """Whether all values are in [0, 1], to which 8-bit ones are scaled."""
    return images.dtype in (np.bool_, np.uint8) or all(
        chunk.min() >= 0 and chunk.max() <= 1 for _, chunk in _chunks(images)
    )


def _check_values(where: str, images: np.ndarray, bounded: bool) -> None:
    if images.dtype == np.bool_:
        return
    if images.dtype == np.uint8:
        _check_eight_bits(where, images)
        return
    if not np.issubdtype(images.dtype, np.floating):
        raise DatasetError(
            f"{where} has the dtype {images.dtype}; wanted: uint8 in 0..255, bool, or a float. If "
            "the values are 0..255: x.astype('uint8')."
        )
    first: tuple[tuple[int, ...], float] | None = None
    lowest, highest = np.inf, -np.inf
    for start, chunk in _chunks(images):
        finite = np.isfinite(chunk)
        lowest = min(lowest, float(chunk.min(where=finite, initial=np.inf)))
        highest = max(highest, float(chunk.max(where=finite, initial=-np.inf)))
        bad = ~(finite & (chunk >= 0) & (chunk <= 1)) if bounded else ~finite
        if first is None and bad.any():
            at = tuple(int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape))
            first = (start + at[0], *at[1:]), float(chunk[at])
    if first is not None:
        index, value = first
        raise DatasetError(
            f"{where} has the value {value:g} at index {index}; wanted: finite values"
            f"{' in [0, 1]' if bounded else ''}. The finite values range from {lowest:g} to "
            f"{highest:g}. " + _remedy(lowest, highest, bounded) + _if_series(images, bounded)
        )


def _check_eight_bits(where: str, images: np.ndarray) -> None:
    """Refuses zeros and ones: as values of 0..255 they would be nearly black."""
    if all(chunk.max() <= 1 for _, chunk in _chunks(images)):
        raise DatasetError(
            f"{where} has the dtype uint8, of which 0..255 are wanted, and no value above 1. "
            "If the values are 0 and 1: x.astype(bool)."
        )


def _if_series(images: np.ndarray, bounded: bool) -> str:
    """What to do where grey pictures may be no pictures."""
    if not bounded or images.shape[-1] != 1:
        return ""
    return " If x is [n, steps, features] and no pictures: --kind series, or call it `series`."


def _remedy(lowest: float, highest: float, bounded: bool) -> str:
    if not bounded or (lowest >= 0 and highest <= 1):
        return "Remove or replace the values that are not finite."
    if lowest >= 0 and 2 < highest <= 255:
        return "If these are pixels of 0..255, divide by 255."
    if -1 <= lowest < 0 and highest <= 1:
        return "If these are pixels of -1..1, use (x + 1) / 2."
    return "Rescale: (x - x.min()) / (x.max() - x.min())."


def labels_of(shown: str, stored: dict[str, np.ndarray], key: str, n: int) -> np.ndarray | None:
    """int64 [n] of the labels under a key of a file; None where it has none.

    Raises:
        DatasetError: for what is no class index for each of n examples.
    """
    if key not in stored:
        return None
    where, labels = f"{shown} ({key})", stored[key]
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (n,) or not np.issubdtype(labels.dtype, np.integer):
        raise DatasetError(
            f"{where} has the shape {list(labels.shape)} and the dtype {labels.dtype}; wanted: "
            f"integers [{n}], one class index for each example."
        )
    if labels.size and int(labels.max()) > np.iinfo(np.int64).max:
        raise DatasetError(f"{where} has the class {labels.max()}; wanted: an int64.")
    return labels.astype(np.int64)


def _lengths(where: str, lengths: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    n, steps = shape[:2]
    if lengths.shape != (n,) or not np.issubdtype(lengths.dtype, np.integer):
        raise DatasetError(
            f"{where} has the shape {list(lengths.shape)} and the dtype {lengths.dtype}; wanted: "
            f"integers [{n}], the number of steps of each sequence."
        )
    outside = (lengths < 0) | (lengths > steps)
    if outside.any():
        i = int(outside.argmax())
        raise DatasetError(
            f"{where} is {lengths[i]} at index {i}, and x has {steps} steps; wanted: 0 to {steps}."
        )
    return lengths.astype(np.int64)
