"""From a name or a path to the loader that knows it."""

import difflib
import os
from pathlib import Path

from zoo.datasets import tabular
from zoo.datasets.archives import SUFFIXES as _ARCHIVE_SUFFIXES
from zoo.datasets.base import Dataset
from zoo.datasets.options import Options
from zoo.datasets.reading import exists, expanded, printable
from zoo.errors import DatasetError, MissingDependency

_LAWS = ("oscillations", "cell_counts")
_PACKAGED = ("nci", "moses")  # molecules of packages, which may not be installed
EMBEDDED = ("digits", "glyphs", *tabular.EMBEDDED, *_LAWS)
_DIGITS_SHAPE = (8, 8, 1)
_ARRAY_SUFFIXES = (".npz", ".npy")
_H5AD = ".h5ad"


def load(name: str | os.PathLike[str], options: Options) -> Dataset:
    """As `zoo.datasets.load`."""
    given = _text(name)
    path = expanded(given)
    source, hold_out = None, options.hold_out
    if given in _PACKAGED or _is_of_strings(path, options):
        return _load_strings(given, path, options)
    if not options.reads_numbers:
        embedded = given in tabular.EMBEDDED
        source = tabular.embedded(given, hold_out) if embedded else tabular.source_of(path)
    if source is not None:
        _require_no_reading(given, options)
        if options.image_shape is not None:
            raise DatasetError(f"{given!r:.60} is a table, which image_shape has no part in.")
        of_table = (options.columns, options.label, options.unseen)
        return tabular.load(source, hold_out, of_table, options.memory_share, options.cache_dir)
    for option, value in (("columns", options.columns), ("label", options.label)):
        if value is not None:
            raise DatasetError(
                f"{option}={os.fspath(value)!r:.60} is an option of tables, and {given!r:.60} is "
                f"none. Leave {option} out."
            )
    if given in EMBEDDED:
        _require_no_reading(given, options)
        return _load_embedded(given, options)
    if (isinstance(name, os.PathLike) or _is_path(given)) and exists(path):
        if (
            path.suffix.lower() in (*_ARRAY_SUFFIXES, *tabular.SUFFIXES, _H5AD)
            and not path.is_dir()
        ):
            return _load_numbers(path, options)
        _require_no_reading(given, options)
        return _load_path(path, options)
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
        return _load_tfds(given, path, options)
    if exists(path):
        _require_no_reading(given, options)
        return _load_path(path, options)
    raise DatasetError(_unknown(given))


def _text(name: str | os.PathLike[str]) -> str:
    given = os.fspath(name) if isinstance(name, str | os.PathLike) else name
    if not isinstance(given, str) or not given:
        raise DatasetError(f"{name!r} is no name of a dataset. {_what_is_wanted()}")
    return given


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


def _is_of_strings(path: Path, options: Options) -> bool:
    """Whether it is a file of strings, by its ending, or was said to be read as one."""
    from zoo.datasets.strings import lines

    return options.reads_strings or lines.suffix(path) in lines.SUFFIXES


def _load_strings(given: str, path: Path, options: Options) -> Dataset:
    from zoo.datasets.strings import lines, loading

    if options.image_shape is not None or options.reads_numbers:
        raise DatasetError(
            f"{given!r:.60} is of strings: image_shape, kind, time, entity, window and stride are "
            "options of other data. Leave them out."
        )
    if given in _PACKAGED:
        return loading.named(given, options.told, options.hold_out)
    if lines.suffix(path) not in (*lines.SUFFIXES, *lines.TABLES):
        if _knows(given):
            from zoo.datasets.strings import tfds_texts

            return tfds_texts.load(given, options.told, options.hold_out)
        raise DatasetError(
            f"{given!r:.60} is no file of strings; wanted: {', '.join(_PACKAGED)}, a .smi, a .txt, "
            "or a .csv or .tsv whose column is named, each as .gz too, or a dataset of TensorFlow "
            "Datasets whose text is named, as qm9. Else leave tokenizer and column out."
        )
    if not exists(path):
        raise DatasetError(f"Path not found: {printable(path.absolute())}. {_what_is_wanted()}")
    return loading.of_file(path, options.told, options.hold_out)


def _knows(given: str) -> bool:
    """Whether TensorFlow Datasets, where it is installed, has a dataset of this name."""
    from zoo.datasets import tfds_builders

    try:
        return tfds_builders.knows(given)
    except MissingDependency:
        return False


def _load_embedded(name: str, options: Options) -> Dataset:
    from zoo.datasets import digits, glyphs, laws

    image_shape, hold_out = options.image_shape, options.hold_out
    if name != "digits" and image_shape is not None:
        raise DatasetError(
            f"image_shape={image_shape} was asked for, and {name} are no pictures. Leave "
            "image_shape out."
        )
    if name == "glyphs":
        return glyphs.load(hold_out, options.steps)
    if name in _LAWS:
        return {"oscillations": laws.oscillations, "cell_counts": laws.cell_counts}[name](hold_out)
    if image_shape not in (None, _DIGITS_SHAPE, _DIGITS_SHAPE[:2]):
        raise DatasetError(
            f"image_shape={image_shape} was asked for, and the digits are {_DIGITS_SHAPE}; they "
            "are not resized. Leave image_shape out."
        )
    return digits.load(hold_out)


def _load_numbers(path: Path, options: Options) -> Dataset:
    """A file of numbers: arrays, a table of nothing else, or a .h5ad."""
    suffix, kind, cut = path.suffix.lower(), options.kind, options.cut
    image_shape, hold_out = options.image_shape, options.hold_out
    memory_share = options.memory_share
    if cut.is_asked_for and kind in ("counts", "vector"):
        raise DatasetError(
            f"time, entity, window and stride are options of series, and kind={kind}. Leave them "
            "out, or take --kind series."
        )
    if suffix in _ARRAY_SUFFIXES:
        from zoo.datasets import arrays

        return arrays.load(path, hold_out, image_shape, memory_share, kind, cut, options.steps)
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


def _require_no_reading(given: str, options: Options) -> None:
    """Raises where it was said how to read a file, and this is none of numbers."""
    if options.steps is not None and given != "glyphs":
        raise DatasetError(
            f"steps={options.steps} is for sequences of several lengths, and {given} is none. "
            "Leave it out."
        )
    if options.reads_numbers:
        raise DatasetError(
            f"{given} is no file of numbers: kind, time, entity, window and stride are options of "
            "a .npz, .npy or .csv. Leave them out."
        )


def _load_tfds(given: str, path: Path, options: Options) -> Dataset:
    """A dataset of TensorFlow Datasets: its images, or the strings of one that is of molecules."""
    from zoo.datasets import tfds_images
    from zoo.datasets.strings import tfds_texts

    if tfds_texts.is_of_strings(given):
        return _load_strings(given, path, options)
    _require_no_reading(given, options)
    return tfds_images.load(
        given, options.hold_out, options.image_shape, options.memory_share, options.cache_dir
    )


def _load_path(path: Path, options: Options) -> Dataset:
    from zoo.datasets import folder

    if path.is_dir() or path.name.lower().endswith(_ARCHIVE_SUFFIXES):
        return folder.load(
            path,
            options.hold_out,
            options.image_shape,
            options.memory_share,
            options.cache_dir,
            options.skip_corrupt,
        )
    raise DatasetError(
        f"{printable(path)} is no folder, .zip, .tar, .npz, .npy, .csv, .tsv, .parquet or .h5ad. "
        f"{_what_is_wanted()}"
    )


def _unknown(given: str) -> str:
    from zoo.datasets import tfds_builders

    candidates = [*EMBEDDED, *tfds_builders.names()]
    close = difflib.get_close_matches(given.split(":")[0].split("/")[0], candidates, n=6)
    nearest = [name for name in close if name in EMBEDDED or _is_taken(name)][:3]
    hint = f"Nearest: {', '.join(nearest)}. " if nearest else ""
    here = "and there is no such file or folder here"
    return f"Unknown dataset {given!r}, {here}. {hint}{_what_is_wanted()}"


def _is_taken(name: str) -> bool:
    """Whether a dataset of TensorFlow Datasets is of images or of molecules."""
    from zoo.datasets import tfds_builders
    from zoo.datasets.strings import tfds_texts

    try:
        return tfds_builders.is_of_images(name) or tfds_texts.is_of_strings(name)
    except DatasetError:
        return False


def _what_is_wanted() -> str:
    return (
        f"Wanted: {', '.join(EMBEDDED)} (embedded), an image dataset of TensorFlow Datasets such "
        f"as mnist, molecules ({', '.join(_PACKAGED)}, qm9), or a path to a folder of images, a "
        ".zip or .tar of one, a .npz or a .npy, a table (a .csv, .tsv or .parquet), a .h5ad of "
        "counts, or a .smi or .txt of strings."
    )
