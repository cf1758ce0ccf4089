"""A dataset less one of its classes: what anomaly detection trains on."""

from dataclasses import replace

import numpy as np

from zoo.datasets.base import Dataset, Split
from zoo.errors import DatasetError


def leave_out(data: Dataset, label: int) -> Dataset:
    """The dataset without the examples of one class in either split, `<name>_without_<label>`.

    Raises:
        DatasetError: the data has no labels, no such class, or no other one.
    """
    parts = {"train": data.train, "test": data.test}
    unlabelled = [part for part, split in parts.items() if split.labels is None]
    if unlabelled:
        raise DatasetError(
            f"{data.name} has no labels in {' and '.join(unlabelled)}: class {label} cannot be "
            "left out. An .npz carries them as y_train and y_test, integers [n]."
        )
    for part, split in parts.items():
        classes = np.unique(split.labels)
        if label not in classes:
            raise DatasetError(
                f"{data.name} has no class {label!r} in {part}; there are "
                f"{', '.join(map(str, classes))}."
            )
        if len(classes) == 1:
            raise DatasetError(
                f"{data.name} has only class {label} in {part}: without it nothing is left."
            )
    return replace(
        data,
        name=f"{data.name}_without_{label}",
        train=_without(data.train, label),
        test=_without(data.test, label),
        test_split=f"{data.test_split} Class {label} left out of training and test set.",
    )


def _without(split: Split, label: int) -> Split:
    return split.subset(np.flatnonzero(split.labels != label))
