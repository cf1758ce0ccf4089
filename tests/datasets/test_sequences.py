"""Sequences of several lengths, in every layout, padded to one."""

import numpy as np
import pytest

from zoo import datasets
from zoo.errors import DatasetError

RANDOM = np.random.default_rng(0)
LENGTHS = RANDOM.integers(2, 6, 20)
SEQUENCES = [RANDOM.normal(size=(n, 2)) for n in LENGTHS]
DRAWINGS = [
    np.column_stack([RANDOM.integers(-9, 9, (n, 2)), np.arange(1, n + 1) == n]).astype("int16")
    for n in LENGTHS
]


def objects(rows):
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


def of_both(data):
    """All examples of a dataset, ordered, without their padding."""
    rows = [
        row[:n]
        for split in (data.train, data.test)
        for row, n in zip(split.images, split.lengths, strict=True)
    ]
    return sorted(rows, key=lambda row: row[0, 0])


LAYOUTS = {
    "objects": {"x": objects(SEQUENCES)},
    "unnamed": {"arr_0": objects(SEQUENCES)},
    "lengths": {"x": np.concatenate(SEQUENCES), "lengths": LENGTHS},
    "length": {"x": np.concatenate(SEQUENCES), "length": LENGTHS},
    "offsets": {"x": np.concatenate(SEQUENCES), "offsets": np.cumsum([0, *LENGTHS])},
    "begins": {"x": np.concatenate(SEQUENCES), "offsets": np.cumsum([0, *LENGTHS])[:-1]},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_padded_sequences(tmp_path, layout):
    np.savez(tmp_path / "a.npz", **LAYOUTS[layout])
    data = datasets.load(tmp_path / "a.npz")
    wanted = sorted(SEQUENCES, key=lambda row: row[0, 0])
    for given, row in zip(of_both(data), wanted, strict=True):
        np.testing.assert_array_equal(given, row.astype(np.float32))
    assert data.schema.kind == "sequence" and data.schema.lengths
    assert data.event_shape == (max(LENGTHS), 2)
    padding = np.arange(max(LENGTHS)) >= data.train.lengths[:, None]
    assert padding.any() and not data.train.images[padding].any()


def test_a_npy_of_objects_and_a_list_of_a_program_are_sequences_too(tmp_path):
    np.save(tmp_path / "a.npy", objects(SEQUENCES), allow_pickle=True)
    read = datasets.load(tmp_path / "a.npy")
    given = datasets.of_arrays(SEQUENCES, name="A list")
    np.testing.assert_array_equal(read.train.images, given.train.images)
    assert given.name == "a_list"


def test_labels_stay_with_their_sequences(tmp_path):
    labels = np.arange(20)
    np.savez(tmp_path / "a.npz", x=objects(SEQUENCES), y=labels, features=np.array(["u", "v"]))
    data = datasets.load(tmp_path / "a.npz")
    for row, label in zip(data.test.images, data.test.labels, strict=True):
        np.testing.assert_array_equal(row[:2], SEQUENCES[label][:2].astype(np.float32))
    assert data.schema.features == ("u", "v")


def sketches(path, **parts):
    parts = {"train": DRAWINGS[:14], "valid": DRAWINGS[14:16], "test": DRAWINGS[16:]} | parts
    np.savez(path, **{name: objects(rows) for name, rows in parts.items()})
    return path


def test_drawings_say_where_they_end_and_have_one_scale(tmp_path):
    data = datasets.load(sketches(tmp_path / "cats.npz"))
    assert data.schema.is_strokes and not data.schema.lengths
    assert (len(data.train), len(data.test)) == (16, 4)
    assert any("valid (2) is joined" in note for note in data.notes)
    assert data.event_shape == (max(map(len, DRAWINGS[:16])) + 1, 3)
    for row, drawing in zip(data.train.images, DRAWINGS, strict=False):
        np.testing.assert_array_equal(row[: len(drawing)], drawing)
        assert (row[len(drawing) :] == [0, 0, 2]).all() and len(row) > len(drawing)
    offsets = np.concatenate(DRAWINGS[:16])[:, :2].astype(float)
    spread = np.sqrt(np.mean(offsets**2))
    assert data.schema.scale == pytest.approx((spread, spread, 1.0))


def test_three_features_are_no_drawings_unless_named_or_laid_out_as_such(tmp_path):
    assert not datasets.of_arrays(DRAWINGS).schema.is_strokes
    assert datasets.of_arrays(DRAWINGS, features=("dx", "dy", "pen")).schema.is_strokes
    plain = [row + 0.5 for row in DRAWINGS]
    path = sketches(tmp_path / "a.npz", train=plain, valid=plain, test=plain)
    assert not datasets.load(path).schema.is_strokes


def test_longer_sequences_are_left_out_and_counted(tmp_path):
    data = datasets.load(sketches(tmp_path / "a.npz"), steps=4)
    kept = [sum(n <= 4 for n in part) for part in (LENGTHS[:16], LENGTHS[16:])]
    assert [len(data.train), len(data.test)] == kept
    assert any(f"{20 - sum(kept)} longer sequences are left out" in note for note in data.notes)


@pytest.mark.parametrize(("longest", "steps"), [(7, 7), (200, 5)])
def test_only_lengths_far_from_the_others_are_left_out_unasked(longest, steps):
    many = [np.ones((5, 1))] * 300 + [np.ones((longest, 1))]
    data = datasets.of_arrays(many, many)
    assert data.event_shape == (steps, 1)
    assert any("longer" in note for note in data.notes) == (steps < longest)


REFUSED = [
    ({"x": objects([np.ones((2, 2)), np.ones((2, 3))])}, "of 2, 3 features"),
    ({"x": objects([np.ones(2), np.ones(2)])}, r"shape \[2\]"),
    ({"x": objects([np.full((2, 2), np.nan)] * 9)}, "not finite"),
    ({"x": np.ones((9, 2)), "lengths": np.array([4, 4])}, "do not divide the 9 steps"),
    ({"x": np.ones((9, 2)), "offsets": np.array([1, 4])}, "do not divide the 9 steps"),
    ({"x": np.ones((9, 2)), "lengths": np.array([4.0, 5.0])}, "integers"),
    ({"x": objects(SEQUENCES), "y": np.arange(3)}, r"integers \[20\]"),
    ({"x": objects(SEQUENCES), "features": np.array(["a"])}, "names 1 features"),
    ({"x": objects(SEQUENCES), "features": np.array([1, 2])}, "no list of names"),
    (
        {"x": objects([row * 2 for row in DRAWINGS]), "features": np.array(["dx", "dy", "pen"])},
        "other values than 0 and 1",
    ),
    ({"train": objects(SEQUENCES), "test": np.ones(4)}, r"object array \[n\]"),
]


@pytest.mark.parametrize(("stored", "said"), REFUSED)
def test_what_is_no_sequences_is_refused_with_what_is_wanted(tmp_path, stored, said):
    np.savez(tmp_path / "a.npz", **stored)
    with pytest.raises(DatasetError, match=said):
        datasets.load(tmp_path / "a.npz")


def test_steps_are_refused_where_they_leave_nothing_or_mean_nothing(tmp_path):
    with pytest.raises(DatasetError, match="no sequence of 1 to 1 steps"):
        datasets.of_arrays(SEQUENCES, steps=1)
    with pytest.raises(DatasetError, match="steps=0"):
        datasets.of_arrays(SEQUENCES, steps=0)
    np.save(tmp_path / "a.npy", np.ones((9, 2)))
    with pytest.raises(DatasetError, match="arrays of one shape"):
        datasets.load(tmp_path / "a.npy", steps=3)
