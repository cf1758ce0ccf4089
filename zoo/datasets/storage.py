"""Where decoded examples live: in memory while few, else in files that the next load reuses.

One mechanism for every source that must be decoded (TFDS, folders of images).
"""

import contextlib
import hashlib
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.atomic_write import whole
from zoo.datasets import reading
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

Fields = Mapping[str, tuple[tuple[int, ...], type]]  # name -> (shape, dtype)
Arrays = dict[str, np.ndarray]

CHUNK_BYTES = 16 * 2**20

_MEMORY_IF_UNKNOWN = 8 * 2**30
_ABANDONED_SECONDS = 24 * 60 * 60
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
    Beyond that they are read-only memory maps of `<cache_dir>/<key>.<field>.npy`, which appear only
    when complete and are not decoded again while they are there and have the checksums of
    `<cache_dir>/<key>.sha256.json`.

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
    files = _Files(cache_folder(cache_dir), key(), fields)
    arrays_on_disk = files.opened()
    if arrays_on_disk is None:
        files.write(write, needed)
        arrays_on_disk = files.opened()
    if arrays_on_disk is None:
        raise DatasetError(
            f"The files just written to {printable(files.folder)} cannot be read back. Another "
            "process may be changing them: load again, or choose another cache_dir."
        )
    return arrays_on_disk


def cache_folder(cache_dir: str | os.PathLike[str] | None) -> Path:
    """The folder of the files: `cache_dir`, else $VAE_ZOO_CACHE, else ~/.cache/vae-zoo."""
    chosen = cache_dir or os.environ.get("VAE_ZOO_CACHE") or "~/.cache/vae-zoo"
    return Path(chosen).expanduser()


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


def progress(total: int, description: str, unit: str = " images") -> Any:
    """A progress bar that stays silent for work of a few seconds."""
    from tqdm import tqdm

    return tqdm(total=total, desc=description, unit=unit, delay=3, mininterval=1, leave=False)


def add_rows(digest: Any, rows: Any, bar: Any = None) -> None:
    """Adds the bytes of an array, or of what is sliced like one, some MiB at a time."""
    bytes_of_one = max(1, int(np.prod(rows.shape[1:])) * rows.dtype.itemsize)
    step = max(1, CHUNK_BYTES // bytes_of_one)
    for start in range(0, len(rows), step):
        chunk = np.ascontiguousarray(rows[start : start + step])
        digest.update(chunk.reshape(-1).view(np.uint8).data)
        if bar is not None:
            bar.update(len(chunk))


class _Files:
    """The files of one key, and the file of their checksums."""

    def __init__(self, folder: Path, key: str, fields: Fields):
        self.folder = folder
        self.fields = fields
        self.arrays = {name: folder / f"{key}.{name}.npy" for name in fields}
        self.checksums = folder / f"{key}.sha256.json"

    def opened(self) -> Arrays | None:
        """The files as memory maps, or None where they are absent or not what was written."""
        if not all(os.path.lexists(file) for file in (*self.arrays.values(), self.checksums)):
            return None
        try:
            stated = json.loads(reading.read(self.checksums, _LARGEST_CHECKSUMS))
            arrays = {name: self._mapped(name) for name in self.fields}
            intact = stated == _checksums(arrays)
        except (DatasetError, OSError, ValueError, EOFError, RecursionError):
            intact = False
        if not intact:
            print(
                f"The decoded data kept in {printable(self.folder)} is damaged or incomplete: "
                "it is decoded anew.",
                file=sys.stderr,
            )
            return None
        return arrays

    def _mapped(self, name: str) -> np.ndarray:
        shape, dtype = self.fields[name]
        if kind := reading.not_regular(self.arrays[name]):
            raise ValueError(f"is {kind}")
        array: np.ndarray = np.load(self.arrays[name], mmap_mode="r", allow_pickle=False)
        if array.shape != tuple(shape) or array.dtype != dtype:
            raise ValueError("has another shape or dtype")
        return array

    def write(self, fill: Callable[[Arrays], None], needed: int) -> None:
        """Decodes into partial files, which take their names when all bytes are on the disk."""
        # Two containers that share the folder may each have a process of this number.
        suffix = f"partial-{os.getpid()}-{secrets.token_hex(4)}"
        partial = {name: Path(f"{file}.{suffix}") for name, file in self.arrays.items()}
        try:
            with self._explained(needed):
                self.folder.mkdir(parents=True, exist_ok=True)
                _remove_abandoned((*self.arrays.values(), self.checksums))
                arrays: Arrays = {
                    name: _allocated(partial[name], *self.fields[name]) for name in partial
                }
            fill(arrays)
            with self._explained(needed):
                self._keep(arrays, partial)
        finally:
            for file in partial.values():
                file.unlink(missing_ok=True)

    def _keep(self, arrays: Arrays, partial: Mapping[str, Path]) -> None:
        stated = _checksums(arrays)
        for name, array in arrays.items():
            if isinstance(array, np.memmap):
                array.flush()
            _synchronize(partial[name])
        arrays.clear()  # Windows renames no file that is mapped.
        # An old file of checksums beside a new array is damage that the next load finds.
        for name, file in self.arrays.items():
            os.replace(partial[name], file)
        with whole(self.checksums, "w", encoding="ascii") as stream:
            json.dump(stated, stream)
        _synchronize(self.folder)

    @contextlib.contextmanager
    def _explained(self, needed: int) -> Any:
        try:
            yield
        except OSError as error:
            raise DatasetError(
                "The decoded data does not fit in memory_share of the memory, and its files "
                f"cannot be written to {printable(self.folder)}: {error.strerror or error}. "
                f"{needed:,} bytes are needed there. Free some space, choose another folder "
                "(cache_dir or VAE_ZOO_CACHE), a smaller image_shape, or a larger memory_share."
            ) from error


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


def _synchronize(path: Path) -> None:
    """Brings a file, or the names in a folder, to the disk."""
    if os.name == "nt" and path.is_dir():  # Windows opens no folders.
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_abandoned(files: Iterable[Path]) -> None:
    """Partial files of processes that were killed: those not written to for a day."""
    for file in files:
        for partial in file.parent.glob(f"{file.name}.partial-*"):
            with contextlib.suppress(FileNotFoundError):  # another process removes it, too
                if time.time() - partial.stat().st_mtime > _ABANDONED_SECONDS:
                    partial.unlink()


def _allocated(file: Path, shape: tuple[int, ...], dtype: type) -> np.ndarray:
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
    array: np.ndarray = np.load(file, mmap_mode="r+", allow_pickle=False)
    return array
