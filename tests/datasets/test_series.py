import tracemalloc

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import laws
from zoo.datasets.base import HoldOut
from zoo.datasets.windows import Windows
from zoo.errors import DatasetError


def walk(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).cumsum(axis=-2).astype(np.float32)


def saved(tmp_path, **arrays):
    np.savez(tmp_path / "x.npz", **arrays)
    return tmp_path / "x.npz"


def spans(split):
    """[n, 2]: the first and the last step of each window."""
    starts = split.images.index
    return np.stack([starts, starts + split.images.window - 1], axis=1)


def test_windows_that_are_cut_already_are_taken_as_they_are(tmp_path):
    x, y = walk(40, 6, 2), np.arange(40) % 3
    names = np.array(["speed", "load"])
    data = datasets.load(saved(tmp_path, x=x, y=y, features=names), kind="series")
    assert (data.schema.kind, data.schema.shape) == ("series", (6, 2))
    assert data.schema.features == ("speed", "load") and data.schema.range == (-np.inf, np.inf)
    median = np.median(data.train.images.reshape(-1, 2), axis=0)
    np.testing.assert_allclose(data.schema.center, median, rtol=1e-6)
    order = np.argsort([*data.train.batch(range(32))[:, 0, 0], *data.test.batch(range(8))[:, 0, 0]])
    labels = np.concatenate([data.train.labels, data.test.labels])[order]
    np.testing.assert_array_equal(labels, y[np.argsort(x[:, 0, 0])])
    assert "cut already" in data.notes[0]


def test_the_key_series_says_that_it_is_one_and_grey_pictures_stay_pictures(tmp_path):
    x = np.random.default_rng(0).uniform(size=(20, 5, 4)).astype(np.float32)
    assert datasets.load(saved(tmp_path, series=x)).schema.kind == "series"
    assert datasets.load(saved(tmp_path, x=x)).schema.kind == "image"
    with pytest.raises(DatasetError, match="no pictures: --kind series"):
        datasets.load(saved(tmp_path, x=3 * x))


def test_one_long_series_is_split_in_time_and_no_step_is_in_both_parts(tmp_path):
    np.save(tmp_path / "x.npy", walk(1000, 3))
    data = datasets.load(tmp_path / "x.npy", window=20, stride=3)
    train, test = spans(data.train), spans(data.test)
    assert train[:, 1].max() < 800 <= test[:, 0].min() and test[:, 1].max() < 1000
    assert set(np.diff(train[:, 0])) == {3}
    assert len(train) == (800 - 20) // 3 + 1 and len(test) == (200 - 20) // 3 + 1
    np.testing.assert_array_equal(data.test.batch([1])[0], walk(1000, 3)[803:823])
    assert "last 20% of the steps in time" in data.test_split
    assert data.notes[-1] == "Windows of 20 steps, one every 3."


def test_window_and_stride_are_chosen_and_said(tmp_path):
    np.save(tmp_path / "x.npy", walk(1000, 3))
    data = datasets.load(tmp_path / "x.npy", kind="series")
    assert data.schema.shape == (64, 3) and set(np.diff(data.train.images.index)) == {16}
    assert data.notes[-1] == "Windows of 64 steps (--window), one every 16 (--stride)."
    np.save(tmp_path / "x.npy", walk(100, 3))  # 20 steps are tested: two windows of 10, at least
    assert datasets.load(tmp_path / "x.npy", kind="series").schema.shape == (10, 3)


def test_many_series_are_held_out_whole_or_all_at_one_instant_if_the_last_are_asked_for(tmp_path):
    file = saved(tmp_path, series=walk(20, 30, 2))
    data = datasets.load(file, window=10, stride=5)
    train, test = (set(spans(part)[:, 0] // 30) for part in (data.train, data.test))
    assert len(test) == 4 and train | test == set(range(20)) and not train & test
    assert "4 of 20 series (20%), held out whole" in data.test_split
    last = datasets.load(file, window=5, stride=1, test_split="last")
    assert (spans(last.train)[:, 1] % 30).max() == 23 and (spans(last.test)[:, 0] % 30).min() == 24


def test_validation_windows_share_no_step_with_those_that_are_trained_on(tmp_path):
    np.save(tmp_path / "x.npy", walk(4000, 2))
    data = datasets.load(tmp_path / "x.npy", window=16, stride=1)
    training, validation = datasets.binarize(data, "none").train.cut(0.1, 3)
    steps = [
        {step for first, last in spans(part.split) for step in range(first, last + 1)}
        for part in (training, validation)
    ]
    assert not steps[0] & steps[1]
    assert 0.08 < len(validation) / len(data.train) < 0.12
    assert len(training) > 0.75 * len(data.train)
    mixed = data.train.subset(np.random.default_rng(0).permutation(len(data.train)))
    kept, held = mixed.images.cut_apart(100, np.random.default_rng(0))
    apart = np.subtract.outer(mixed.images.index[kept], mixed.images.index[held])
    assert len(held) == 100 and np.abs(apart).min() >= 16
    again = datasets.binarize(data, "none").train.cut(0.1, 3)[1]
    np.testing.assert_array_equal(spans(again.split), spans(validation.split))


def test_too_few_windows_to_validate_without_overlap_are_refused():
    with pytest.raises(DatasetError, match=r"10 windows of 20 steps are too few.*smaller window"):
        Windows(walk(30, 2), 20, np.arange(10)).cut_apart(3, np.random.default_rng(0))


@pytest.mark.parametrize("stride", [1, 50])
def test_memory_does_not_grow_with_the_overlap(tmp_path, stride):
    steps = walk(100_000, 4)
    np.save(tmp_path / "x.npy", steps)
    tracemalloc.start()
    data = datasets.load(tmp_path / "x.npy", window=50, stride=stride)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    copied = len(data.train) * 50 * 4 * 4  # bytes of windows that are held each for itself
    assert np.shares_memory(data.train.images.array, data.test.images.steps)
    assert kept < steps.nbytes + 8 * 100_000 + 500_000
    assert stride == 50 or copied > 39 * steps.nbytes
    assert np.shares_memory(data.train.subset(range(10)).images.array, data.train.images.steps)


def test_a_npy_larger_than_its_share_of_memory_stays_on_disk(tmp_path):
    np.save(tmp_path / "x.npy", walk(1000, 3))
    data = datasets.load(tmp_path / "x.npy", window=20, stride=3, memory_share=1e-9)
    base = data.train.images.steps
    while not isinstance(base, np.memmap):
        base = base.base
    np.testing.assert_array_equal(data.train.batch([2])[0], walk(1000, 3)[6:26])


@pytest.mark.parametrize(
    ("shape", "options", "said"),
    [
        ((50, 2), {"window": 60}, "fewer steps than a window: 50 in its longest series"),
        ((50, 2), {"window": 20}, "for testing has 10 steps, and a window has 20"),
        ((50, 2), {"window": 1}, "window=1; wanted: whole steps, 2 or more"),
        ((50, 2), {"stride": 0}, "stride=0; wanted: whole steps, 1 or more"),
        ((50, 2), {"time": "t"}, "has no columns: --time and --entity are of a .csv"),
        ((5, 5, 5, 2), {"window": 2}, r"shape \[5, 5, 5, 2\]"),
        ((50, 2), {"kind": "counts", "window": 3}, "options of series, and kind=counts"),
        ((50, 2), {"kind": "serie"}, "kind='serie'; wanted: one of auto, series"),
        ((50, 2), {"kind": "series", "image_shape": (8, 8)}, "these are no pictures"),
    ],
)
def test_what_cannot_be_cut_is_refused(tmp_path, shape, options, said):
    np.save(tmp_path / "x.npy", walk(*shape))
    with pytest.raises(DatasetError, match=said):
        datasets.load(tmp_path / "x.npy", **options)


def test_an_infinite_step_is_named_and_pictures_take_no_window(tmp_path):
    x = walk(40, 6, 2)
    x[7, 3, 1] = np.inf
    with pytest.raises(DatasetError, match=r"the value inf at index \[7, 3, 1\].*Give NaN where"):
        datasets.load(saved(tmp_path, series=x))
    with pytest.raises(DatasetError, match="digits is no file of numbers"):
        datasets.load("digits", window=3)


def test_series_of_several_lengths_are_refused_with_what_to_do(tmp_path):
    ragged = np.empty(2, object)
    ragged[:] = [walk(5, 2), walk(6, 2)]
    np.savez(tmp_path / "x.npz", series=ragged)
    with pytest.raises(DatasetError, match=r"series of several lengths go into one \.csv"):
        datasets.load(tmp_path / "x.npz")


def test_the_oscillations_follow_their_law():
    data = laws.oscillations(HoldOut(0.2))
    x = data.train.batch(range(len(data.train)))
    position, velocity = x[..., 0], x[..., 1]
    # The velocity is the position's derivative, but for the noise of both.
    step = 1 / (laws.STEPS - 1)
    slope = (position[:, 2:] - position[:, :-2]) / (2 * step)
    found = np.mean((slope - velocity[:, 1:-1]) ** 2)
    expected = laws.NOISE**2 * (1 + 0.5 / step**2)
    assert found == pytest.approx(expected, rel=0.02)
