"""Tables by their path or as frames; pyarrow is imported when one is read, and not before."""

import importlib.util
import os
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from zoo.datasets.base import Dataset, HoldOut, slug
from zoo.datasets.reading import exists, expanded, printable
from zoo.errors import DatasetError, MissingDependency

if TYPE_CHECKING:
    from zoo.datasets.tables import sources

SUFFIXES = (".csv", ".tsv", ".parquet")
EMBEDDED = ("wine", "breast_cancer", "diabetes")
"""Names of scikit-learn's tables."""

StrPath = str | os.PathLike[str]


def from_frame(
    frame: object,
    name: str = "frame",
    *,
    seed: int = 0,
    test_share: float = 0.2,
    test_split: Literal["random", "last"] = "random",
    memory_share: float = 0.25,
    cache_dir: str | os.PathLike[str] | None = None,
    columns: str | os.PathLike[str] | None = None,
    label: str | None = None,
    unseen: Literal["refuse", "other"] = "refuse",
) -> Dataset:
    """A dataset of a table in memory: a pandas or polars frame, an Arrow table, a dict of columns.

    Args:
        frame: it; an index is left out, ordered categories keep their order.
        name: of the dataset, and part of the names of its artifacts.
        seed, test_share, test_split, memory_share, cache_dir, columns, label, unseen: as `load`.

    Raises:
        DatasetError: as `load`, or it is no frame.
        MissingDependency: pyarrow is not installed.
    """
    require_options(seed, test_share, test_split, memory_share)
    require_unseen(unseen)
    _require_arrow()
    from zoo.datasets.tables import frames, sources

    table = frames.as_arrow(frame)
    source = sources.Table(table, f"the frame {name!r:.60}", slug(name), "the user's own frame")
    hold_out = HoldOut(test_share, seed, last=test_split == "last")
    return load(source, hold_out, (columns, label, unseen), memory_share, cache_dir)


def columns_of(
    name: str | os.PathLike[str],
    columns: str | os.PathLike[str] | None = None,
    unseen: Literal["refuse", "other"] = "refuse",
) -> str:
    """What a table's columns are taken for, and why: a columns.yaml, to be edited.

    Args:
        name: path of a .csv, .tsv, .parquet or .npz, or one of `EMBEDDED`.
        columns: a columns.yaml that says so already of some.
        unseen: as `load`.

    Raises:
        DatasetError: it is no table, or its columns are not to be told.
    """
    path, hold_out = expanded(name), HoldOut(0.2)
    source = embedded(os.fspath(name), hold_out) if name in EMBEDDED else source_of(path)
    if source is None:
        raise DatasetError(
            f"{printable(path)} is no table. Wanted: a .csv, .tsv or .parquet, an .npz of columns, "
            f"or one of {', '.join(EMBEDDED)}."
        )
    from zoo.datasets.tables import columns_yaml, examining

    options = examining.Options(columns, None, unseen)
    found = examining.examine(source, hold_out, options, tolerant=True)
    return columns_yaml.text(found)


def source_of(path: Path) -> "sources.Source | None":
    """The table at a path; None where there is nothing, or something else.

    Raises:
        DatasetError: it cannot be read.
        MissingDependency: pyarrow is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in (*SUFFIXES, ".npz") or not exists(path) or path.is_dir():
        return None
    if suffix == ".npz" and importlib.util.find_spec("pyarrow") is None:
        return None
    _require_arrow()
    if suffix == ".npz":
        from zoo.datasets.tables import npz

        return npz.table_of(path)
    if suffix == ".parquet":
        from zoo.datasets.tables import parquet_files

        return parquet_files.Parquet(path)
    from zoo.datasets.tables import csv_files

    return csv_files.Csv(path)


def embedded(name: str, hold_out: HoldOut) -> "sources.Source":
    """One of `EMBEDDED`.

    Raises:
        MissingDependency: pyarrow or scikit-learn is not installed.
    """
    _require_arrow()
    from zoo.datasets import embedded_tables

    return embedded_tables.source(name, hold_out)


def _require_arrow() -> None:
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingDependency(
            "Tables are read by pyarrow, which is not installed: pip install pyarrow."
        )


def load(
    source: "sources.Source",
    hold_out: HoldOut,
    options: tuple[StrPath | None, str | None, str],
    memory_share: float,
    cache_dir: StrPath | None,
) -> Dataset:
    """The dataset of a table.

    Args:
        source: it.
        hold_out: of its test rows.
        options: (columns, label, unseen), as `zoo.datasets.load` has them.
        memory_share: part of the memory that its rows may take.
        cache_dir: of the files that hold more.
    """
    from zoo.datasets.tables import dataset, examining

    return dataset.load(source, hold_out, examining.Options(*options), memory_share, cache_dir)


def require_unseen(unseen: str) -> None:
    """Raises a `DatasetError` unless it is a choice."""
    if unseen not in ("refuse", "other"):
        raise DatasetError(f"unseen={unseen!r}; wanted: 'refuse' or 'other'.")


def require_options(seed: int, test_share: float, test_split: str, memory_share: float) -> None:
    """Raises a `DatasetError` for an option that every loader has, and that cannot be."""
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
