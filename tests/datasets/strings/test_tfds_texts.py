"""Strings by their names in TFDS: of the real features of `qm9`, in which molecules are written."""

import importlib
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from datasets.strings.files import MOLECULES, strings_of
from zoo import datasets
from zoo.datasets import tfds_builders
from zoo.errors import DatasetError

tfds = pytest.importorskip("tensorflow_datasets")


def example(features, text):
    """Of all features of qm9: this SMILES, and in place of all else nothing or zeros."""
    made = {}
    for key, feature in features.items():
        shape = tuple(side or 1 for side in feature.shape)
        of_text = np.dtype(feature.np_dtype).kind in "OSU"
        made[key] = "" if of_text else np.zeros(shape, feature.np_dtype)
    return made | {"SMILES": text, "SMILES_relaxed": f"{text}.C", "InChI": f"InChI={text}"}


@pytest.fixture
def prepare(tmp_path, monkeypatch):
    """(configuration, {split: strings}) -> qm9 is prepared of these, as TFDS prepares it."""
    pytest.importorskip("tensorflow")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    made_by = type(tfds.builder("qm9", data_dir=tmp_path))

    def prepare(configuration, splits):
        def generators(self, _):
            given = self.info.features
            return {
                split: ((at, example(given, text)) for at, text in enumerate(texts))
                for split, texts in splits.items()
            }

        monkeypatch.setattr(made_by, "_split_generators", generators)
        tfds.builder(f"qm9/{configuration}", data_dir=tmp_path).download_and_prepare()

    return prepare


def test_qm9_is_its_smiles_of_which_a_test_set_is_held_out(prepare):
    prepare("original", {"train": [*MOLECULES * 2, "not one"]})
    data = datasets.load("qm9")
    assert data.name == "qm9" and data.schema.tokenizer == "smiles"
    assert data.source.startswith("qm9/original/1.0.0 from TensorFlow Datasets")
    assert "held out at random" in data.test_split and len(data.test) == 4
    assert data.notes[0] == "Strings are the examples' SMILES."
    kept = [each for each in strings_of(data) if each != "not one"]  # where RDKit is installed
    assert kept == sorted(MOLECULES * 2)
    assert datasets.load("qm9", steps=4).schema.shape == (5,)


def test_a_configuration_has_a_test_set_of_its_own_and_says_what_is_not_used(prepare):
    splits = {"train": MOLECULES, "validation": ["C"], "test": ["CC", "CCO"]}
    prepare("dimenet", splits)
    data = datasets.load("qm9/dimenet")
    assert data.name == "qm9_dimenet" and (len(data.train), len(data.test)) == (10, 2)
    assert data.test_split == "TFDS's own 'test' split, n=2."
    assert "Not used: TFDS's split 'validation' (1 examples)." in data.notes


def test_another_text_is_read_by_its_name(prepare):
    prepare("original", {"train": MOLECULES})
    relaxed = datasets.load("qm9", column="SMILES_relaxed")
    assert strings_of(relaxed) == sorted(f"{each}.C" for each in MOLECULES)
    assert relaxed.schema.tokenizer == "smiles"
    named = datasets.load("qm9", column="InChI")
    assert named.schema.tokenizer == "characters" and "I" in named.schema.tokens
    with pytest.raises(DatasetError, match=r"no text 'smile'; they have .*Nearest: SMILES\."):
        datasets.load("qm9", column="smile")


def test_it_is_the_same_data_without_tensorflow(prepare, monkeypatch):
    prepare("original", {"train": MOLECULES * 3})
    wanted = datasets.load("qm9")
    monkeypatch.setattr(
        importlib.import_module("zoo.datasets.tfds_examples"), "has_tensorflow", lambda: False
    )
    found = datasets.load("qm9")
    np.testing.assert_array_equal(found.train.images, wanted.train.images)
    assert found.schema == wanted.schema


def test_damaged_examples_are_an_error_that_names_the_folder(prepare, tmp_path):
    prepare("original", {"train": MOLECULES * 3})
    (shard,) = tmp_path.rglob("*train.tfrecord*")
    shard.write_bytes(shard.read_bytes()[:-50])
    with pytest.raises(DatasetError, match=r"'qm9' cannot be read from .*qm9/original"):
        datasets.load("qm9")


def test_texts_of_other_data_are_named_and_read_only_where_they_are_asked_for(monkeypatch):
    with pytest.raises(DatasetError, match=r"no image.*Of its texts, text, one is read by column="):
        datasets.load("imdb_reviews")
    with pytest.raises(DatasetError, match=r"'imdb_reviews', say which one: .* \(text\)"):
        datasets.load("imdb_reviews", tokenizer="characters")
    with pytest.raises(DatasetError, match=r"'mnist' have no text 'label'; they have none"):
        datasets.load("mnist", column="label")
    with pytest.raises(DatasetError, match="options of other data"):
        datasets.load("qm9", image_shape=(8, 8))
    assert not tfds_builders.texts_of(tfds.builder("mnist").info)


def test_qm9_unprepared_and_without_network_fails_within_seconds(tmp_path):
    code = """
from zoo import datasets
from zoo.datasets import network
from zoo.errors import DatasetError
if network.reachable(["https://figshare.com", "https://springernature.figshare.com"]):
    raise SystemExit(77)
try:
    datasets.load("qm9")
except DatasetError as error:
    print(error)
"""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"TFDS_DATA_DIR": str(tmp_path)},
        timeout=60,
    )
    if done.returncode == 77:
        pytest.skip("this machine has network")
    assert time.monotonic() - began < 30, done.stderr
    for said in ("'qm9'", str(tmp_path), "no network", "figshare.com", "TFDS_DATA_DIR", "'nci'"):
        assert said in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []
