"""Real data as train and test splits, by name or from the user's own files.

data = datasets.load("digits")          # embedded; no network
data = datasets.load("mnist")           # any image dataset of TensorFlow Datasets
data = datasets.load("~/photos")        # a folder of images, or photos.zip, photos.tar.gz
data = datasets.load("spectra.npy")     # .npy or .npz
data = datasets.from_arrays(x, labels)  # what a program holds
data = datasets.load("sales.csv")       # a table: .csv, .tsv, .parquet, .npz
data = datasets.from_frame(frame)       # of pandas or polars
data.train.batch(slice(0, 64))          # float32 [64, *data.event_shape] in [0, 1]
"""

import difflib
import os
from pathlib import Path
from typing import Literal, cast

from zoo.artifact.schema import Schema
from zoo.datasets import tabular
from zoo.datasets.archives import SUFFIXES as _ARCHIVE_SUFFIXES
from zoo.datasets.base import Dataset, HoldOut, ImageShape, Split
from zoo.datasets.binarization import binarize
from zoo.datasets.classes import classes, label_count, leave_out
from zoo.datasets.in_memory import from_arrays
from zoo.datasets.reading import exists, expanded, printable
from zoo.datasets.sequences import of_arrays
from zoo.datasets.series import Cut
from zoo.datasets.tabular import columns_of, from_frame
from zoo.errors import DatasetError, MissingDependency

__all__ = [
    "Dataset",
    "Schema",
    "Split",
    "binarize",
    "classes",
    "columns_of",
    "from_arrays",
    "from_frame",
    "label_count",
    "leave_out",
    "load",
    "names",
    "of_arrays",
]

_LAWS = ("oscillations", "cell_counts")
_EMBEDDED = ("digits", "glyphs", *tabular.EMBEDDED, *_LAWS)
_DIGITS_SHAPE = (8, 8, 1)
_ARRAY_SUFFIXES = (".npz", ".npy")
_H5AD = ".h5ad"
_KINDS = ("auto", "series", "counts", "vector")


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
    columns: str | os.PathLike[str] | None = None,
    label: str | None = None,
    unseen: Literal["refuse", "other"] = "refuse",
    kind: Literal["auto", "series", "counts", "vector"] = "auto",
    time: str | None = None,
    entity: str | None = None,
    window: int | None = None,
    stride: int | None = None,
    steps: int | None = None,
) -> Dataset:
    """Load a dataset; `test` and `train` never share an example.

    Args:
        name: `digits`; `glyphs`, outlines of letters as drawings; one of scikit-learn's tables,
            `wine`, `breast_cancer` or `diabetes`; a law's draws, `oscillations` or `cell_counts`;
            an image dataset of TFDS (`mnist`, `emnist/letters`, `mnist:3.0.1`); or a path to a
            folder of images, a .zip or .tar of one, a .npz or a .npy, a table (a .csv, .tsv or
            .parquet), or a .h5ad. A folder named like a dataset: ./mnist.
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
        columns: of a table, a columns.yaml that says what its columns are, where the rules of
            docs/data.md say otherwise; `zoo columns FILE` writes one.
        label: of a table, the column that is the label, and leaves it.
        unseen: of a table, "other" makes one word of the rare ones and of those that the training
            rows lack; "refuse" leaves out test rows of such words.
        kind: what a file holds, where it may mean several things: "series", "counts" or, of whole
            numbers, "vector", numbers of any kind. "auto" takes [n, features] of whole numbers for
            counts (see `counts.are`), and a .csv for a table, or for series where `time` is given.
        time, entity: columns of a .csv of series: when a step was, and whose it is.
        window: steps of the windows that series are cut into; None is 64, or as many as fit.
        stride: steps from a window to the next; None is a quarter of a window.
        steps: of sequences of several lengths those of more steps are left out, and counted in
            `notes`. None keeps all, unless the longest are far from the others: see
            `zoo.datasets.sequences.QUANTILE`.

    Raises:
        DatasetError: unknown, absent, unreadable or out-of-range data, or an option out of range.
        MissingDependency: the library that this source needs is not installed.
    """
    image_shape = _checked_options(seed, image_shape, test_share, test_split, memory_share)
    tabular.require_unseen(unseen)
    hold_out = HoldOut(test_share, seed, last=test_split == "last")
    cut = Cut(time, entity, window, stride)
    if kind not in _KINDS:
        raise DatasetError(f"kind={kind!r}; wanted: one of {', '.join(_KINDS)}.")
    given = _text(name)
    path = expanded(given)
    source = None
    if kind == "auto" and not cut.is_asked_for:
        embedded = given in tabular.EMBEDDED
        source = tabular.embedded(given, hold_out) if embedded else tabular.source_of(path)
    if source is not None:
        _require_no_reading(given, kind, cut, steps)
        if image_shape is not None:
            raise DatasetError(f"{given!r:.60} is a table, which image_shape has no part in.")
        options = (columns, label, unseen)
        return tabular.load(source, hold_out, options, memory_share, cache_dir)
    for option, value in (("columns", columns), ("label", label)):
        if value is not None:
            raise DatasetError(
                f"{option}={os.fspath(value)!r:.60} is an option of tables, and {given!r:.60} is "
                f"none. Leave {option} out."
            )
    if given in _EMBEDDED:
        _require_no_reading(given, kind, cut, steps)
        return _load_embedded(given, hold_out, image_shape, steps)
    if (isinstance(name, os.PathLike) or _is_path(given)) and exists(path):
        if (
            path.suffix.lower() in (*_ARRAY_SUFFIXES, *tabular.SUFFIXES, _H5AD)
            and not path.is_dir()
        ):
            return _load_numbers(path, hold_out, image_shape, memory_share, kind, cut, steps)
        _require_no_reading(given, kind, cut, steps)
        return _load_path(path, hold_out, image_shape, memory_share, cache_dir, skip_corrupt)
    if isinstance(name, os.PathLike) or _is_path(given, and_nothing_else=True):
        raise DatasetError(f"Path not found: {printable(path.absolute())}. {_what_is_wanted()}")
    from zoo.datasets import tfds_builders

    try:
        known = tfds_builders.knows(given)
    except MissingDependency:
        if not exists(path):
            raise
        known = False
    if known or exists(path):
        _require_no_reading(given, kind, cut, steps)
    if known:
        from zoo.datasets import tfds_images

        return tfds_images.load(given, hold_out, image_shape, memory_share, cache_dir)
    if exists(path):
        return _load_path(path, hold_out, image_shape, memory_share, cache_dir, skip_corrupt)
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
    tabular.require_options(seed, test_share, test_split, memory_share)
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
    files = (*_ARRAY_SUFFIXES, *tabular.SUFFIXES, _H5AD, *_ARCHIVE_SUFFIXES)
    if given.lower().endswith(files) or given in (".", ".."):
        return True
    if given.startswith(("/", "~", "./", "../")) or "\\" in given or given.endswith("/"):
        return True
    if "/" not in given:
        return False
    if not and_nothing_else:
        return True
    from zoo.datasets import tfds_builders

    return not tfds_builders.knows(given)


def _load_embedded(
    name: str, hold_out: HoldOut, image_shape: ImageShape | None, steps: int | None
) -> Dataset:
    from zoo.datasets import digits, glyphs, laws

    if name != "digits" and image_shape is not None:
        raise DatasetError(
            f"image_shape={image_shape} was asked for, and {name} are no pictures. Leave "
            "image_shape out."
        )
    if name == "glyphs":
        return glyphs.load(hold_out, steps)
    if name in _LAWS:
        return {"oscillations": laws.oscillations, "cell_counts": laws.cell_counts}[name](hold_out)
    if image_shape not in (None, _DIGITS_SHAPE, _DIGITS_SHAPE[:2]):
        raise DatasetError(
            f"image_shape={image_shape} was asked for, and the digits are {_DIGITS_SHAPE}; they "
            "are not resized. Leave image_shape out."
        )
    return digits.load(hold_out)


def _load_numbers(
    path: Path,
    hold_out: HoldOut,
    image_shape: ImageShape | None,
    memory_share: float,
    kind: str,
    cut: Cut,
    steps: int | None,
) -> Dataset:
    """A file of numbers: arrays, a table of nothing else, or a .h5ad."""
    suffix = path.suffix.lower()
    if cut.is_asked_for and kind in ("counts", "vector"):
        raise DatasetError(
            f"time, entity, window and stride are options of series, and kind={kind}. Leave them "
            "out, or take --kind series."
        )
    if suffix in _ARRAY_SUFFIXES:
        from zoo.datasets import arrays

        return arrays.load(path, hold_out, image_shape, memory_share, kind, cut, steps)
    if image_shape is not None:
        raise DatasetError(
            f"image_shape={image_shape} was asked for, and {printable(path)} holds no pictures. "
            "Leave image_shape out."
        )
    if suffix == _H5AD:
        from zoo.datasets import h5ad

        if kind not in ("auto", "counts") or cut.is_asked_for:
            raise DatasetError(f"{printable(path)} is read as counts: leave --kind {kind} out.")
        return h5ad.load(path, hold_out)
    if kind == "vector":
        raise DatasetError(
            f"{printable(path)} is a table, whose columns may be of any kind: leave --kind vector "
            "out. Of counts alone say --kind counts, and of series --time COLUMN (and --entity "
            "COLUMN), or --kind series where its rows are in the order of time."
        )
    source = tabular.source_of(path)
    assert source is not None  # by its suffix
    if kind == "counts":
        from zoo.datasets import counts

        return counts.of_csv(source, hold_out, memory_share)
    from zoo.datasets import series_csv

    return series_csv.load(source, cut, hold_out, memory_share)


def _require_no_reading(given: str, kind: str, cut: Cut, steps: int | None) -> None:
    """Raises where it was said how to read a file, and this is none of numbers."""
    if steps is not None and given != "glyphs":
        raise DatasetError(
            f"steps={steps} is for sequences of several lengths, and {given} is none. Leave it out."
        )
    if kind != "auto" or cut.is_asked_for:
        raise DatasetError(
            f"{given} is no file of numbers: kind, time, entity, window and stride are options of "
            "a .npz, .npy or .csv. Leave them out."
        )


def _load_path(
    path: Path,
    hold_out: HoldOut,
    image_shape: ImageShape | None,
    memory_share: float,
    cache_dir: str | os.PathLike[str] | None,
    skip_corrupt: bool,
) -> Dataset:
    from zoo.datasets import folder

    if path.is_dir() or path.name.lower().endswith(_ARCHIVE_SUFFIXES):
        return folder.load(path, hold_out, image_shape, memory_share, cache_dir, skip_corrupt)
    raise DatasetError(
        f"{printable(path)} is no folder, .zip, .tar, .npz, .npy, .csv, .tsv, .parquet or .h5ad. "
        f"{_what_is_wanted()}"
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
        "as mnist, or a path to a folder of images, a .zip or .tar of one, a .npz or a .npy, a "
        "table (a .csv, .tsv or .parquet), or a .h5ad of counts."
    )
