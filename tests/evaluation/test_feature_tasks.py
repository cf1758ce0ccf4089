"""What networks of features learn: which labels make classes, and what mirroring is."""

import dataclasses

import numpy as np
import pytest

from zoo.datasets import Split, binarize
from zoo.evaluation.feature_tasks import Classes, Mirrorings, task_of


@pytest.fixture(scope="module")
def data(digits):
    return binarize(digits, "none")


def with_labels(data, change):
    """The data with labels changed by a function of (labels, part)."""
    parts = {}
    for part in ("train", "test"):
        split = getattr(data, part)
        labels = change(split.labels, part)
        changed = dataclasses.replace(split.split, labels=labels)
        parts[part] = dataclasses.replace(split, split=changed)
    return dataclasses.replace(data, **parts)


def test_labels_of_few_classes_are_learned(data):
    task = task_of(data)
    assert isinstance(task, Classes) and task.count == 10


@pytest.mark.parametrize(
    "change",
    [
        lambda labels, part: None,
        lambda labels, part: labels if part == "train" else None,
        lambda labels, part: np.arange(len(labels)),  # each image a class of its own
        lambda labels, part: np.zeros_like(labels),
    ],
)
def test_labels_that_make_no_classes_leave_the_mirrorings(data, change):
    assert isinstance(task_of(with_labels(data, change)), Mirrorings)


def test_classes_are_numbered_whatever_their_labels_are():
    labels = np.array([700, -3, 12, 700])
    split = Split(np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1) / 4, labels)
    x, y = Classes(labels).batch(split, np.array([1, 2, 3]), None)
    assert y.tolist() == [0, 1, 2] and x.ravel().tolist() == [0.25, 0.5, 0.75]
    unknown = dataclasses.replace(split, labels=np.array([-3, 13, 999, -9]))
    assert Classes(labels).batch(unknown, np.arange(4), None)[1].tolist() == [0, -1, -1, -1]


def test_mirrorings_are_what_they_are_numbered_as():
    images = np.random.default_rng(0).random((60, 5, 4, 3)).astype(np.float32)
    x, how = Mirrorings().batch(Split(images), np.arange(60), np.random.default_rng(1))
    assert set(how) == {0, 1, 2, 3}
    undone = [lambda i: i, np.fliplr, np.flipud, lambda i: np.rot90(i, 2)]
    for mirrored, image, number in zip(x, images, how, strict=True):
        np.testing.assert_array_equal(undone[number](mirrored), image)
