"""Where decoded examples live: in memory while few, else in files that the next load reuses.

One mechanism for every source that must be decoded (TFDS, folders of images).
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from zoo.errors import DatasetError

Fields = Mapping[str, tuple[tuple[int, ...], type]]  # name -> (shape, dtype)
Arrays = dict[str, np.ndarray]

_MEMORY_IF_UNKNOWN = 8 * 2**30
_ABANDONED_SECONDS = 24 * 60 * 60


def decoded(
    fields: Fields,
    write: Callable[[Arrays], None],
    *,
    key: str,
    memory_share: float,
    cache_dir: str | os.PathLike | None = None,
) -> Arrays:
    """Arrays by name, filled by `write(arrays)`.

    They are plain ndarrays while their bytes are within `memory_share` of the physical memory.
    Beyond that they are read-only memory maps of `<cache_dir>/<key>.<field>.npy`, which appear only
    when complete and are not decoded again while they are there.

    Raises:
        DatasetError: the files cannot be written, with the folder and the bytes needed.
    """
    needed = sum(_bytes(shape, dtype) for shape, dtype in fields.values())
    if needed <= memory_share * physical_memory():
        arrays = {name: np.empty(shape, dtype) for name, (shape, dtype) in fields.items()}
        write(arrays)
        return arrays
    folder = cache_folder(cache_dir)
    files = {name: folder / f"{key}.{name}.npy" for name in fields}
    arrays = _opened(files, fields)
    if arrays is None:
        _write_files(files, fields, write, needed)
        arrays = _opened(files, fields)
    if arrays is None:
        raise DatasetError(
            f"The files just written to {folder} cannot be read back. Another process may be "
            "changing them: load again, or choose another cache_dir."
        )
    return arrays


def cache_folder(cache_dir: str | os.PathLike | None) -> Path:
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


def progress(total: int, description: str):
    """A progress bar that stays silent for work of a few seconds."""
    from tqdm import tqdm

    return tqdm(total=total, desc=description, unit=" images", delay=3, mininterval=1, leave=False)


def _bytes(shape: tuple[int, ...], dtype: type) -> int:
    return int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize


def _opened(files: Mapping[str, Path], fields: Fields) -> Arrays | None:
    """The complete files as memory maps, or None where one is absent or of another shape."""
    arrays = {}
    for name, (shape, dtype) in fields.items():
        try:
            array = np.load(files[name], mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        if array.shape != tuple(shape) or array.dtype != dtype:
            return None
        arrays[name] = array
    return arrays


def _write_files(
    files: Mapping[str, Path], fields: Fields, write: Callable[[Arrays], None], needed: int
) -> None:
    partial = {name: Path(f"{file}.partial-{os.getpid()}") for name, file in files.items()}
    folder = next(iter(files.values())).parent
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(files.values())
            arrays = {
                name: _allocated(partial[name], shape, dtype)
                for name, (shape, dtype) in fields.items()
            }
        except OSError as error:
            raise DatasetError(
                f"The decoded data does not fit in memory_share of the memory, and its files "
                f"cannot be written to {folder}: {error.strerror or error}. {needed:,} bytes are "
                "needed there. Free some space, choose another folder (cache_dir or "
                "VAE_ZOO_CACHE), a smaller image_shape, or a larger memory_share."
            ) from error
        write(arrays)
        for array in arrays.values():
            array.flush()
        del arrays
        for name, file in files.items():
            os.replace(partial[name], file)
    finally:
        for file in partial.values():
            file.unlink(missing_ok=True)


def _remove_abandoned(files: Iterable[Path]) -> None:
    """Partial files of processes that were killed: those not written to for a day."""
    for file in files:
        for partial in file.parent.glob(f"{file.name}.partial-*"):
            if time.time() - partial.stat().st_mtime > _ABANDONED_SECONDS:
                partial.unlink(missing_ok=True)


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
    return np.load(file, mmap_mode="r+", allow_pickle=False)
