"""Counts of an AnnData file (.h5ad): cells by genes, sparse, made dense a batch at a time."""

from pathlib import Path
from typing import Any

import numpy as np

from zoo.datasets import counts
from zoo.datasets.base import Dataset, HoldOut, Origin, Rows, Split
from zoo.datasets.reading import printable
from zoo.errors import DatasetError, MissingDependency

SUFFIXES = (".h5ad",)
LAYER = "counts"
"""The layer that by custom keeps the counts where X holds something made of them."""


def load(path: Path, hold_out: HoldOut) -> Dataset:
    """Cells as examples and genes as features: of X, or of the layer `counts` where there is one.

    Raises:
        DatasetError: for a file that is none, or that has no counts.
        MissingDependency: where anndata is not installed.
    """
    try:
        import anndata
    except ImportError as error:
        raise MissingDependency(
            "A .h5ad is read by anndata, which is not installed: pip install 'vae-zoo[counts]'"
        ) from error
    try:
        read = anndata.read_h5ad(path)
    except Exception as error:  # a damaged file makes h5py raise nearly anything
        raise DatasetError(
            f"{printable(path)} cannot be read as AnnData: {printable(error)}. Wanted: a .h5ad "
            "that AnnData.write_h5ad wrote."
        ) from error
    layered = LAYER in read.layers
    matrix, what = (read.layers[LAYER], f"its layer {LAYER}") if layered else (read.X, "its X")
    if matrix is None:
        raise DatasetError(f"{printable(path)} has neither X nor a layer {LAYER}: add one.")
    values = Dense(matrix)
    counts.require_counts(f"{printable(path)} ({what[4:]})", values)
    splits = {"x": Split(Rows(values))}  # type: ignore[arg-type]  # it gives what an array gives
    names = tuple(printable(str(each)) for each in read.var_names)
    note = f"Counts are of {what}: {len(values):,} cells, {len(names):,} genes."
    return counts.dataset(Origin.of_file(path), splits, names, hold_out, note)


class Dense:
    """Rows of a sparse matrix, or of an array, dense where they are asked for; float32."""

    def __init__(self, matrix: Any):
        self.matrix = matrix.tocsr() if hasattr(matrix, "tocsr") else np.asarray(matrix)
        self.shape = matrix.shape
        self.dtype = np.dtype(np.float32)
        self.ndim = 2

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: Any) -> np.ndarray:
        chosen = self.matrix[rows]
        dense = chosen if isinstance(chosen, np.ndarray) else chosen.toarray()
        return np.asarray(dense, np.float32)
