"""Examples on the device: the bits that the host makes, and which data goes there."""

import keras
import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import Schema, Split, resident, storage
from zoo.datasets.base import Rows

BOTH = ("flip", "shift")


def split(images, binarization="none", **options):
    """A `BinarizedSplit` of images of 16x9x3."""
    eight = images.dtype == np.uint8
    schema = Schema("image", images.shape[1:], spacing=1 / 255 if eight else 0.0, uint8=eight)
    whole = Split(images, **options)
    data = datasets.Dataset("made", whole, whole, schema, "made here", "none", "the same")
    return datasets.binarize(data, binarization, seed=7).train


def pictures(count=90):
    return np.random.default_rng(0).integers(0, 256, (count, 16, 9, 3), dtype=np.uint8)


@pytest.mark.parametrize("augment", [(), BOTH])
@pytest.mark.parametrize("binarization", ["none", "static", "dynamic"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_the_device_makes_the_bits_that_the_host_makes(dtype, binarization, augment):
    images = pictures()
    if dtype == "float32":
        images = np.divide(images, 255, dtype=np.float32)
    host, device = (
        split(images, binarization).training_batches(32, 3, augment=augment) for _ in range(2)
    )
    feed = in_a_graph(device.stay_on_device())
    for step in (0, 1, 5):
        (x,), (given,) = host[step], device[step]
        assert given["rows"].dtype == np.int32
        made = keras.ops.convert_to_numpy(feed(keras.tree.map_structure(tensor, given)))
        assert made.dtype == x.dtype == np.float32
        np.testing.assert_array_equal(made, x)


def in_a_graph(feed):
    """As Keras compiles a step: on TensorFlow it knows no batch size."""
    if keras.backend.backend() != "tensorflow":
        return feed
    import tensorflow as tf

    return tf.function(feed, input_signature=[{"rows": tf.TensorSpec([None, None], tf.int32)}])


def tensor(array):
    return keras.ops.convert_to_tensor(array)


def test_conditions_are_those_of_the_examples():
    train = split(pictures(), labels=np.arange(90))
    batches = train.training_batches(32, 3, conditions=("label",))
    batches.stay_on_device()
    ((given, label),) = batches[2]
    np.testing.assert_array_equal(label, given["rows"][:, 0])
    np.testing.assert_array_equal(label, batches.indices(2))


def test_bytes_decide_whether_examples_fit(monkeypatch):
    monkeypatch.setattr(resident, "_memory", lambda: 4 * 90 * 16 * 9 * 3)
    whole = np.zeros((90, 16, 9, 3), np.float32)
    assert resident.fits(split(pictures(90))) and not resident.fits(split(pictures(91)))
    assert not resident.fits(split(whole)) and resident.fits(split(whole[:22]))
    assert resident.fits(split(whole, "static"))  # a byte a value
    assert split(pictures(91)).training_batches(8, 0).stay_on_device() is None


def test_of_a_processor_the_memory_is_the_machines():
    if keras.distribution.list_devices()[0].startswith("cpu"):
        assert resident._memory() == storage.physical_memory()


def test_what_is_on_a_disk_stays_there(tmp_path):
    np.save(tmp_path / "x.npy", pictures())
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    for images in (mapped, Rows(mapped)):
        batches = split(images).training_batches(32, 3)
        assert batches.stay_on_device() is None
        np.testing.assert_array_equal(batches[0][0], batches.at(0))
