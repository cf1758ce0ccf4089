"""A prepared TFDS dataset read without TensorFlow: what TensorFlow reads, in its order."""

import importlib.util

import numpy as np
import pytest
from prepared import is_prepared

from zoo import datasets
from zoo.datasets import tfds_builders, tfds_records
from zoo.errors import DatasetError, MissingDependency

tfds = pytest.importorskip("tensorflow_datasets")


class ZooTestShards(tfds.core.GeneratorBasedBuilder):
    """Small colour pictures of noise in several files; the label is the place in the making."""

    count, encoding = 600, "png"
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        image = tfds.features.Image(shape=(8, 8, 3), encoding_format=self.encoding)
        features = {"label": np.int64, "other": tfds.features.Text(), "image": image}
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        noise = np.random.default_rng(0).integers(0, 256, (self.count, 8, 8, 3), np.uint8)
        for i, image in enumerate(noise):
            yield i, {"image": image, "label": i, "other": "unread"}


def prepared(folder, shards):
    builder = ZooTestShards(data_dir=folder)
    config = tfds.download.DownloadConfig(num_shards=shards)
    builder.download_and_prepare(download_config=config)
    return builder


def without_tensorflow(monkeypatch):
    """`importlib.util.find_spec` as on a machine that has no TensorFlow: what the zoo asks."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "tensorflow" else found(name)
    )
    assert not tfds_builders.has_tensorflow()


@pytest.mark.slow
@pytest.mark.parametrize(("shards", "encoding", "apart"), [(3, "jpeg", 16), (20, "png", 0)])
def test_examples_are_those_of_tensorflow_in_its_order(
    tmp_path, monkeypatch, shards, encoding, apart
):
    """20 files of 30 examples: more than are open at a time, more than come of one in a turn.

    A JPEG is decoded by Pillow in its own way: on these, of noise, up to so many levels apart.
    """
    monkeypatch.setattr(ZooTestShards, "encoding", encoding)
    builder = prepared(tmp_path, shards)
    assert len(builder.info.splits["train"].filepaths) == shards
    wanted = list(builder.as_dataset(split="train", shuffle_files=False).as_numpy_iterator())
    parts = list(tfds_records.batches(builder, "train", ("image", "label"), 64))
    assert [len(part["label"]) for part in parts] == [64] * 9 + [24]
    labels = np.concatenate([part["label"] for part in parts])
    np.testing.assert_array_equal(labels, [example["label"] for example in wanted])
    images = np.concatenate([part["image"] for part in parts]).astype(int)
    theirs = np.stack([example["image"] for example in wanted])
    assert np.abs(images - theirs).max() <= apart


@pytest.mark.slow
@pytest.mark.skipif(not is_prepared("mnist"), reason="mnist is not prepared in TFDS_DATA_DIR")
def test_mnist_is_the_same_data_without_tensorflow(monkeypatch):
    def digests():
        data = datasets.binarize(datasets.load("mnist"), "none")
        return data.train.fingerprint(), data.test.fingerprint()

    wanted = digests()
    without_tensorflow(monkeypatch)
    assert digests() == wanted


def test_a_dataset_that_is_not_prepared_is_refused_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    without_tensorflow(monkeypatch)
    with pytest.raises(MissingDependency, match=r"'cifar10' is not prepared in .*TFDS_DATA_DIR"):
        datasets.load("cifar10")


@pytest.mark.parametrize("damage", ["truncated", "absent", "fewer"])
def test_damaged_files_are_an_error_that_names_the_folder(tmp_path, monkeypatch, damage):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    prepared(tmp_path, 1)
    (shard,) = tmp_path.rglob("*train.tfrecord*")
    content = shard.read_bytes()
    first = 8 + 4 + int.from_bytes(content[:8], "little") + 4  # bytes of a record and its frame
    shard.write_bytes({"truncated": content[:-50], "fewer": content[first:]}.get(damage, content))
    if damage == "absent":
        shard.unlink()
    without_tensorflow(monkeypatch)
    with pytest.raises(DatasetError, match=r"cannot be read from .*zoo_test_shards"):
        datasets.load("zoo_test_shards")


def test_another_format_is_refused_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    builder = ZooTestShards(data_dir=tmp_path, file_format="array_record")
    builder.download_and_prepare()
    without_tensorflow(monkeypatch)
    with pytest.raises(MissingDependency, match="is prepared as array_record"):
        datasets.load("zoo_test_shards")
