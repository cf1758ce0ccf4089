import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from prepared import is_prepared

from zoo import datasets
from zoo.errors import DatasetError

tfds = pytest.importorskip("tensorflow_datasets")

needs_mnist = pytest.mark.skipif(
    not is_prepared("mnist"),
    reason="mnist is not prepared in TFDS_DATA_DIR (or ~/tensorflow_datasets)",
)


@pytest.fixture(scope="module")
def mnist():
    return datasets.load("mnist")


@pytest.mark.slow
@needs_mnist
def test_mnist_has_its_own_splits_shape_and_range(mnist):
    assert (len(mnist.train), len(mnist.test)) == (60000, 10000)
    assert mnist.name == "mnist" and mnist.event_shape == (28, 28, 1)
    assert mnist.train.images.dtype == np.uint8
    batch = mnist.train.batch(slice(0, 1000))
    assert batch.shape == (1000, 28, 28, 1) and batch.dtype == np.float32
    assert (batch.min(), batch.max()) == (0.0, 1.0)
    # The published pixel mean of the training set is 0.1307.
    assert mnist.train.images.mean() / 255 == pytest.approx(0.1307, abs=1e-4)


@needs_mnist
def test_mnist_labels_have_the_published_counts_and_belong_to_their_images(mnist):
    published = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    np.testing.assert_array_equal(np.bincount(mnist.train.labels), published)
    ones, zeros = (mnist.test.subset(mnist.test.labels == digit).images for digit in (1, 0))
    assert ones[:, 12:16, 12:16].mean() > 150 and zeros[:, 12:16, 12:16].mean() < 50


@needs_mnist
def test_mnist_states_what_one_example_is(mnist):
    eight_bits = {"spacing": 1 / 255, "ink": True, "uint8": True}
    wanted = datasets.Schema("image", (28, 28, 1), classes=tuple("0123456789"), **eight_bits)
    assert mnist.schema == wanted


@needs_mnist
def test_the_model_card_facts_are_stated(mnist):
    assert mnist.source.startswith("mnist/3") and "LeCun et al." in mnist.source
    assert "n=10,000" in mnist.test_split and mnist.licence


def test_an_unprepared_dataset_without_network_fails_within_ten_seconds(tmp_path):
    environment = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
    environment["TFDS_DATA_DIR"] = str(tmp_path)
    code = """
from zoo import datasets
from zoo.datasets import network
from zoo.errors import DatasetError
if network.reachable([network.REFERENCE_URL, "https://www.cs.toronto.edu"]):
    raise SystemExit(77)
try:
    datasets.load("cifar10")
except DatasetError as error:
    print(error)
"""
    start = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60
    )
    seconds = time.monotonic() - start
    if result.returncode == 77:
        pytest.skip("this machine has network")
    assert seconds < 10, result.stderr
    for said in ("'cifar10'", str(tmp_path), "no network", "TFDS_DATA_DIR", "'digits'"):
        assert said in result.stdout, result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_gets_its_nearest_names_and_the_embedded_one():
    with pytest.raises(DatasetError, match=r"Nearest: mnist.*digits.* .embedded.") as raised:
        datasets.load("minst")
    assert "folder" in str(raised.value) and ".npz" in str(raised.value)


@pytest.mark.parametrize("name", ["emnist/nope", "mnist:9.9.9"])
def test_an_unknown_configuration_or_version_is_refused(name):
    with pytest.raises(DatasetError, match=f"TFDS cannot build '{name}'"):
        datasets.load(name)


def test_a_dataset_without_images_is_refused_before_it_is_downloaded():
    with pytest.raises(DatasetError, match=r"has no image in its examples"):
        datasets.load("imdb_reviews")


class ZooTestShapes(tfds.core.GeneratorBasedBuilder):
    """Plain images whose sizes differ; a train split only; the red value is the label."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {"label": np.int64, "image": tfds.features.Image(shape=(None, None, 3))}
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for i in range(20):
            image = np.full((10 + i, 40 - i, 3), (i, 0, 255), np.uint8)
            yield i, {"image": image, "label": i}


def test_images_of_differing_sizes_are_fitted_and_a_test_set_is_held_out(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    ZooTestShapes(data_dir=tmp_path).download_and_prepare()
    data = datasets.load("zoo_test_shapes")
    assert data.schema.classes == () and data.schema.uint8 and data.schema.kind == "image"
    again = datasets.load("zoo_test_shapes:1.0.0")
    assert data.event_shape == (32, 32, 3) and data.name == again.name == "zoo_test_shapes"
    assert (len(data.train), len(data.test)) == (16, 4)
    assert not set(data.train.labels) & set(data.test.labels)
    for split in (data.train, data.test):
        assert (split.images[..., 0] == split.labels[:, None, None]).all()
        assert (split.images[..., 2] == 255).all()
    np.testing.assert_array_equal(data.test.images, again.test.images)
    assert datasets.load("zoo_test_shapes", image_shape=(8, 16)).event_shape == (8, 16, 3)


class ZooTestSplits(tfds.core.GeneratorBasedBuilder):
    """Plain grey images of 12x12 in a train and a test split; the grey value is the label."""

    grey = None  # of every image instead
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {"label": np.int64, "image": tfds.features.Image(shape=(12, 12, 1))}
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(0, 30), "test": self._generate_examples(30, 40)}

    def _generate_examples(self, start, stop):
        for i in range(start, stop):
            grey = i if self.grey is None else self.grey
            yield i, {"image": np.full((12, 12, 1), grey, np.uint8), "label": i}


@pytest.mark.parametrize("damage", ["truncated", "absent", "fewer", "a bit"])
def test_damaged_examples_are_an_error_that_names_the_folder(tmp_path, monkeypatch, damage):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    ZooTestSplits(data_dir=tmp_path).download_and_prepare()
    (shard,) = tmp_path.rglob("*train.tfrecord*")
    content = bytearray(shard.read_bytes())
    first = 8 + 4 + int.from_bytes(content[:8], "little") + 4  # bytes of a record and its frame
    content[20] ^= damage == "a bit"
    shard.write_bytes({"truncated": content[:-50], "fewer": content[first:]}.get(damage, content))
    if damage == "absent":
        shard.unlink()
    with pytest.raises(DatasetError, match=r"cannot be read from .*zoo_test_splits") as raised:
        datasets.load("zoo_test_splits", image_shape=(8, 8, 3))
    assert str(raised.value).isprintable()


def test_examples_prepared_anew_under_the_same_version_are_decoded_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    options = {"memory_share": 1e-12, "cache_dir": tmp_path / "cache"}
    ZooTestSplits(data_dir=tmp_path).download_and_prepare()
    assert 255 not in datasets.load("zoo_test_splits", **options).test.images
    shutil.rmtree(tmp_path / "zoo_test_splits")
    monkeypatch.setattr(ZooTestSplits, "grey", 255)
    ZooTestSplits(data_dir=tmp_path).download_and_prepare()
    assert (datasets.load("zoo_test_splits", **options).test.images == 255).all()


def test_beyond_the_memory_share_resized_images_and_labels_come_from_files(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    ZooTestSplits(data_dir=tmp_path).download_and_prepare()
    cache = tmp_path / "cache"
    options = {"image_shape": (8, 8, 3), "memory_share": 1e-12, "cache_dir": cache}
    first = datasets.load("zoo_test_splits", **options)
    written = {file: file.stat().st_mtime_ns for file in cache.glob("*/*")}
    data = datasets.load("zoo_test_splits", **options)
    assert {file: file.stat().st_mtime_ns for file in cache.glob("*/*")} == written
    assert sorted(file.name for file in written) == [
        "sha256.json",
        "test_images.npy",
        "test_labels.npy",
        "train_images.npy",
        "train_labels.npy",
    ]
    assert isinstance(data.train.images, np.memmap) and data.event_shape == (8, 8, 3)
    assert set(data.train.labels) == set(range(30)) and set(data.test.labels) == set(range(30, 40))
    for split in (first.train, first.test, data.train, data.test):
        assert (split.images == split.labels[:, None, None, None]).all()
