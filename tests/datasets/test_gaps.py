"""Series of which values are missing: kept as NaN, counted, and never the whole of a window."""

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import gaps
from zoo.errors import DatasetError


def walk(*shape):
    return np.random.default_rng(0).normal(size=shape).cumsum(axis=-2).astype(np.float32)


def saved(tmp_path, **arrays):
    np.savez(tmp_path / "x.npz", **arrays)
    return tmp_path / "x.npz"


def test_values_that_are_missing_stay_so_and_medians_are_of_the_others(tmp_path):
    x = walk(40, 6, 2)
    x[np.random.default_rng(1).random(x.shape) < 0.2] = np.nan
    data = datasets.load(saved(tmp_path, series=x, features=np.array(["speed", "load"])))
    assert (
        data.schema.missing
        and not datasets.load(saved(tmp_path, series=walk(40, 6, 2))).schema.missing
    )
    train = data.train.batch(range(len(data.train)))
    np.testing.assert_allclose(data.schema.center, np.nanmedian(train, axis=(0, 1)), rtol=1e-6)
    missing = np.isnan(train).sum() + np.isnan(data.test.batch(range(len(data.test)))).sum()
    assert missing == np.isnan(x).sum()
    assert f"{missing} of 480 values are missing" in data.notes[-1]
    copy = type(data.schema).from_json(data.schema.to_json())
    assert copy == data.schema


def test_windows_without_a_single_value_are_left_out_and_counted(tmp_path):
    x = walk(1000, 3)
    x[100:150] = np.nan
    np.save(tmp_path / "x.npy", x)
    data = datasets.load(tmp_path / "x.npy", window=20, stride=10)
    starts = data.train.images.index
    assert {*range(0, 781, 10)} - {*starts} == {100, 110, 120, 130}
    assert "Left out: 4 windows without a single value." in data.notes
    cut = walk(40, 6, 2)
    cut[[3, 30]] = np.nan
    whole = datasets.load(saved(tmp_path, series=cut, y=np.arange(40)))
    assert {*whole.train.labels, *whole.test.labels} == {*range(40)} - {3, 30}
    assert "Left out: 2 windows without a single value." in whole.notes


def test_a_feature_of_which_nothing_is_known_is_refused_by_its_name(tmp_path):
    cut, long = walk(40, 6, 2), walk(1000, 2)
    cut[..., 1] = np.nan
    long[:800, 1] = np.nan  # known in the test set alone
    names = np.array(["speed", "load"])
    with pytest.raises(
        DatasetError, match="the feature load no value is known in the training set"
    ):
        datasets.load(saved(tmp_path, series=cut, features=names))
    with pytest.raises(DatasetError, match=r"the feature 1 \(from 0 on\) no value is known"):
        datasets.load(saved(tmp_path, series=long), window=20)


def test_parts_that_are_looked_at_one_by_one_are_looked_at_all(monkeypatch):
    x = walk(50, 2)
    x[13:29] = np.nan
    x[40:, 0] = np.nan
    starts = np.arange(0, 44, 3)
    read = np.array([not np.isnan(x[start : start + 6]).all() for start in starts])
    whole = gaps.count(x), gaps.read_windows(x, 6, starts)
    monkeypatch.setattr(gaps, "CHUNK", 7)
    assert gaps.count(x) == whole[0] == np.isnan(x).sum()
    np.testing.assert_array_equal(gaps.read_windows(x, 6, starts), read)
    np.testing.assert_array_equal(whole[1], read)
    assert not read.all() and read.any()
    gaps.require_every_feature("x", [x[:13], x[13:]])
    with pytest.raises(DatasetError, match="feature 0"):
        gaps.require_every_feature("x", [x[40:45], x[45:]])
