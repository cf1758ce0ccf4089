import re
import subprocess
import sys

import numpy as np
import pytest

from zoo import datasets
from zoo.errors import DatasetError

sklearn_datasets = pytest.importorskip("sklearn.datasets")


def rows(split):
    return {image.tobytes() for image in split.batch(slice(None))}


def test_digits_are_the_1797_images_of_scikit_learn_divided_by_16():
    data = datasets.load("digits")
    images = sklearn_datasets.load_digits().images
    both = np.concatenate([data.train.batch(slice(None)), data.test.batch(slice(None))])
    expected = images[..., None] / 16
    assert (len(data.train), len(data.test)) == (1438, 359)
    assert data.event_shape == (8, 8, 1) and both.dtype == np.float32
    assert sorted(image.tobytes() for image in both) == sorted(
        image.tobytes() for image in expected.astype(np.float32)
    )
    assert set(np.unique(both * 16)) == set(range(17))
    assert data.train.labels.dtype == np.int64


def test_labels_of_digits_stay_with_their_images():
    digits = sklearn_datasets.load_digits()
    label_of = {
        (image / 16).astype(np.float32).tobytes(): label
        for image, label in zip(digits.images, digits.target, strict=True)
    }
    test = datasets.load("digits", seed=3).test
    for image, label in zip(test.batch(slice(None)), test.labels, strict=True):
        assert label_of[image.tobytes()] == label


def test_train_and_test_share_no_example():
    data = datasets.load("digits")
    assert not rows(data.train) & rows(data.test)


def test_one_seed_gives_one_split_and_another_seed_another():
    first, again = datasets.load("digits", seed=1), datasets.load("digits", seed=1)
    other = datasets.load("digits", seed=2)
    np.testing.assert_array_equal(first.test.images, again.test.images)
    np.testing.assert_array_equal(first.train.labels, again.train.labels)
    assert rows(first.test) != rows(other.test)
    assert "n=359" in first.test_split and "seed=1" in first.test_split


def test_batch_takes_slices_lists_arrays_and_masks():
    split = datasets.load("digits").test
    whole = split.batch(slice(None))
    np.testing.assert_array_equal(split.batch([4, 0]), whole[[4, 0]])
    np.testing.assert_array_equal(split.batch(np.array([2, 2])), whole[[2, 2]])
    np.testing.assert_array_equal(split.batch(split.labels == 3), whole[split.labels == 3])
    np.testing.assert_array_equal(split.batch(6), whole[[6]])
    with pytest.raises(IndexError):
        split.batch([len(split)])
    assert split.batch([]).shape == (0, 8, 8, 1)
    assert len(split.take(5)) == 5 and len(split.take(10**6)) == len(split)
    np.testing.assert_array_equal(split.subset([7, 1]).labels, split.labels[[7, 1]])


def test_names_are_the_embedded_datasets():
    tables, laws = ("wine", "breast_cancer", "diabetes"), ("oscillations", "cell_counts")
    assert datasets.names() == ("digits", "glyphs", *tables, *laws)


@pytest.mark.parametrize(
    "options",
    [
        {"test_share": 0},
        {"test_share": 1.0},
        {"memory_share": 0},
        {"image_shape": (8,)},
        {"image_shape": (16, 16)},  # valid, but digits are not resized
        {"image_shape": (0, 8, 1)},
        {"image_shape": (8, 8, 2)},
        {"image_shape": (8.5, 8, 1)},
        {"image_shape": (32, 32, 3)},  # valid, but digits are not resized
        {"seed": -1},
        {"seed": None},
    ],
)
def test_an_option_out_of_range_is_named_with_its_value(options):
    ((name, value),) = options.items()
    with pytest.raises(DatasetError, match=re.escape(f"{name}={value}")):
        datasets.load("digits", **options)


@pytest.mark.parametrize("path", ["nowhere/at_all", "absent.npz", "absent.npy", "./mnist", "/no/x"])
def test_an_absent_path_is_said_to_be_absent(path):
    with pytest.raises(DatasetError, match="Path not found"):
        datasets.load(path)


def test_importing_datasets_loads_neither_tensorflow_nor_other_readers():
    heavy = ("tensorflow", "tensorflow_datasets", "sklearn", "PIL", "keras")
    code = f"import sys, zoo.datasets; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


def test_the_last_examples_are_held_out_in_their_order_where_that_is_asked(tmp_path):
    frames = np.arange(40, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)
    np.save(tmp_path / "film.npy", frames)
    data = datasets.load(tmp_path / "film.npy", test_share=0.25, test_split="last", seed=3)
    np.testing.assert_array_equal(data.train.images[:, 0, 0, 0], np.arange(30))
    np.testing.assert_array_equal(data.test.images[:, 0, 0, 0], np.arange(30, 40))
    assert data.test_split == "The last 10 of 40 examples (25%), n=10."
    training, validation = datasets.binarize(data, "none").train.cut(0.2, seed=5)
    assert list(training.split.positions) == list(range(24))  # neighbours of none that validates
    assert list(validation.split.positions) == list(range(24, 30))


def test_another_test_split_is_refused():
    with pytest.raises(DatasetError, match="test_split='first'; wanted: 'random' or 'last'"):
        datasets.load("digits", test_split="first")
