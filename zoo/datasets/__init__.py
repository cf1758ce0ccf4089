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

import os
from typing import Literal

from zoo.artifact.schema import Schema
from zoo.datasets import loading
from zoo.datasets.base import Dataset, ImageShape, Split
from zoo.datasets.binarization import binarize
from zoo.datasets.classes import classes, label_count, leave_out
from zoo.datasets.in_memory import from_arrays
from zoo.datasets.options import Options
from zoo.datasets.properties import with_properties
from zoo.datasets.sequences import of_arrays
from zoo.datasets.tabular import columns_of, from_frame

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
    "with_properties",
]


def names() -> tuple[str, ...]:
    """The embedded datasets, which need no network."""
    return loading.EMBEDDED


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
    tokenizer: Literal["auto", "smiles", "selfies", "characters"] = "auto",
    column: str | None = None,
) -> Dataset:
    """Load a dataset; `test` and `train` never share an example.

    Args:
        name: `digits`; `glyphs`, outlines of letters as drawings; one of scikit-learn's tables,
            `wine`, `breast_cancer` or `diabetes`; a law's draws, `oscillations` or `cell_counts`;
            an image dataset of TFDS (`mnist`, `emnist/letters`, `mnist:3.0.1`), or molecules of it
            (`qm9`, `qm9/dimenet`); or a path to a
            folder of images, a .zip or .tar of one, a .npz or a .npy, a table (a .csv, .tsv or
            .parquet), a .h5ad, or strings, one a line, a .smi or a .txt; `nci`, molecules that come
            with RDKit, and `moses`, those that come with molsets. A folder named like a dataset:
            ./mnist.
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
            `zoo.datasets.sequences.QUANTILE`. Of strings, tokens.
        tokenizer: how strings are cut: "smiles" and "selfies", of molecules, or "characters"; see
            `zoo.artifact.tokens.TOKENIZERS`. "auto" is "smiles" of a .smi and of a column named so.
        column: of a .csv or .tsv, the column that holds strings; of a dataset of TFDS the text.

    Raises:
        DatasetError: unknown, absent, unreadable or out-of-range data, or an option out of range.
        MissingDependency: the library that this source needs is not installed.
    """
    options = Options(
        seed=seed,
        image_shape=image_shape,
        test_share=test_share,
        test_split=test_split,
        memory_share=memory_share,
        cache_dir=cache_dir,
        skip_corrupt=skip_corrupt,
        columns=columns,
        label=label,
        unseen=unseen,
        kind=kind,
        time=time,
        entity=entity,
        window=window,
        stride=stride,
        steps=steps,
        tokenizer=tokenizer,
        column=column,
    )
    return loading.load(name, options)
