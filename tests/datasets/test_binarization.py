import dataclasses

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import Dataset, Schema, Split, fingerprint, storage
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


def rows_of(x):
    return x.reshape(len(x), -1)


@pytest.fixture(scope="module")
def grey_noise():
    """Examples that a column of their own tells apart, 0 or 1 and so never changed by a draw."""
    images = np.random.default_rng(0).random((300, 4, 5, 1)).astype(np.float32)
    images[:, :2, :, 0] = (np.arange(300)[:, None] >> np.arange(10) & 1).reshape(300, 2, 5)
    split = Split(images, np.arange(300) % 3)
    return Dataset("noise", split, split, Schema("image", (4, 5, 1)), "made", "none", "all")


def draws(x):
    """{number of the example: the set of its draws}."""
    found = {}
    for row in rows_of(np.asarray(x)):
        found.setdefault(int(row[:10] @ (1 << np.arange(10))), set()).add(row.tobytes())
    return found


@pytest.mark.parametrize("mode", ["static", "dynamic"])
def test_an_example_has_one_draw_in_every_part_and_subset(grey_noise, mode):
    train = datasets.binarize(grey_noise, mode, seed=7).train
    whole = draws(train.examples(slice(None)))
    assert sorted(whole) == list(range(300))
    rest, validation = train.cut(0.2, seed=3)
    some = np.array([5, 200, 17, 17, 299])
    fewer = dataclasses.replace(
        grey_noise, train=grey_noise.train.subset(some), test=grey_noise.test.take(40)
    )
    for part in (
        rest,
        validation,
        validation.subset([9, 4]),
        rest.cut(0.5, seed=1)[1],
        train.subset(some),
        datasets.binarize(fewer, mode, seed=7).train,
        datasets.binarize(datasets.leave_out(grey_noise, 1), mode, seed=7).train,
    ):
        seen = draws(part.examples(np.arange(len(part))))
        assert seen.items() <= whole.items()
        batches = part.evaluation_batches(7)
        for i in range(len(batches)):
            assert draws(batches[i][0]).items() <= whole.items()
    test = datasets.binarize(fewer, mode, seed=7).test
    test_whole = draws(datasets.binarize(grey_noise, mode, seed=7).test.examples(slice(None)))
    assert draws(test.examples(slice(None))).items() <= test_whole.items()
    same = sum(test_whole[i] == whole[i] for i in range(300))
    assert same < 30  # ten pixels coincide once in hundreds


def test_static_training_batches_hold_the_draws_that_are_evaluated(grey_noise):
    train = datasets.binarize(grey_noise, "static", seed=7).train
    whole = draws(train.examples(slice(None)))
    rest, validation = train.cut(0.2, seed=3)
    batches = rest.training_batches(16, seed=11)
    seen = draws(np.concatenate([batches.at(step) for step in range(40)]))
    assert seen.items() <= whole.items() and len(seen) == len(rest)
    assert not set(seen) & set(draws(validation.examples(slice(None))))


def test_the_fingerprint_changes_with_any_value_label_length_or_position(tmp_path):
    x = np.random.default_rng(0).random((500, 4, 3)).astype(np.float32)
    split = Split(x, np.arange(500) % 5, np.full(500, 4))
    prints = {name: fingerprint.of_split(made) for name, made in changed_splits(split).items()}
    prints["itself"] = fingerprint.of_split(split)
    assert len(set(prints.values())) == len(prints), prints
    assert (
        fingerprint.of_split(Split(x.copy(), split.labels.copy(), split.lengths.copy()))
        == prints["itself"]
    )


def changed_splits(split):
    """Splits that differ in one value of one example, in order, in dtype or in what they lack."""
    value, label, length = split.images.copy(), split.labels.copy(), split.lengths.copy()
    value[123, 2, 1] = np.nextafter(value[123, 2, 1], np.float32(2))
    label[77], length[401] = 9, 3
    order = np.arange(500)
    order[[8, 9]] = order[[9, 8]]
    return {
        "value": dataclasses.replace(split, images=value),
        "label": dataclasses.replace(split, labels=label),
        "length": dataclasses.replace(split, lengths=length),
        "no labels": dataclasses.replace(split, labels=None),
        "no lengths": dataclasses.replace(split, lengths=None),
        "labels as lengths": Split(split.images, split.lengths, split.labels),
        "order": dataclasses.replace(split.subset(order), positions=None),
        "positions": dataclasses.replace(split, positions=order),
        "fewer": split.take(499),
        "shape": dataclasses.replace(split, images=split.images.reshape(500, 3, 4)),
        "uint8": dataclasses.replace(split, images=split.images.view(np.uint8)),
    }


def test_equal_data_has_one_fingerprint_in_memory_and_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "CHUNK_BYTES", 1000)  # many chunks
    for dtype in (np.uint8, np.float32, np.float64, np.bool_, ">f4"):
        x = (np.random.default_rng(0).random((60, 5, 4)) > 0.5).astype(dtype)
        x *= np.array(255 if dtype == np.uint8 else 1, x.dtype)
        np.save(tmp_path / "x.npy", x)
        memory, disk = (
            datasets.load(tmp_path / "x.npy", memory_share=share) for share in (0.25, 1e-12)
        )
        for part in ("train", "test"):
            one, other = (
                getattr(datasets.binarize(data, "none"), part).fingerprint()
                for data in (memory, disk)
            )
            assert one == other, dtype


def test_a_label_that_is_no_int32_is_refused():
    split = Split(np.zeros((2, 2), np.float32), np.array([1, 2**32 + 3]))
    data = Dataset("wide", split, split, Schema("vector", (2,)), "made", "none", "all")
    with pytest.raises(DatasetError, match="label 4294967299 does not fit an int32"):
        datasets.binarize(data, "none").train.condition("label")


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
