"""scikit-learn's tables: their columns, their words, and what is usual of their numbers."""

import dataclasses

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from zoo import datasets
from zoo.artifact.columns import numbers_first
from zoo.datasets import embedded_tables
from zoo.errors import DatasetError


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [("wine", 178, 14), ("breast_cancer", 569, 31), ("diabetes", 442, 11)],
)
def test_a_table_has_all_its_rows_and_columns(name, rows, columns):
    data = datasets.load(name)
    assert len(data.train) + len(data.test) == rows
    assert data.schema.kind == "table" and data.schema.shape == (columns,)
    assert datasets.Schema.from_json(data.schema.to_json()) == data.schema
    assert set(datasets.names()) >= set(embedded_tables.TABLES)
    placed = [data.schema.columns[place] for place in numbers_first(data.schema.columns)]
    x = data.train.batch(slice(None))
    for column, values in zip(placed, x.T, strict=True):
        if column.words:
            assert set(values) == set(range(len(column.words)))
        else:
            seen = np.log(values) if column.log else values
            assert np.float32(column.low) <= values.min()
            assert values.max() <= np.float32(column.high)
            assert column.kind == "real" and column.center == pytest.approx(
                np.median(seen), rel=1e-4
            )


def test_words_stand_for_scikit_learns_numbers():
    data, found = datasets.load("wine"), sklearn_datasets.load_wine()
    assert data.schema.columns[-1].words == ("cultivar 1", "cultivar 2", "cultivar 3")
    rows = np.concatenate([data.train.batch(slice(None)), data.test.batch(slice(None))])
    wanted = np.column_stack([found.data, found.target]).astype(np.float32)
    np.testing.assert_array_equal(rows[np.lexsort(rows.T)], wanted[np.lexsort(wanted.T)])
    sex = datasets.load("diabetes").schema.columns[1]
    assert (sex.name, sex.kind, sex.words) == ("sex", "boolean", ("sex 1", "sex 2"))


def test_a_long_tail_is_taken_by_its_logarithm():
    columns = {each.name: each for each in datasets.load("breast_cancer").schema.columns}
    assert columns["area error"].log and not columns["mean smoothness"].log


def test_a_label_leaves_the_table_and_is_that_of_scikit_learn():
    data, found = datasets.load("wine", label="cultivar"), sklearn_datasets.load_wine()
    assert data.schema.classes == ("cultivar 1", "cultivar 2", "cultivar 3")
    assert [each.name for each in data.schema.columns] == found.feature_names
    rows = np.concatenate([data.train.batch(slice(None)), data.test.batch(slice(None))])
    labels = np.concatenate([data.train.labels, data.test.labels])
    wanted = found.data.astype(np.float32)
    same = np.lexsort(rows.T), np.lexsort(wanted.T)
    np.testing.assert_array_equal(rows[same[0]], wanted[same[1]])
    np.testing.assert_array_equal(labels[same[0]], found.target[same[1]])


def test_a_columns_yaml_changes_what_it_names_and_no_more(tmp_path):
    file = tmp_path / "columns.yaml"
    file.write_text("columns: {proline: {unit: mg/L}, hue: {drop: true}, ash: {kind: count}}")
    with pytest.raises(DatasetError, match="'ash' is to be a count and has"):
        datasets.load("wine", columns=file)
    file.write_text("columns: {proline: {unit: mg/L}, hue: {drop: true}, magnesium: {kind: count}}")
    plain = {each.name: each for each in datasets.load("wine").schema.columns}
    found = {each.name: each for each in datasets.load("wine", columns=file).schema.columns}
    assert found.pop("proline") == dataclasses.replace(plain.pop("proline"), unit="mg/L")
    assert plain.pop("hue") and plain.pop("magnesium").kind == "real"
    assert found.pop("magnesium").kind == "count" and found == plain


@pytest.mark.parametrize("name", sorted(embedded_tables.TABLES))
def test_what_zoo_columns_writes_of_a_table_is_read_back(name, tmp_path):
    file = tmp_path / "columns.yaml"
    file.write_text(datasets.columns_of(name))
    assert datasets.load(name, columns=file).schema == datasets.load(name).schema


def test_a_word_for_the_unseen_may_be_wanted():
    assert datasets.load("wine", unseen="other").schema.columns[-1].words[-1] == "other"


def test_what_has_no_part_in_a_table_is_refused():
    for options, said in (
        ({"label": "price"}, "no column 'price' to be the label; it has alcohol"),
        ({"image_shape": (8, 8)}, "is a table, which image_shape has no part in"),
        ({"kind": "series"}, "is no file of numbers"),
        ({"steps": 5}, "is for sequences of several lengths"),
    ):
        with pytest.raises(DatasetError, match=said):
            datasets.load("wine", **options)
