"""Where decoded examples live: in memory while few, else in files that the next load reuses.

One mechanism for every source that must be decoded (TFDS, folders of images).
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.atomic_write import tidy, whole_folder
from zoo.datasets import reading
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

Fields = Mapping[str, tuple[tuple[int, ...], type]]  # name -> (shape, dtype)
Arrays = Mapping[str, np.ndarray]

CHUNK_BYTES = 16 * 2**20

_CHECKSUMS = "sha256.json"
_MEMORY_IF_UNKNOWN = 8 * 2**30
_LARGEST_CHECKSUMS = 2**16


def decoded(
    fields: Fields,
    write: Callable[[Arrays], None],
    *,
    key: Callable[[], str],
    memory_share: float,
    cache_dir: str | os.PathLike[str] | None = None,
) -> Arrays:
    """Arrays by name, filled by `write(arrays)`.

    They are plain ndarrays while their bytes are within `memory_share` of the physical memory.
    Beyond that they are read-only memory maps of `<cache_dir>/<key>/<field>.npy`. That folder
    appears only when complete, and nothing is decoded again while its checksums are right.

    Args:
        key: () -> a name that changes with anything that is decoded; asked only beyond the memory.

    Raises:
        DatasetError: the files cannot be written, with the folder and the bytes needed.
    """
    needed = sum(_bytes(shape, dtype) for shape, dtype in fields.values())
    if needed <= memory_share * physical_memory():
        arrays: Arrays = {name: np.empty(shape, dtype) for name, (shape, dtype) in fields.items()}
        write(arrays)
        return arrays
    folder = cache_folder(cache_dir)
    _clear_what_killed_processes_left(folder)
    kept = _Kept(folder / key(), fields)
    arrays_on_disk = kept.opened()
    if arrays_on_disk is None:
        kept.write(write, needed)
        arrays_on_disk = kept.opened()
    if arrays_on_disk is None:
        raise DatasetError(
            f"What was just written to {printable(kept.folder)} cannot be read back. Another "
            "process may be changing it: load again, or choose another cache_dir."
        )
    return arrays_on_disk


def cache_folder(cache_dir: str | os.PathLike[str] | None) -> Path:
    """The folder of the files: `cache_dir`, else $VAE_ZOO_CACHE, else ~/.cache/vae-zoo."""
    chosen = cache_dir or os.environ.get("VAE_ZOO_CACHE") or "~/.cache/vae-zoo"
    return reading.expanded(chosen)


def physical_memory() -> int:
    """Bytes of memory this process may count on: the machine's, or its container's if less."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf.
        memory = _MEMORY_IF_UNKNOWN
    try:
        return min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):  # No such file, or "max": not limited.
        return memory


def progress(total: int | None, description: str, unit: str = " images") -> Any:
    """A progress bar that stays silent for work of a few seconds, and where no terminal shows it.

    Args:
        total: None where it is not known before the end.
    """
    from tqdm import tqdm

    return tqdm(
        total=total,
        desc=description,
        unit=unit,
        delay=3,
        mininterval=1,
        leave=False,
        disable=None,  # in a log every update would stay
    )


def add_rows(digest: Any, rows: Any, bar: Any = None) -> None:
    """Adds the bytes of an array, or of what is sliced like one, some MiB at a time."""
    bytes_of_one = max(1, int(np.prod(rows.shape[1:])) * rows.dtype.itemsize)
    step = max(1, CHUNK_BYTES // bytes_of_one)
    for start in range(0, len(rows), step):
        chunk = np.ascontiguousarray(rows[start : start + step])
        digest.update(chunk.reshape(-1).view(np.uint8).data)
        if bar is not None:
            bar.update(len(chunk))


class _Kept:
    """A folder that keeps decoded arrays, a file each, with the checksums of what was written."""

    def __init__(self, folder: Path, fields: Fields):
        self.folder = folder
        self.fields = fields

    def opened(self) -> Arrays | None:
        """The arrays as memory maps, or None where they are absent or not what was written."""
        if not os.path.lexists(self.folder):
            return None
        try:
            stated = json.loads(reading.read(self.folder / _CHECKSUMS, _LARGEST_CHECKSUMS))
            arrays = {name: self._mapped(name) for name in self.fields}
            intact = stated == _checksums(arrays)
        except (DatasetError, OSError, ValueError, EOFError, RecursionError):
            intact = False
        if not intact:
            print(
                f"The decoded data kept in {printable(self.folder)} is damaged: it is decoded "
                "anew.",
                file=sys.stderr,
            )
            return None
        return arrays

    def _mapped(self, name: str) -> np.ndarray:
        shape, dtype = self.fields[name]
        file = self.folder / f"{name}.npy"
        if kind := reading.not_regular(file):
            raise ValueError(f"is {kind}")
        array: np.ndarray = np.load(file, mmap_mode="r", allow_pickle=False)
        if array.shape != tuple(shape) or array.dtype != dtype:
            raise ValueError("has another shape or dtype")
        return array

    def write(self, fill: Callable[[Arrays], None], needed: int) -> None:
        """Decodes into a folder that takes its name when all of it is on the disk."""
        try:
            with whole_folder(self.folder, replace=True) as partial:
                arrays = {
                    name: _allocated(partial / f"{name}.npy", shape, dtype)
                    for name, (shape, dtype) in self.fields.items()
                }
                fill(arrays)
                (partial / _CHECKSUMS).write_text(json.dumps(_checksums(arrays)))
                for array in arrays.values():
                    array.flush()
                arrays.clear()  # Windows renames nothing that is mapped.
        except OSError as error:
            raise DatasetError(
                "The decoded data does not fit in memory_share of the memory, and its files "
                f"cannot be written to {printable(self.folder.parent)}: "
                f"{error.strerror or error}. {needed:,} bytes are needed there. Free some space, "
                "choose another folder (cache_dir or VAE_ZOO_CACHE), a smaller image_shape, or a "
                "larger memory_share."
            ) from error


def _clear_what_killed_processes_left(folder: Path) -> None:
    """Of any key: the data that was being decoded may have changed since."""
    for path in folder.glob(".*.partial-*"):
        tidy(folder / path.name[1:].rpartition(".partial-")[0])


def _bytes(shape: tuple[int, ...], dtype: type) -> int:
    return int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize


def _checksums(arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    stated = {}
    for name, array in arrays.items():
        digest = hashlib.sha256()
        with progress(len(array), "Checking the decoded data") as bar:
            add_rows(digest, array, bar)
        stated[name] = digest.hexdigest()
    return stated


def _allocated(file: Path, shape: tuple[int, ...], dtype: type) -> np.memmap:
    # Blocks are reserved beforehand: a full disk under a sparse memory map kills the process with
    # SIGBUS, where a failed reservation is an OSError that can be explained.
    with open(file, "wb") as stream:
        header = {
            "descr": np.lib.format.dtype_to_descr(np.dtype(dtype)),
            "fortran_order": False,
            "shape": tuple(shape),
        }
        np.lib.format.write_array_header_1_0(stream, header)
        offset, size = stream.tell(), _bytes(shape, dtype)
        if hasattr(os, "posix_fallocate") and size:
            stream.flush()
            os.posix_fallocate(stream.fileno(), offset, size)
        else:
            zeros = bytes(2**20)
            for start in range(0, size, len(zeros)):
                stream.write(zeros[: size - start])
    array: np.memmap = np.load(file, mmap_mode="r+", allow_pickle=False)
    return array
