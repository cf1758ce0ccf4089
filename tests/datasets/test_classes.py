import dataclasses

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import Dataset, Schema, Split
from zoo.errors import DatasetError


def test_what_is_left_is_every_other_example_with_its_label(digits):
    rest = datasets.leave_out(digits, 3)
    for part in ("train", "test"):
        whole, left = getattr(digits, part), getattr(rest, part)
        others = [
            (int(label), image.tobytes())
            for label, image in zip(whole.labels, whole.images, strict=True)
            if label != 3
        ]
        kept = [
            (int(label), image.tobytes())
            for label, image in zip(left.labels, left.images, strict=True)
        ]
        assert kept == others and 0 < len(kept) < len(whole)


def test_its_name_and_test_split_say_what_was_left_out(digits):
    rest = datasets.leave_out(digits, 3)
    assert rest.name == "digits_without_3"
    assert rest.test_split == f"{digits.test_split} Class 3 left out of training and test set."
    assert (rest.event_shape, rest.licence) == (digits.event_shape, digits.licence)


def test_data_on_disk_stays_there(tmp_path):
    x = np.random.default_rng(0).random((40, 4), dtype=np.float32)
    np.save(tmp_path / "x.npy", x)
    on_disk = Split(np.load(tmp_path / "x.npy", mmap_mode="r"), np.arange(40) % 4)
    data = Dataset("made", on_disk, on_disk, Schema("vector", (4,)), "made", "none", "all")
    left = datasets.leave_out(data, 1).train
    assert isinstance(left.images.array, np.memmap)
    np.testing.assert_array_equal(left.batch(slice(None)), x[np.arange(40) % 4 != 1])


def test_the_classes_are_those_that_both_splits_have(digits):
    assert datasets.classes(digits) == tuple(range(10))
    seven = digits.test.subset(digits.test.labels >= 7)
    fewer = dataclasses.replace(digits, test=seven)
    assert datasets.classes(fewer) == (7, 8, 9)
    with pytest.raises(DatasetError, match="no class 3 in both"):
        datasets.leave_out(fewer, 3)


@pytest.mark.parametrize("label", [10, -1, "3"])
def test_an_unknown_class_is_refused_with_those_there_are(digits, label):
    with pytest.raises(DatasetError, match=rf"no class {label!r} in both .* 0, 1, 2, .* 9"):
        datasets.leave_out(digits, label)


def test_data_without_labels_is_refused(digits):
    unlabelled = dataclasses.replace(digits, test=Split(digits.test.images))
    for asked in (datasets.classes, lambda data: datasets.leave_out(data, 3)):
        with pytest.raises(DatasetError, match=r"no labels in test, .*y_test"):
            asked(unlabelled)


def test_the_only_class_is_refused(digits):
    threes = digits.train.subset(digits.train.labels == 3)
    data = dataclasses.replace(digits, train=threes, test=threes)
    with pytest.raises(DatasetError, match="without class 3 has 0 training and 0 test"):
        datasets.leave_out(data, 3)
