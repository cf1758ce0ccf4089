"""Real data as train and test splits, by name or from the user's own files.

data = datasets.load("digits")          # embedded; no network
data = datasets.load("mnist")           # any image dataset of TensorFlow Datasets
data = datasets.load("~/photos")        # a folder of images, or photos.zip, photos.tar.gz
data = datasets.load("spectra.npy")     # .npy or .npz
data.train.batch(slice(0, 64))          # float32 [64, *data.event_shape] in [0, 1]
"""

import difflib
import os
from numbers import Integral
from pathlib import Path
from typing import Literal, cast

from zoo.artifact.schema import Schema
from zoo.datasets.archives import SUFFIXES as _ARCHIVE_SUFFIXES
from zoo.datasets.base import Dataset, HoldOut, ImageShape, Split
from zoo.datasets.binarization import binarize
from zoo.datasets.classes import classes, label_count, leave_out
from zoo.datasets.reading import exists, expanded, printable
from zoo.datasets.sequences import of_arrays
from zoo.errors import DatasetError, MissingDependency

__all__ = [
    "Dataset",
    "Schema",
    "Split",
    "binarize",
    "classes",
    "label_count",
    "leave_out",
    "load",
    "names",
    "of_arrays",
]

_EMBEDDED = ("digits", "glyphs")
_DIGITS_SHAPE = (8, 8, 1)
_ARRAY_SUFFIXES = (".npz", ".npy")


def names() -> tuple[str, ...]:
    """The embedded datasets, which need no network."""
    return _EMBEDDED


def load(
    name: str | os.PathLike[str],
    *,
    seed: int = 0,
    image_shape: ImageShape | None = None,
    test_share: float = 0.2,
    test_split: Literal["random", "last"] = "random",
    memory_share: float = 0.25,
    cache_dir: str | os.PathLike[str] | None = None,
    skip_corrupt: bool = False,
    steps: int | None = None,
) -> Dataset:
    """Load a dataset; `test` and `train` never share an example.

    Args:
        name: `digits`; `glyphs`, outlines of letters as drawings; an image dataset of TFDS
            (`mnist`, `emnist/letters`, `mnist:3.0.1`); or a path to a folder of images, a .zip or
            .tar of one, a .npz or a .npy. A folder named like a dataset: ./mnist.
        seed: draws the held-out test set, where the data has none of its own.
        image_shape: (height, width, 1 or 3) to resize and crop to, or (height, width), of which
            the channels are chosen. None keeps one common size; for files of several sizes a square
            is chosen, and one channel where all are grey (the dataset's `notes` say what), for
            those of TFDS (32, 32, 3). Arrays and digits are not resized.
        test_share: part held out as test set, in (0, 1), where the data has none of its own.
        test_split: "random" examples are held out, or the "last" in the order of the data, as of
            what was taken one after the other: neighbours in time are alike.
        memory_share: part of the physical memory that decoded images may take; more go to files.
        cache_dir: folder of those files; None is $VAE_ZOO_CACHE or ~/.cache/vae-zoo.
        skip_corrupt: leave out images of a folder or archive that cannot be decoded, at most half
            of them, and name them in `notes`.
        steps: of sequences of several lengths those of more steps are left out, and counted in
            `notes`. None keeps all, unless the longest are far from the others: see
            `zoo.datasets.sequences.QUANTILE`.

    Raises:
        DatasetError: unknown, absent, unreadable or out-of-range data, or an option out of range.
        MissingDependency: the library that this source needs is not installed.
    """
    image_shape = _checked_options(seed, image_shape, test_share, test_split, memory_share)
    hold_out = HoldOut(test_share, seed, last=test_split == "last")
    given = _text(name)
    path = expanded(given)
    if given == "digits":
        return _load_digits(hold_out, image_shape)
    if given == "glyphs":
        from zoo.datasets import glyphs

        return glyphs.load(hold_out, steps)
    if (isinstance(name, os.PathLike) or _is_path(given)) and exists(path):
        return _load_path(path, hold_out, image_shape, memory_share, cache_dir, skip_corrupt, steps)
    if isinstance(name, os.PathLike) or _is_path(given, and_nothing_else=True):
        raise DatasetError(f"Path not found: {printable(path.absolute())}. {_what_is_wanted()}")
    from zoo.datasets import tfds_builders

    try:
        known = tfds_builders.knows(given)
    except MissingDependency:
        if not exists(path):
            raise
        known = False
    if known:
        from zoo.datasets import tfds_images

        return tfds_images.load(given, hold_out, image_shape, memory_share, cache_dir)
    if exists(path):
        return _load_path(path, hold_out, image_shape, memory_share, cache_dir, skip_corrupt, steps)
    raise DatasetError(_unknown(given))


def _text(name: str | os.PathLike[str]) -> str:
    given = os.fspath(name) if isinstance(name, str | os.PathLike) else name
    if not isinstance(given, str) or not given:
        raise DatasetError(f"{name!r} is no name of a dataset. {_what_is_wanted()}")
    return given


def _checked_options(
    seed: int,
    image_shape: ImageShape | None,
    test_share: float,
    test_split: str,
    memory_share: float,
) -> ImageShape | None:
    if not isinstance(seed, Integral) or seed < 0:
        raise DatasetError(f"seed={seed!r}; wanted: an integer of at least 0.")
    if not 0 < test_share < 1:
        raise DatasetError(f"test_share={test_share}; wanted: a number between 0 and 1, as 0.2.")
    if test_split not in ("random", "last"):
        raise DatasetError(f"test_split={test_split!r}; wanted: 'random' or 'last'.")
    if not memory_share > 0:
        raise DatasetError(
            f"memory_share={memory_share}; wanted: a number above 0, as 0.25 for a quarter."
        )
    if image_shape is None:
        return None
    try:
        sides = tuple(int(side) for side in image_shape)
        valid = len(sides) in (2, 3) and min(sides[:2]) > 0 and sides[2:] in ((), (1,), (3,))
        valid = valid and sides == tuple(image_shape)
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise DatasetError(
            f"image_shape={image_shape!r}; wanted: (height, width) or (height, width, channels), "
            "positive integers with 1 or 3 channels, as (32, 32, 3)."
        )
    return cast(ImageShape, sides)


def _is_path(given: str, and_nothing_else: bool = False) -> bool:
    """Whether the text reads as a path; `emnist/letters` may be a path or a name of TFDS."""
    if given.lower().endswith((*_ARRAY_SUFFIXES, *_ARCHIVE_SUFFIXES)) or given in (".", ".."):
        return True
    if given.startswith(("/", "~", "./", "../")) or "\\" in given or given.endswith("/"):
        return True
    if "/" not in given:
        return False
    if not and_nothing_else:
        return True
    from zoo.datasets import tfds_builders

    return not tfds_builders.knows(given)


def _load_digits(hold_out: HoldOut, image_shape: ImageShape | None) -> Dataset:
    from zoo.datasets import digits

    if image_shape not in (None, _DIGITS_SHAPE, _DIGITS_SHAPE[:2]):
        raise DatasetError(
            f"image_shape={image_shape} was asked for, and the digits are {_DIGITS_SHAPE}; they "
            "are not resized. Leave image_shape out."
        )
    return digits.load(hold_out)


def _load_path(
    path: Path,
    hold_out: HoldOut,
    image_shape: ImageShape | None,
    memory_share: float,
    cache_dir: str | os.PathLike[str] | None,
    skip_corrupt: bool,
    steps: int | None,
) -> Dataset:
    from zoo.datasets import arrays, folder

    if path.is_dir() or path.name.lower().endswith(_ARCHIVE_SUFFIXES):
        return folder.load(path, hold_out, image_shape, memory_share, cache_dir, skip_corrupt)
    if path.suffix.lower() in _ARRAY_SUFFIXES:
        return arrays.load(path, hold_out, image_shape, memory_share, steps)
    raise DatasetError(
        f"{printable(path)} is no folder, .zip, .tar, .npz or .npy. {_what_is_wanted()}"
    )


def _unknown(given: str) -> str:
    from zoo.datasets import tfds_builders

    candidates = [*_EMBEDDED, *tfds_builders.names()]
    close = difflib.get_close_matches(given.split(":")[0].split("/")[0], candidates, n=6)
    nearest = [name for name in close if name in _EMBEDDED or tfds_builders.is_of_images(name)][:3]
    hint = f"Nearest: {', '.join(nearest)}. " if nearest else ""
    return f"Unknown dataset {given!r}. {hint}{_what_is_wanted()}"


def _what_is_wanted() -> str:
    return (
        f"Wanted: {', '.join(_EMBEDDED)} (embedded), an image dataset of TensorFlow Datasets such "
        "as mnist, or a path to a folder of images, a .zip or .tar of one, a .npz or a .npy."
    )
