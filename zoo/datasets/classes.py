"""The classes of a dataset, and a dataset less one of them: what anomaly detection trains on."""

from dataclasses import replace
from typing import Any

import numpy as np

from zoo.datasets.base import BaseDataset, Dataset, Split
from zoo.errors import DatasetError


def classes(data: BaseDataset[Any]) -> tuple[int, ...]:
    """The classes of which both training and test set have examples, in ascending order.

    Raises:
        DatasetError: the data has no labels.
    """
    train, test = _labels(data)
    return tuple(np.intersect1d(train, test).tolist())


def label_count(data: BaseDataset[Any]) -> int:
    """One more than the largest label of either split: a conditional model's labels are below it.

    Raises:
        DatasetError: the data has no labels.
    """
    return int(np.concatenate(_labels(data)).max()) + 1


def leave_out(data: Dataset, label: int) -> Dataset:
    """The dataset without the examples of one class in either split, `<name>_without_<label>`.

    Raises:
        DatasetError: the data has no labels, no such class in both splits, or no other class.
    """
    if label not in classes(data):
        raise DatasetError(
            f"{data.name} has no class {label!r} in both training and test set; they have "
            f"{', '.join(map(str, classes(data)))}."
        )
    train, test = (_without(split, label) for split in (data.train, data.test))
    if not len(train) or not len(test):
        raise DatasetError(
            f"{data.name} without class {label} has {len(train):,} training and {len(test):,} test "
            "examples; wanted: some of each. Data of more classes is needed."
        )
    return replace(
        data,
        name=f"{data.name}_without_{int(label)}",
        train=train,
        test=test,
        test_split=f"{data.test_split} Class {int(label)} left out of training and test set.",
    )


def _labels(data: BaseDataset[Any]) -> list[np.ndarray]:
    parts = {"train": data.train, "test": data.test}
    unlabelled = [part for part, split in parts.items() if split.labels is None]
    if unlabelled:
        raise DatasetError(
            f"{data.name} has no labels in {' and '.join(unlabelled)}, and its classes are wanted. "
            "An .npz carries labels as y_train and y_test (or y), integers [n]; a folder of images "
            "has them where each class has a folder of its own."
        )
    return [split.labels for split in parts.values()]


def _without(split: Split, label: int) -> Split:
    return split.subset(np.flatnonzero(split.labels != label))
