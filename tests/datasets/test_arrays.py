import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import array_values
from zoo.errors import DatasetError


def noise(*shape, dtype=np.uint8):
    random = np.random.default_rng(0)
    if dtype == np.uint8:
        return random.integers(0, 256, shape, dtype=np.uint8)
    return random.random(shape).astype(dtype)


def saved(tmp_path, **stored):
    file = tmp_path / "My Data.npz"
    np.savez(file, **stored)
    return file


def test_a_named_train_and_test_part_are_kept(tmp_path):
    x, y = noise(12, 4, 5), np.arange(12)
    file = saved(tmp_path, x_train=x[:8], x_test=x[8:], y_train=y[:8], y_test=y[8:])
    data = datasets.load(file)
    assert data.name == "my_data" and data.event_shape == (4, 5, 1)
    np.testing.assert_array_equal(data.test.images[..., 0], x[8:])
    np.testing.assert_array_equal(data.train.labels, y[:8])
    np.testing.assert_array_equal(
        data.train.batch([0])[0, ..., 0], x[0].astype(np.float32) / np.float32(255)
    )


@pytest.mark.parametrize("key", ["x", "arr_0"])
def test_one_array_is_split_by_seed_into_disjoint_parts(tmp_path, key):
    x = np.arange(20, dtype=np.uint8).reshape(20, 1)
    data = datasets.load(saved(tmp_path, **{key: x}), test_share=0.25)
    train, test = (set(part.images[:, 0].tolist()) for part in (data.train, data.test))
    assert len(test) == 5 and not train & test and train | test == set(range(20))
    assert data.event_shape == (1,) and data.train.labels is None


def test_a_npy_larger_than_its_share_stays_on_disk_and_is_split_alike(tmp_path):
    x = noise(40, 6, 6, 3)
    file = tmp_path / "colours.npy"
    np.save(file, x)
    on_disk, in_memory = datasets.load(file, memory_share=1e-12), datasets.load(file)
    assert isinstance(on_disk.test.images.array, np.memmap)
    assert type(in_memory.test.images) is np.ndarray
    from_npz = datasets.load(saved(tmp_path, x=x))
    np.testing.assert_array_equal(from_npz.train.images, in_memory.train.images)
    assert len(on_disk.train.images) == len(on_disk.train) == 32
    for indices in (slice(None), [5, 0], slice(3, 6)):
        np.testing.assert_array_equal(on_disk.train.batch(indices), in_memory.train.batch(indices))
    np.testing.assert_array_equal(np.asarray(on_disk.test.images), in_memory.test.images)
    np.testing.assert_array_equal(on_disk.test.images[2, 1:3], in_memory.test.images[2, 1:3])
    np.testing.assert_array_equal(
        on_disk.test.images[:4, ..., 0], in_memory.test.images[:4, ..., 0]
    )
    lazy = on_disk.train.subset([9, 3, 4]).take(2)
    assert isinstance(lazy.images.array, np.memmap)
    np.testing.assert_array_equal(lazy.images[:], in_memory.train.images[[9, 3]])


@pytest.mark.parametrize("dtype", [np.bool_, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_bool_and_floats_become_one_of_the_two_dtypes(tmp_path, dtype, suffix):
    x = (noise(16, 3, 3, dtype=np.float32) > 0.5).astype(dtype)
    x[:, 0, 0] = 1
    file = tmp_path / f"binary{suffix}"
    np.save(file, x) if suffix == ".npy" else np.savez(file, x)
    split = datasets.load(file).train
    assert split.images.dtype == (np.uint8 if dtype == np.bool_ else np.float32)
    assert split.images[:2].dtype == split.images.dtype
    batch = split.batch(slice(None))
    assert batch.dtype == np.float32 and set(np.unique(batch)) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("value", "remedy"),
    [(255.0, "divide by 255"), (-0.5, r"\(x \+ 1\) / 2"), (np.nan, "not finite"), (1e6, "Rescale")],
)
def test_a_value_out_of_range_is_named_with_its_index_and_a_remedy(
    tmp_path, monkeypatch, value, remedy
):
    monkeypatch.setattr(array_values, "_CHUNK_BYTES", 64)  # many chunks
    x = np.linspace(0, 1, 12 * 4, dtype=np.float32).reshape(12, 2, 2)
    x[7, 1, 0] = x[9, 0, 0] = value
    file = tmp_path / "x.npy"
    np.save(file, x)
    with pytest.raises(DatasetError, match=remedy) as raised:
        datasets.load(file)
    assert f"the value {value:g} at index (7, 1, 0, 0)" in str(raised.value)
    assert "range from" in str(raised.value)


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ({"x": noise(12, 2, 2, 2)}, r"shape \[12, 2, 2, 2\]"),
        ({"x": noise(12)}, r"shape \[12\]"),
        ({"x": noise(0, 2, 2)}, "empty"),
        ({"x": noise(12, 2, 2).astype(np.int64)}, "dtype int64"),
        ({"x": np.array([{"a": 1}] * 12)}, "element 0 of an object array is a dict"),
        ({"x": noise(9, 2, 2)}, "9 examples are too few"),
        ({"x_train": noise(12, 2, 2)}, "keys x_train; wanted: x"),
        ({"a": noise(12, 2), "b": noise(12, 2)}, "keys a, b; wanted: x"),
        ({"x": noise(12, 2), "y": np.arange(11)}, r"\(y\) has the shape \[11\]"),
        ({"x": noise(12, 2), "y": np.linspace(0, 1, 12)}, "dtype float64"),
        ({"x_train": noise(8, 2), "x_test": noise(8, 3)}, "must be the same"),
        ({"x_train": noise(8, 2), "x_test": noise(8, 2), "y_test": np.arange(8)}, "wanted: both"),
    ],
)
def test_a_npz_that_does_not_fit_is_refused_with_the_reason(tmp_path, stored, said):
    with pytest.raises(DatasetError, match=said):
        datasets.load(saved(tmp_path, **stored))


def test_sequences_keep_their_features_and_their_lengths_go_with_them(tmp_path):
    x, length = noise(20, 5, 3, dtype=np.float32), np.arange(20) % 6
    x[:, 0, 0] = length / 5  # so that an example tells its length
    whole = datasets.load(saved(tmp_path, x=x, length=length))
    parts = {"x_train": x[:9], "x_test": x[9:]}
    parts |= {"length_train": length[:9], "length_test": length[9:]}
    own = datasets.load(saved(tmp_path, **parts))
    for data in (whole, own):
        assert data.event_shape == (5, 3)
        for split in (data.train, data.test, data.train.subset([4, 0])):
            np.testing.assert_array_equal(split.lengths, np.rint(split.images[:, 0, 0] * 5))
            assert split.lengths.dtype == np.int64
    np.testing.assert_array_equal(own.train.lengths, length[:9])


def test_images_with_a_length_stay_images_and_those_without_have_none(tmp_path):
    with_length = saved(tmp_path, x=noise(12, 4, 4, 1), length=np.full(12, 2))
    assert datasets.load(with_length).event_shape == (4, 4, 1)
    assert datasets.load(saved(tmp_path, x=noise(12, 4, 4))).train.lengths is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"x": noise(12, 4)}, r"length \[12\] do not divide the 12 steps"),
        ({"x": noise(12)}, r"wanted: \[n, steps, features\]"),
        ({"length": np.full(12, 5)}, r"\(length\) is 5 at index 0, and x has 4 steps"),
        ({"length": -np.arange(12)}, r"is -1 at index 1.*wanted: 0 to 4"),
        ({"length": np.full(11, 4)}, r"shape \[11\].*wanted: integers \[12\]"),
        ({"length": np.full(12, 4.0)}, "dtype float64"),
    ],
)
def test_lengths_that_do_not_fit_the_sequences_are_refused(tmp_path, changed, said):
    stored = {"x": noise(12, 4, 2), "length": np.full(12, 4)} | changed
    with pytest.raises(DatasetError, match=said):
        datasets.load(saved(tmp_path, **stored))


def test_lengths_of_one_part_only_are_refused(tmp_path):
    parts = {"x_train": noise(8, 4, 2), "x_test": noise(8, 4, 2), "length_test": np.full(8, 4)}
    with pytest.raises(DatasetError, match="lengths for one of x_train and x_test only"):
        datasets.load(saved(tmp_path, **parts))


def test_arrays_are_not_resized(tmp_path):
    file = saved(tmp_path, x=noise(12, 4, 4))
    for image_shape in ((4, 4, 1), (4, 4)):
        assert datasets.load(file, image_shape=image_shape).event_shape == (4, 4, 1)
    with pytest.raises(DatasetError, match="Arrays are not resized"):
        datasets.load(file, image_shape=(8, 8))


@pytest.mark.parametrize("name", ["broken.npz", "broken.npy"])
def test_a_file_that_is_no_array_is_refused(tmp_path, name):
    file = tmp_path / name
    file.write_bytes(b"not an array at all")
    with pytest.raises(DatasetError, match="cannot be read as NumPy arrays"):
        datasets.load(file)


def test_a_path_that_is_neither_folder_nor_array_is_refused(tmp_path):
    file = tmp_path / "data.xls"
    file.write_text("1,2")
    with pytest.raises(DatasetError, match=r"no folder, \.zip, \.tar, \.npz, \.npy, \.csv"):
        datasets.load(str(file))
