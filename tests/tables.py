"""A small table with a column of every kind, drawn by a known law, and values missing."""

import numpy as np

from zoo.artifact.columns import Column, numbers_first
from zoo.datasets import Dataset, Schema, Split

COLUMNS = (
    Column("city", "categorical", words=("Bonn", "Jena", "Kiel", "Ulm"), missing=True),
    Column("length", "real", unit="cm", missing=True, center=50.0, scale=10.0),
    Column("price", "real", unit="EUR", log=True, missing=True, center=5.0, scale=1.5),
    Column("visits", "count", missing=True, center=4.0, scale=3.0, low=0.0, high=14.0),
    Column("size", "ordered", words=("small", "medium", "large"), missing=True),
    Column("sold", "date", unit="days", origin=19000.0, missing=True, center=180.0, scale=100.0,
           cycles=("year", "week")),
    Column("steps", "count", missing=True, center=9000.0, scale=2500.0),
    Column("member", "boolean", words=("no", "yes"), missing=True),
)  # fmt: skip


class Frame:
    """What pandas and polars have in common."""

    def __init__(self, columns):
        self.columns, self._values = list(columns), columns

    def __getitem__(self, name):
        return self._values[name]


def values(rows, seed=0, missing=0.1):
    """float32 [rows, columns], laid out as `zoo.artifact.columns` says: one factor moves all."""
    random = np.random.default_rng(seed)
    factor = random.normal(size=rows)

    def near(spread=0.5):
        return factor + spread * random.normal(size=rows)

    table = [
        np.clip(np.round(1.5 + near()), 0, 3),
        50.0 + 10.0 * near(),
        np.exp(5.0 + 1.5 * near()),
        random.poisson(np.exp(1.2 + 0.5 * factor)),
        np.digitize(near(), (-0.5, 0.8)),
        180.0 + 100.0 * near(1.0),
        np.round(np.maximum(9000.0 + 2500.0 * near(), 0.0)),
        near() > 0.3,
    ]
    x = np.stack([table[place] for place in numbers_first(COLUMNS)], axis=1).astype(np.float32)
    x[random.random(x.shape) < missing] = np.nan
    return x


def schema(columns=COLUMNS):
    """Of a table of these columns."""
    return Schema("table", (len(columns),), None, None, columns=tuple(columns))


def data(training=160, test=70, seed=0):
    """A `Dataset` of the columns above."""
    x = values(training + test, seed)
    split = "The last rows."
    return Dataset(
        "made", Split(x[:training]), Split(x[training:]), schema(), "made", "none", split
    )
