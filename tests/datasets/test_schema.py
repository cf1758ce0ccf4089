"""Every loader states what one example is; nothing guesses it from a number of axes."""

import dataclasses
import json

import numpy as np
import pytest

from zoo import datasets
from zoo.artifact.columns import Column, numbers_first
from zoo.datasets import Dataset, Schema, Split, standardising
from zoo.errors import DatasetError

Image = pytest.importorskip("PIL.Image")

EIGHT_BITS = {"spacing": 1 / 255, "uint8": True}


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def zeros_and_ones(*shape):
    return noise(*shape) > 127


def loaded(tmp_path, suffix=".npz", **stored):
    file = tmp_path / f"made{suffix}"
    if suffix == ".npy":
        np.save(file, stored["x"])
    else:
        np.savez(file, **stored)
    return datasets.load(file, memory_share=1e-12)


def test_the_digits_are_pictures_of_seventeen_levels():
    words = tuple("0123456789")
    wanted = Schema("image", (8, 8, 1), spacing=1 / 16, ink=True, classes=words)
    assert datasets.load("digits").schema == wanted


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
@pytest.mark.parametrize(
    ("x", "wanted"),
    [
        (noise(12, 4, 5), Schema("image", (4, 5, 1), **EIGHT_BITS)),
        (noise(12, 4, 5, 3), Schema("image", (4, 5, 3), **EIGHT_BITS)),
        (noise(12, 300), Schema("vector", (300,), **EIGHT_BITS)),
        (noise(12, 4, 5) / 255, Schema("image", (4, 5, 1))),
        ((noise(12, 9) / 255).astype(np.float16), Schema("vector", (9,))),
        (zeros_and_ones(12, 4, 5), Schema("image", (4, 5, 1), spacing=1.0)),
        (zeros_and_ones(12, 9).astype(float), Schema("vector", (9,), spacing=1.0)),
        (zeros_and_ones(12, 9) * np.uint8(255), Schema("vector", (9,), spacing=1.0, uint8=True)),
    ],
)
def test_an_array_is_described_by_its_shape_dtype_and_values(tmp_path, suffix, x, wanted):
    assert unstandardised(loaded(tmp_path, suffix, x=x).schema) == wanted


def unstandardised(schema):
    return dataclasses.replace(schema, center=(), scale=())


def test_real_vectors_have_any_range_and_are_standardised_by_feature(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 3)) * [1.0, 1000.0, 1e-3] + [0.0, 5e4, 7.0]
    x[:40, 1] = 1e9  # one in a hundred is wild
    schema = loaded(tmp_path, x=x).schema
    assert (schema.kind, schema.low, schema.high) == ("vector", None, None)
    np.testing.assert_allclose(schema.center, [0.0, 5e4, 7.0], atol=0.05, rtol=2e-3)
    np.testing.assert_allclose(schema.scale, [1.0, 1000.0, 1e-3], rtol=0.06)


def test_the_test_set_has_no_say_in_what_is_usual(tmp_path):
    train = np.random.default_rng(0).normal(size=(50, 2))
    one, other = (loaded(tmp_path, x_train=train, x_test=train * by).schema for by in (1.0, 100.0))
    assert (one.center, one.scale) == (other.center, other.scale)


def test_steps_past_a_sequences_end_have_no_say_in_what_is_usual(tmp_path):
    x = np.full((20, 6, 1), 1e6)
    x[:, :3] = np.random.default_rng(0).normal(5.0, 1.0, size=(20, 3, 1))
    schema = loaded(tmp_path, x=x, length=np.full(20, 3)).schema
    assert abs(schema.center[0] - 5.0) < 1.0 and 0.3 < schema.scale[0] < 3.0


@pytest.mark.parametrize(
    ("column", "scale"),
    [
        (np.full(100, 7.0), 1.0),  # nothing to tell apart
        (np.repeat([0.0, 1.0], [80, 20]), 0.4),  # both quartiles are one value
        (np.r_[np.full(60, np.nan), np.linspace(-1, 1, 40)], 1.0 / 1.3489795),
        (np.full(100, np.nan), 1.0),
    ],
)
def test_a_scale_is_never_zero_and_takes_no_heed_of_what_is_missing(column, scale):
    split = Split(column.astype(np.float32)[:, None])
    assert standardising.center_and_scale(split)[1][0] == pytest.approx(scale, rel=0.06)


def test_sequences_state_their_lengths_and_pictures_stay_pictures(tmp_path):
    length = np.arange(12) % 5
    sequences = loaded(tmp_path, x=noise(12, 5, 3) / 255, length=length)
    assert unstandardised(sequences.schema) == Schema("sequence", (5, 3), lengths=True)
    pictures = loaded(tmp_path, x=noise(12, 5, 4, 1), length=length)
    assert pictures.schema == Schema("image", (5, 4, 1), lengths=True, **EIGHT_BITS)


def test_both_parts_of_a_file_decide(tmp_path):
    binary, grey = zeros_and_ones(12, 9).astype(np.float32), noise(12, 9) / np.float32(255)
    assert loaded(tmp_path, x_train=binary, x_test=binary).schema.spacing == 1.0
    assert loaded(tmp_path, x_train=binary, x_test=grey).schema.spacing is None
    mixed = loaded(tmp_path, x_train=grey, x_test=noise(12, 9)).schema
    assert unstandardised(mixed) == Schema("vector", (9,))


def test_eight_bits_that_are_zeros_and_ones_are_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"no value above 1.*x.astype\(bool\)"):
        loaded(tmp_path, x=zeros_and_ones(12, 4, 4).astype(np.uint8))


def test_a_folder_names_its_classes(tmp_path):
    for name in ("dog", "a cat"):
        (tmp_path / name).mkdir()
        for i in range(6):
            Image.new("RGB", (8, 8), (i, 0, 0)).save(tmp_path / name / f"{i}.png")
    schema = datasets.load(tmp_path, image_shape=(8, 8, 3)).schema
    assert schema == Schema("image", (8, 8, 3), classes=("a cat", "dog"), **EIGHT_BITS)


@pytest.mark.parametrize("mode", ["dynamic", "static", "none"])
def test_it_survives_whatever_is_made_of_a_dataset(mode):
    x, y = noise(30, 4, 5), np.arange(30) % 3
    split = Split(x[..., None], y)
    schema = Schema("image", (4, 5, 1), unit="grey", classes=("a", "b", "c"), **EIGHT_BITS)
    data = Dataset("made", split, split, schema, "made", "none", "all")
    for made in (
        datasets.binarize(data, mode),
        datasets.leave_out(data, 1),
        datasets.binarize(datasets.leave_out(data, 1), mode),
        dataclasses.replace(data, train=split.take(3)),
        dataclasses.replace(datasets.binarize(data, mode), name="other"),
    ):
        assert made.schema is schema
        assert made.event_shape == (4, 5, 1) and made.range == (0.0, 1.0)


def test_it_travels_through_json():
    features, center, scale = ("u", "v", "w"), (0.0, -1.5, 2.0), (1.0, 1e-9, 1e9)
    schema = Schema("sequence", (5, 3), None, 1.0, 1 / 16, "m/s", True, False, True, ("a", "b"))
    schema = dataclasses.replace(schema, features=features, center=center, scale=scale)
    schema = dataclasses.replace(schema, missing=True)
    text = json.dumps(schema.to_json(), allow_nan=False)
    assert Schema.from_json(json.loads(text)) == schema
    assert schema.range == (float("-inf"), 1.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"features": ["a"]},
        {"features": [1, 2, 3]},
        {"center": [0.0, 0.0, 0.0]},
        {"center": [0.0, 0.0, 0.0], "scale": [1.0, 0.0, 1.0]},
        {"center": [0.0, 0.0, "0"], "scale": [1.0, 1.0, 1.0]},
        {"center": [0.0], "scale": [1.0]},
        {"center": 0.0},
    ],
)
def test_a_manifest_whose_features_cannot_be_is_refused(wrong):
    value = Schema("vector", (3,)).to_json() | wrong
    with pytest.raises((TypeError, ValueError), match=r"features|center|scale"):
        Schema.from_json(value)


COLUMNS = (
    Column("city", "categorical", words=("Oslo", "Bergen"), missing=True, other=1),
    Column("age", "real", "years", center=40.0, scale=12.5, low=18.0, high=99.5),
    Column("seen", "date", origin=19000.0, cycles=("year", "week")),
)


def test_a_table_travels_with_its_columns():
    schema = Schema("table", (3,), None, None, columns=COLUMNS)
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema
    assert numbers_first(COLUMNS) == [1, 2, 0]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "vector"},
        {"shape": [4]},
        {"columns": []},
        {"columns": 3},
        {"columns": [COLUMNS[0].to_json()] * 3},
    ],
)
def test_a_table_of_other_columns_is_refused(change):
    value = Schema("table", (3,), None, None, columns=COLUMNS).to_json() | change
    with pytest.raises((TypeError, ValueError), match=r"columns"):
        Schema.from_json(value)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "number"},
        {"name": 3},
        {"scale": 0.0},
        {"center": None},
        {"low": "0"},
        {"missing": 1},
        {"words": []},
        {"words": ["Oslo"]},
        {"words": ["Oslo", "Oslo"]},
        {"kind": "real"},
        {"kind": "boolean", "words": ["a", "b", "c"]},
        {"cycles": ["year"]},
        {"other": 2},
        {"other": True},
    ],
)
def test_a_column_that_cannot_be_is_refused(change):
    with pytest.raises((TypeError, ValueError)):
        Column.from_json(COLUMNS[0].to_json() | change)
