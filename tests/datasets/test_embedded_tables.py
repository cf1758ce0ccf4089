"""scikit-learn's tables: their columns, their words, and what is usual of their numbers."""

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from zoo import datasets
from zoo.artifact.columns import numbers_first
from zoo.datasets import embedded_tables


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
            assert column.low <= values.min() and values.max() <= column.high
            assert column.center == pytest.approx(np.median(seen), rel=1e-4)


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
