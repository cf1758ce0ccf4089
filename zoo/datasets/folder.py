"""A folder of the user's images, of any size and mode."""

import hashlib
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from zoo.artifact.schema import Schema
from zoo.datasets import storage
from zoo.datasets.base import (
    FEWEST_EXAMPLES,
    UNKNOWN_LICENCE,
    Dataset,
    Split,
    hold_out,
    slug,
)
from zoo.datasets.pixels import fit, pillow
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
    cache_dir: str | os.PathLike | None,
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
        train, test = whole.subset(slice(0, n_train)), whole.subset(slice(n_train, None))
        names = f"{parts[0][0].parts[0]}/ and {parts[1][0].parts[0]}/"
        sentence = f"The folder's own {names}, n={len(test):,}."
        if unused := len(files) - len(chosen):
            sentence += f" {unused:,} images elsewhere in the folder are not used."
    else:
        labels, words = _labels(chosen)
        whole = Split(images, labels)
        train, test, sentence = hold_out(whole, test_share, seed)
    name = root.resolve().name
    return Dataset(
        name=slug(name),
        train=train,
        test=test,
        schema=Schema("image", image_shape, spacing=1 / 255, uint8=True, classes=words),
        source=f"the user's own folder {name}, {len(chosen):,} images, resized and centre-cropped",
        licence=UNKNOWN_LICENCE,
        test_split=sentence,
    )


def _files(root: Path) -> Iterator[Path]:
    """Paths below root of every file that is not hidden; linked folders are followed, once."""
    seen = set()
    for folder, subfolders, names in os.walk(root, followlinks=True):
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
    strangers = [str(file) for file in files if file.suffix.lower() not in SUFFIXES]
    if strangers:
        raise DatasetError(
            f"{root} has {len(strangers):,} files that are not images: {_first_five(strangers)}. "
            f"Wanted: only {', '.join(SUFFIXES)}. Move the others elsewhere."
        )
    if len(files) < FEWEST_EXAMPLES:
        raise DatasetError(
            f"{root} has {len(files)} images; at least {FEWEST_EXAMPLES} are wanted "
            f"({', '.join(SUFFIXES)}, in subfolders too). Add images, or give another folder."
        )


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
    words = tuple(sorted(set(names)))
    if len(words) < 2:
        return None, ()
    index = {name: i for i, name in enumerate(words)}
    return np.array([index[name] for name in names], dtype=np.int64), words


def _decoded(
    root: Path,
    files: Sequence[Path],
    image_shape: tuple[int, int, int],
    memory_share: float,
    cache_dir: str | os.PathLike | None,
) -> np.ndarray:
    pillow()
    shape = (len(files), *image_shape)

    def write(arrays: storage.Arrays) -> None:
        _decode_all(root, files, image_shape, arrays["images"])

    key = f"{slug(root.resolve().name)}-{_fingerprint(root, files)}-" + "x".join(
        str(side) for side in image_shape
    )
    fields = {"images": (shape, np.uint8)}
    return storage.decoded(fields, write, key=key, memory_share=memory_share, cache_dir=cache_dir)[
        "images"
    ]


def _fingerprint(root: Path, files: Sequence[Path]) -> str:
    """Changes when a file is added, removed, renamed or written, and not when the folder moves."""
    digest = hashlib.sha256()
    for file in files:
        try:
            status = (root / file).stat()
        except OSError as error:
            raise DatasetError(
                f"{root / file} cannot be read ({error.strerror}): repair it or take it out of "
                "the folder."
            ) from error
        digest.update(f"{file.as_posix()}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _decode_all(
    root: Path, files: Sequence[Path], image_shape: tuple[int, int, int], images: np.ndarray
) -> None:
    def decode(file: Path) -> np.ndarray | str:
        return _decode(root / file, image_shape)

    failures = []
    workers = min(8, os.cpu_count() or 1)  # Pillow lets go of the lock while it decodes.
    with (
        ThreadPoolExecutor(workers) as pool,
        storage.progress(len(files), f"Decoding {root.name}") as bar,
    ):
        for start in range(0, len(files), _WINDOW):
            window = files[start : start + _WINDOW]
            for i, pixels in enumerate(pool.map(decode, window)):
                if isinstance(pixels, str):
                    failures.append(f"{window[i]} ({pixels})")
                else:
                    images[start + i] = pixels
                bar.update()
    if failures:
        raise DatasetError(
            f"{len(failures):,} of {len(files):,} images in {root} cannot be read: "
            f"{_first_five(failures)}. Remove them, or save them again from their originals."
        )


def _decode(file: Path, image_shape: tuple[int, int, int]) -> np.ndarray | str:
    """Pixels, or why there are none."""
    image_module = pillow()
    enough = 2 * max(image_shape[:2])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", image_module.DecompressionBombWarning)
            with image_module.open(file) as image:
                # A large JPEG is decoded at a fraction of its size, still twice what is wanted.
                image.draft(None, (enough, enough))
                return fit(image, image_shape)
    # A damaged file makes Pillow raise nearly anything (SyntaxError, struct.error, ...).
    except Exception as error:
        return f"{type(error).__name__}: {str(error).replace(str(file), file.name)}"


def _first_five(names: Sequence[str]) -> str:
    return "; ".join(names[:5]) + (f"; and {len(names) - 5:,} more" if len(names) > 5 else "")
