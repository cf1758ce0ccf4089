"""A folder of the user's images, of any size and mode."""

import hashlib
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import numpy as np

from zoo.artifact.schema import EIGHT_BITS, Schema
from zoo.datasets import fingerprint, reading, storage
from zoo.datasets.base import (
    FEWEST_EXAMPLES,
    UNKNOWN_LICENCE,
    Dataset,
    Split,
    hold_out,
    slug,
)
from zoo.datasets.pixels import decode, pillow
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")

_IGNORED = {"thumbs.db", "desktop.ini", "__macosx"}  # and everything that begins with a dot
_TRAIN_FOLDERS = ("train", "training")
_TEST_FOLDERS = ("test", "testing", "validation", "valid", "val")  # the first that exists
_WINDOW = 1024


def load(
    root: Path,
    seed: int,
    test_share: float,
    image_shape: tuple[int, int, int],
    memory_share: float,
    cache_dir: str | os.PathLike[str] | None,
) -> Dataset:
    """Every image below `root`, resized and centre-cropped to `image_shape`."""
    files = sorted(_files(root), key=lambda file: file.parts)
    _check_files(root, files)
    parts = _own_split(root, files)
    chosen = [file for part in parts for file in part]
    images = _decoded(root, chosen, image_shape, memory_share, cache_dir)
    if len(parts) == 2:
        n_train = len(parts[0])
        labels, words = _labels([_below_first(file) for file in chosen])
        whole = Split(images, labels)
        train = whole.subset(slice(0, n_train)).as_loaded()
        test = whole.subset(slice(n_train, None)).as_loaded()
        names = printable(f"{parts[0][0].parts[0]}/ and {parts[1][0].parts[0]}/")
        sentence = f"The folder's own {names}, n={len(test):,}."
        if unused := len(files) - len(chosen):
            sentence += f" {unused:,} images elsewhere in the folder are not used."
    else:
        labels, words = _labels(chosen)
        whole = Split(images, labels)
        train, test, sentence = hold_out(whole, test_share, seed)
    name = printable(root.resolve().name)
    return Dataset(
        name=slug(name),
        train=train,
        test=test,
        schema=Schema("image", image_shape, spacing=EIGHT_BITS, uint8=True, classes=words),
        source=f"the user's own folder {name}, {len(chosen):,} images, resized and centre-cropped",
        licence=UNKNOWN_LICENCE,
        test_split=sentence,
    )


def _files(root: Path) -> Iterator[Path]:
    """Paths below root of every file that is not hidden; linked folders are followed, once."""

    def refuse(error: OSError) -> None:
        raise DatasetError(
            f"The folder {printable(error.filename)} cannot be read ({error.strerror}), "
            "and its images would be missing: make it readable, or move it elsewhere."
        ) from error

    seen = set()
    for folder, subfolders, names in os.walk(root, followlinks=True, onerror=refuse):
        real = os.path.realpath(folder)
        if real in seen:
            subfolders.clear()
            continue
        seen.add(real)
        subfolders[:] = sorted(name for name in subfolders if not _hidden(name))
        for name in names:
            if not _hidden(name):
                yield Path(folder, name).relative_to(root)


def _hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _IGNORED


def _check_files(root: Path, files: Sequence[Path]) -> None:
    shown = printable(root)
    strangers = [printable(file) for file in files if file.suffix.lower() not in SUFFIXES]
    if strangers:
        raise DatasetError(
            f"{shown} has {len(strangers):,} files that are not images: {_first_five(strangers)}. "
            f"Wanted: only {', '.join(SUFFIXES)}. Move the others elsewhere."
        )
    special = [
        f"{printable(file)} is {kind}" for file in files if (kind := _not_regular(root / file))
    ]
    if special:
        raise DatasetError(
            f"{shown} has {len(special):,} images that are no files to read: {_first_five(special)}"
            ". Remove them, or move them elsewhere."
        )
    if len(files) < FEWEST_EXAMPLES:
        raise DatasetError(
            f"{shown} has {len(files)} images; at least {FEWEST_EXAMPLES} are wanted "
            f"({', '.join(SUFFIXES)}, in subfolders too). Add images, or give another folder."
        )


def _not_regular(file: Path) -> str | None:
    try:
        return reading.not_regular(file)
    except OSError as error:
        return f"not to be reached ({error.strerror})"


def _own_split(root: Path, files: Sequence[Path]) -> list[list[Path]]:
    """[train, test] where the folder has both, else [all]."""
    by_name: dict[str, list[Path]] = {}
    for file in files:
        if len(file.parts) > 1:
            by_name.setdefault(file.parts[0].lower(), []).append(file)
    train = next((by_name[name] for name in _TRAIN_FOLDERS if name in by_name), None)
    test = next((by_name[name] for name in _TEST_FOLDERS if name in by_name), None)
    if train is None or test is None:
        return [list(files)]
    return [train, test]


def _below_first(file: Path) -> Path:
    return Path(*file.parts[1:])


def _labels(files: Sequence[Path]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The index of each file's first subfolder, and those folders' names in order.

    (None, ()) unless all files lie in two or more of them.
    """
    if any(len(file.parts) < 2 for file in files):
        return None, ()
    names = [file.parts[0] for file in files]
    index = {name: i for i, name in enumerate(sorted(set(names)))}
    if len(index) < 2:
        return None, ()
    # Into a manifest and onto a terminal goes what both can hold.
    words = tuple(printable(name) for name in index)
    return np.array([index[name] for name in names], dtype=np.int64), words


def _decoded(
    root: Path,
    files: Sequence[Path],
    image_shape: tuple[int, int, int],
    memory_share: float,
    cache_dir: str | os.PathLike[str] | None,
) -> np.ndarray:
    pillow()
    name = printable(root.resolve().name)
    digests: list[str | None] = []  # of the files, where what is decoded is kept on disk

    def key() -> str:
        found = fingerprint.of_files(root, files, f"Reading {name}")
        digests.extend(found)
        sides = "x".join(str(side) for side in image_shape)
        return f"{slug(name)}-{fingerprint.of_names(files, found)}-{sides}"

    def write(arrays: storage.Arrays) -> None:
        stated = digests or [None] * len(files)
        jobs = [
            _Job(root / file, image_shape, digest)
            for file, digest in zip(files, stated, strict=True)
        ]
        _decode_all(root, files, jobs, arrays["images"])

    fields = {"images": ((len(files), *image_shape), np.uint8)}
    return storage.decoded(fields, write, key=key, memory_share=memory_share, cache_dir=cache_dir)[
        "images"
    ]


@dataclass(frozen=True)
class _Job:
    """A file to decode; `digest` is its content's, where the result is kept under that."""

    file: Path
    image_shape: tuple[int, int, int]
    digest: str | None

    def decode(self) -> np.ndarray | str:
        """Pixels, or why there are none."""
        try:
            with reading.open_regular(self.file) as stream:
                before = _state(stream)
                digest = self.digest and hashlib.file_digest(stream, "sha256").hexdigest()
                stream.seek(0)
                pixels = decode(stream, self.image_shape)
                same = digest == self.digest and _state(stream) == before
            return pixels if same else "it changed while it was read"
        except DatasetError as error:
            return str(error)
        except OSError as error:  # such as a disk that does not answer
            return str(error.strerror)


def _state(stream: BufferedReader) -> tuple[int, ...]:
    """What tells that an open file has been written to."""
    status = os.fstat(stream.fileno())
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _decode_all(
    root: Path, files: Sequence[Path], jobs: Sequence[_Job], images: np.ndarray
) -> None:
    failures = []
    workers = min(8, os.cpu_count() or 1)  # Pillow lets go of the lock while it decodes.
    with (
        ThreadPoolExecutor(workers) as pool,
        storage.progress(len(files), f"Decoding {printable(root.name)}") as bar,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", pillow().DecompressionBombWarning)  # `decode` bounds them
        for start in range(0, len(files), _WINDOW):
            window = jobs[start : start + _WINDOW]
            for i, pixels in enumerate(pool.map(_Job.decode, window), start):
                if isinstance(pixels, str):
                    failures.append(f"{printable(files[i])} ({pixels})")
                else:
                    images[i] = pixels
                bar.update()
    if failures:
        raise DatasetError(
            f"{len(failures):,} of {len(files):,} images in {printable(root)} cannot be "
            f"read: {_first_five(failures)}. Remove them, or save them again from their originals."
        )


def _first_five(names: Sequence[str]) -> str:
    return "; ".join(names[:5]) + (f"; and {len(names) - 5:,} more" if len(names) > 5 else "")
