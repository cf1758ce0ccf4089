import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import Dataset, Schema, Split
from zoo.errors import DatasetError


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


def grey(level, count=2000):
    """A dataset whose every pixel is `level`."""
    images = np.full((count, 2, 2, 1), level, np.float32)
    return Dataset(
        "grey", Split(images), Split(images), Schema("image", (2, 2, 1)), "made", "none", "all"
    )


def test_evaluation_draws_are_the_same_at_every_call_and_in_any_batch(digits):
    test = datasets.binarize(digits, "dynamic", seed=5).test
    whole = test.examples(np.arange(20))
    assert set(np.unique(whole)) == {0.0, 1.0}
    np.testing.assert_array_equal(test.examples(np.arange(20)), whole)
    np.testing.assert_array_equal(test.examples(slice(7, 9)), whole[7:9])
    np.testing.assert_array_equal(test.examples([13, 2]), whole[[13, 2]])


def test_another_seed_draws_another_test_set(digits):
    one, other = (datasets.binarize(digits, "dynamic", seed).test for seed in (0, 1))
    assert (one.examples(slice(0, 50)) != other.examples(slice(0, 50))).any()


@pytest.mark.parametrize("level", [0.0, 0.25, 1.0])
def test_a_grey_level_is_the_probability_of_a_one(level):
    data = datasets.binarize(grey(level), "dynamic")
    bound = 5 * (level * (1 - level) / 8000) ** 0.5 + 1e-9
    assert abs(data.test.examples(slice(0, 2000)).mean() - level) <= bound
    batches = data.train.training_batches(1000, seed=0)
    assert abs(np.mean([batches.at(step) for step in range(2)]) - level) <= bound


def test_dynamic_binarization_draws_a_training_image_anew_and_static_does_not(digits):
    for mode, changes in (("dynamic", True), ("static", False), ("none", False)):
        train = datasets.binarize(digits, mode).train
        every = len(train)
        first, second = (train.training_batches(every, 0).at(step) for step in (0, 1))
        # A full pass in one batch holds every example, and the batch is sorted by index.
        assert (first != second).any() == changes, mode


def test_no_binarization_gives_the_values_themselves(digits):
    data = datasets.binarize(digits, "none")
    np.testing.assert_array_equal(data.test.examples([3]), digits.test.batch([3]))


def test_a_batch_is_a_function_of_seed_and_step_alone(digits):
    train = datasets.binarize(digits, "dynamic").train
    ahead, fresh = train.training_batches(64, seed=3), train.training_batches(64, seed=3)
    walked = [ahead.at(step) for step in range(60)]
    np.testing.assert_array_equal(fresh.at(57), walked[57])  # another pass over the data
    assert (train.training_batches(64, seed=4).at(57) != walked[57]).any()


def test_one_pass_shows_every_example_once():
    images = np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1)
    data = Dataset(
        "rows", Split(images), Split(images), Schema("image", (1, 1, 1)), "made", "none", "all"
    )
    batches = datasets.binarize(data, "none").train.training_batches(10, seed=0)
    seen = np.concatenate([batches.at(step).ravel() for step in range(10)])
    np.testing.assert_array_equal(np.sort(np.round(seen * 255)), np.arange(100))
    assert (np.round(seen * 255) != np.arange(100)).any()


def test_short_epochs_walk_through_the_same_steps(digits):
    train = datasets.binarize(digits, "dynamic").train
    long, short = train.training_batches(64, 0), train.training_batches(64, 0, steps_per_epoch=5)
    assert len(short) == 5
    short.epoch = 3
    np.testing.assert_array_equal(short[2][0], long.at(17))


def test_validation_is_cut_from_training_without_overlap(digits):
    train = datasets.binarize(digits, "none").train
    rest, validation = train.cut(0.1, seed=0)
    assert (len(rest), len(validation)) == (1294, 144)
    both = np.concatenate([rest.split.images, validation.split.images]).reshape(1438, -1)
    whole = train.split.images.reshape(1438, -1)
    order = np.lexsort(both.T), np.lexsort(whole.T)
    np.testing.assert_array_equal(both[order[0]], whole[order[1]])
    again, _ = train.cut(0.1, seed=0)
    np.testing.assert_array_equal(again.split.images, rest.split.images)


def test_evaluation_batches_cover_every_example_in_order(digits):
    test = datasets.binarize(digits, "dynamic").test
    batches = test.evaluation_batches(100)
    assert [len(batches[i][0]) for i in range(len(batches))] == [100, 100, 100, 59]
    np.testing.assert_array_equal(batches[3][0], test.examples(slice(300, 359)))


def test_a_split_of_one_example_cannot_be_cut():
    with pytest.raises(DatasetError, match="too few to cut"):
        datasets.binarize(grey(0.5, count=1), "none").train.cut(0.5, seed=0)


def test_an_unknown_binarization_is_refused(digits):
    with pytest.raises(DatasetError, match=r"'threshold'.*dynamic, static, none"):
        datasets.binarize(digits, "threshold")
