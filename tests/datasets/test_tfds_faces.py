"""Human faces by their names in TFDS: of their real features, with examples that TFDS draws."""

from pathlib import Path

import numpy as np
import pytest

from zoo import datasets
from zoo.errors import DatasetError

tfds = pytest.importorskip("tensorflow_datasets")

COUNT = 12
SPLITS = {"celeb_a": ("train", "validation", "test"), "lfw": ("train",)}
STORED = {"celeb_a": (218, 178, 3), "lfw": (250, 250, 3)}


@pytest.fixture
def load(tmp_path, monkeypatch):
    """(name, options of `datasets.load`) -> a Dataset of `COUNT` drawn examples a split."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    for name, splits in SPLITS.items():
        described(name, tmp_path, splits)

    def load(name, **options):
        drawn = {"num_examples": COUNT, "data_dir": str(tmp_path)}
        with tfds.testing.mock_data(**drawn, policy=tfds.testing.MockPolicy.USE_FILES):
            return datasets.load(name, **options)

    return load


def described(name, folder, splits):
    """Writes what TFDS states of a prepared dataset, without its examples."""
    builder = tfds.builder(name, data_dir=str(folder))
    made = []
    for split in splits:
        place = {"data_dir": builder.data_dir, "dataset_name": name, "split": split}
        template = tfds.core.ShardedFileTemplate(**place, filetype_suffix="tfrecord")
        of = {"shard_lengths": [COUNT], "num_bytes": 1, "filename_template": template}
        made.append(tfds.core.SplitInfo(name=split, **of))
    builder.info.set_splits(tfds.core.splits.SplitDict(made))
    Path(builder.data_dir).mkdir(parents=True)
    builder.info.write_to_directory(builder.data_dir)


@pytest.mark.slow
@pytest.mark.parametrize("name", SPLITS)
def test_faces_are_colour_pictures_of_eight_bits_without_labels_or_binarization(load, name):
    data = load(name, image_shape=(32, 24))
    wanted = {"spacing": 1 / 255, "uint8": True}
    assert data.schema == datasets.Schema("image", (32, 24, 3), **wanted)
    assert data.name == name and data.train.labels is None and data.test.labels is None
    assert data.train.images.dtype == np.uint8 and data.train.images.std() > 1
    height, width, _ = STORED[name]
    assert f"Images of {width}x{height} pixels (width x height) are made 24x32." in data.notes
    assert data.source.startswith(f"{name}/") and "et al." in data.source
    assert load(name, image_shape=(8, 8, 1)).event_shape == (8, 8, 1)


@pytest.mark.slow
def test_celeb_a_has_a_test_set_of_its_own_and_says_what_is_not_used(load):
    data = load("celeb_a", image_shape=(16, 16))
    assert (len(data.train), len(data.test)) == (COUNT, COUNT)
    assert data.test_split == f"TFDS's own 'test' split, n={COUNT}."
    assert data.notes[1:] == (f"Not used: TFDS's split 'validation' ({COUNT} examples).",)
    whole = load("celeb_a")  # unasked, at the size that it is stored in
    assert whole.event_shape == STORED["celeb_a"] and whole.notes == data.notes[1:]


@pytest.mark.slow
def test_lfw_which_has_no_test_set_holds_a_part_out_and_names_are_no_labels(load):
    data = load("lfw", image_shape=(16, 16), test_share=0.25, seed=3)
    assert (len(data.train), len(data.test)) == (9, 3) and "held out at random" in data.test_split
    assert any("a text, and is not read" in note for note in data.notes)
    together = np.concatenate([data.train.images, data.test.images])
    assert len(np.unique(together.reshape(COUNT, -1), axis=0)) == COUNT
    last = load("lfw", image_shape=(16, 16), test_share=0.25, test_split="last")
    np.testing.assert_array_equal(
        last.test.images[0],
        load("lfw", image_shape=(16, 16), test_share=0.5, test_split="last").test.images[3],
    )


@pytest.mark.slow
def test_four_channels_are_refused(load):
    with pytest.raises(DatasetError, match=r"image_shape"):
        load("lfw", image_shape=(16, 16, 4))


def test_of_digits_nothing_is_noted():
    from zoo.datasets.tfds_notes import notes

    info = tfds.builder("mnist", data_dir="/nonexistent").info
    assert notes(info, "image", (28, 28, 1), []) == ()
