"""Arrays of .npy and .npz files by their keys; what a header states is held against its file."""

import math
import os
import zipfile
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np

from zoo.datasets import pickled, ragged_files, reading, series_arrays, storage
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

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
_OFTEN_CALLED = {
    "x": ("x", "data", "images", "image", "inputs", "features", "arr", "samples"),
    "y": ("y", "labels", "label", "target", "targets", "classes", "class"),
    "length": ("length", "lengths", "len", "seq_len", "n_steps"),
}
"""name that is read -> what else such arrays are often called."""
_NPZ_KEYS = (
    "x (or x_train and x_test), and if there are labels y (or y_train and y_test), and if "
    "sequences end before their last step length (or length_train and length_test); or train and "
    "test, drawings laid out as those of sketch-rnn"
)


def read(path: Path, most: int) -> tuple[dict[str, Any], str]:
    """(arrays by key, what was left out as a sentence, or "").

    A .npy and an unnamed array of an .npz get the key x.

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
                return {"x": _objects(path, stream, size)}, ""
            array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
            return {"x": np.array(array) if size <= most else array}, ""
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


def _read_npz(path: Path, stream: BinaryIO) -> tuple[dict[str, Any], str]:
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
        found = {key: member(path, archive, members[key]) for key in wanted}
        return _named(path, found), left_out(path, archive, members, wanted)


def left_out(
    path: Path, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], read: list[str]
) -> str:
    """What of an .npz is not read, with the name under which it would be: a sentence, or ""."""
    others = [key for key in members if key not in read]
    if not others:
        return ""
    shown = [printable(key) + _shape_in_words(archive, members[key]) for key in others[:10]]
    more = f" and {len(others) - 10:,} more" if len(others) > 10 else ""
    said = f"Left out of {printable(path.name)}: {', '.join(shown)}{more}; read are "
    said += f"{', '.join(map(printable, read))}."
    meant = {key: meant_by(key) for key in others}
    free = {key: name for key, name in meant.items() if name and name not in members}
    if free:
        said += f" To have {_renamed(free)}."
    return said


def meant_by(key: str) -> str:
    """The name that is read of what a key seems to hold, `labels_train` -> `y_train`; "" if none"""
    words = key.casefold().split("_")
    part = next((word for word in words if word in _PARTS), "")
    kind = "_".join(word for word in words if word != part)
    name = next((name for name, others in _OFTEN_CALLED.items() if kind in others), "")
    return f"{name}_{part}" if name and part else name


def _renamed(names: dict[str, str]) -> str:
    """`labels read, call it y; ...`"""
    return "; ".join(f"{printable(key)} read, call it {name}" for key, name in names.items())


def _shape_in_words(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    """` [60000, 28, 28]`, as the header states it; "" where there is none."""
    try:
        with archive.open(info) as stream:
            shape, _, _ = _HEADERS[np.lib.format.read_magic(stream)](stream)
    except Exception:  # a damaged member makes NumPy and zipfile raise nearly anything
        return ""
    return f" {list(shape)}"


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
    meant = {key: name for key in keys if (name := meant_by(key)) and name not in given}
    hint = f" To have {_renamed(dict(list(meant.items())[:10]))}." if meant else ""
    raise DatasetError(
        f"{printable(path)} has the keys {_first_ten(keys)}; wanted: {_NPZ_KEYS}.{hint}"
    )


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
