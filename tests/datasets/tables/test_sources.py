"""One table, whatever it is read from: .csv, .parquet, .npz, pandas, polars, Arrow, a dict."""

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoo import datasets
from zoo.datasets import storage
from zoo.errors import DatasetError

from .writing import ROWS, lines, write

START = datetime.datetime(2023, 5, 1)


def columns():
    """A dict of columns of every type."""
    return {
        "age": [None if row == 3 else row * 0.5 for row in range(ROWS)],
        "city": [("Oslo", "Bergen", None)[row % 3] for row in range(ROWS)],
        "visits": [row * row % 37 for row in range(ROWS)],
        "when": [START + datetime.timedelta(hours=31 * row) for row in range(ROWS)],
        "on": [row % 2 == 0 for row in range(ROWS)],
    }


@pytest.fixture
def usual():
    """What is made of `columns`."""
    return datasets.from_frame(columns(), "sales")


def assert_same(data, usual):
    assert data.schema == usual.schema
    for part in ("train", "test"):
        np.testing.assert_array_equal(getattr(data, part).images, getattr(usual, part).images)


def test_a_dict_has_all_kinds(usual):
    assert [(each.name, each.kind) for each in usual.schema.columns] == [
        ("age", "real"),
        ("city", "categorical"),
        ("visits", "count"),
        ("when", "date"),
        ("on", "boolean"),
    ]
    assert usual.name == "sales" and usual.schema.columns[4].words == ("False", "True")


def test_a_csv_is_the_same(tmp_path, usual):
    rows = zip(*columns().values(), strict=True)
    text = "\n".join(",".join("" if v is None else str(v) for v in row) for row in rows)
    path = write(tmp_path, ",".join(columns()) + "\n" + text)
    assert_same(datasets.load(path), usual)


def test_a_parquet_is_the_same(tmp_path, usual):
    pq.write_table(pa.table(columns()), tmp_path / "sales.parquet", row_group_size=7)
    data = datasets.load(tmp_path / "sales.parquet")
    assert_same(data, usual)
    assert data.source == "the user's own file sales.parquet"


def test_an_npz_of_columns_is_the_same(tmp_path, usual):
    given = columns()
    np.savez(
        tmp_path / "sales.npz",
        age=np.array(given["age"], float),
        city=np.array([word or "" for word in given["city"]]),
        visits=np.array(given["visits"]),
        when=np.array(given["when"], "datetime64[s]"),
        on=np.array(given["on"]),
    )
    assert_same(datasets.load(tmp_path / "sales.npz"), usual)


def test_an_npz_of_x_and_columns_is_a_table(tmp_path):
    x = np.random.default_rng(0).normal(size=(ROWS, 2))
    np.savez(tmp_path / "t.npz", x=x, columns=["a", "b"])
    data = datasets.load(tmp_path / "t.npz", test_split="last")
    assert [each.name for each in data.schema.columns] == ["a", "b"]
    np.testing.assert_array_equal(data.train.images, x[:48].astype(np.float32))


def test_other_npz_are_what_they_were(tmp_path):
    x = np.random.default_rng(0).random((ROWS, 5)).astype(np.float32)
    np.savez(tmp_path / "x.npz", x=x)
    assert datasets.load(tmp_path / "x.npz").schema.kind == "vector"
    np.savez(tmp_path / "images.npz", images=x, more=x)
    with pytest.raises(DatasetError, match=r"has the keys images, more; wanted: x"):
        datasets.load(tmp_path / "images.npz")


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ({"a": np.ones(3), "b": np.ones(4)}, r"different numbers of rows: .*'a': 3, 'b': 4"),
        ({"x": np.ones((20, 3)), "columns": ["a", "b"]}, r"shape \[20, 3\] and columns 2 names"),
        ({"a": np.ones(3), "b": np.array([1, "x", None], object)}, r"'b' holds Python's objects"),
    ],
)
def test_an_npz_that_is_no_table_is_refused(tmp_path, stored, sentence):
    np.savez(tmp_path / "t.npz", **stored)
    with pytest.raises(DatasetError, match=sentence):
        datasets.load(tmp_path / "t.npz")


def test_a_pandas_frame_is_the_same(usual):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns())
    assert_same(datasets.from_frame(frame, "sales"), usual)
    assert_same(datasets.from_frame(frame.set_index(frame.index + 5), "sales"), usual)
    masked = frame.astype({"visits": "Int64", "city": "category"})
    assert_same(datasets.from_frame(masked, "sales"), usual)


def test_a_polars_frame_is_the_same(usual):
    polars = pytest.importorskip("polars")
    assert_same(datasets.from_frame(polars.DataFrame(columns()), "sales"), usual)


def test_ordered_categories_of_a_frame_keep_their_order():
    pandas = pytest.importorskip("pandas")
    sizes = pandas.Categorical(["S", "L"] * 30, categories=["S", "M", "L"], ordered=True)
    data = datasets.from_frame(pandas.DataFrame({"size": sizes, "n": np.arange(60) % 7 * 1.5}))
    assert data.schema.columns[0].kind == "ordered"
    assert data.schema.columns[0].words == ("S", "M", "L")


def test_a_frame_of_mixed_types_is_refused_with_row_and_value():
    pandas = pytest.importorskip("pandas")
    given = [1.5, None, 2.5, "three"] * 10
    frame = pandas.DataFrame({"a": pandas.Series(given, dtype=object), "b": range(40)})
    with pytest.raises(DatasetError, match=r"'a' holds float, and in row 4 'three', str"):
        datasets.from_frame(frame)


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (np.ones((20, 2)), r"ndarray is no frame; wanted: a pandas or polars DataFrame"),
        ({"a": [[1], [2]], "b": [1, 2]}, r"'a' holds list<.*; wanted: numbers, text, dates"),
        ({"a": [1], "b": [1, 2]}, r"The frame cannot be read"),
    ],
)
def test_what_is_no_frame_is_refused(frame, sentence):
    with pytest.raises(DatasetError, match=sentence):
        datasets.from_frame(frame)


def test_beyond_the_memory_rows_are_kept_in_files_and_the_same(tmp_path):
    path = write(tmp_path, lines())
    usual = datasets.load(path)
    share = 100 / storage.physical_memory()  # a hundred bytes
    for _ in range(2):
        data = datasets.load(path, memory_share=share, cache_dir=tmp_path / "kept")
        for part in ("train", "test"):
            kept, plain = (getattr(each, part).images for each in (data, usual))
            np.testing.assert_array_equal(kept[:], plain)
        assert len([*(tmp_path / "kept").iterdir()]) == 1
    changed = write(tmp_path, lines(city=lambda row: ("Oslo", "Moss")[row % 2]))
    datasets.load(changed, memory_share=share, cache_dir=tmp_path / "kept")
    assert len([*(tmp_path / "kept").iterdir()]) == 2
