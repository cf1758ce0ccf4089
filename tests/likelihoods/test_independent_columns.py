"""The law of each column of a table by itself, against scipy; what is missing has 0 nats."""

import dataclasses

import numpy as np
import pytest
import tables
from scipy import stats

from zoo import likelihoods
from zoo.artifact.columns import Column, numbers_first

NAMES = [tables.COLUMNS[place].name for place in numbers_first(tables.COLUMNS)]


def fitted(train, test, columns):
    """(-log p of each test row, the law)."""
    (law,) = likelihoods.Columns(columns).independent(len(columns))
    return -np.asarray(law.log_prob(test, *law.fit(train), None)), law


def by_scipy(name, train, test):
    """log p of the known values of a column, of test rows."""
    train = train[~np.isnan(train)].astype(np.float64)
    words = len(next(each for each in tables.COLUMNS if each.name == name).words)
    if words:
        counts = np.bincount(train.astype(int), minlength=words) + 1.0
        return np.log(counts / counts.sum())[test.astype(int)]
    if name == "price":
        normal = stats.norm(np.log(train).mean(), np.log(train).std())
        return normal.logpdf(np.log(test)) - np.log(test)
    if name == "visits":
        mean, variance = train.mean(), train.var()
        size = mean**2 / (variance - mean)
        return stats.nbinom(size, size / (size + mean)).logpmf(test)
    return stats.norm(train.mean(), train.std()).logpdf(test)


@pytest.mark.parametrize("place", range(len(NAMES)))
def test_a_column_has_the_law_of_its_kind_and_0_nats_where_it_is_missing(place):
    column = next(each for each in tables.COLUMNS if each.name == NAMES[place])
    train, test = (tables.values(500, seed)[:, place : place + 1] for seed in (0, 1))
    found, _ = fitted(train, test, [column])
    known = ~np.isnan(test[:, 0])
    assert 0 < known.sum() < 500 and (found[~known] == 0.0).all()
    wanted = -by_scipy(column.name, train[:, 0], test[known, 0].astype(np.float64))
    np.testing.assert_allclose(found[known], wanted, rtol=2e-4, atol=1e-4)


def test_a_row_has_the_nats_of_its_columns_together_and_the_law_s_name_lists_them():
    train, test = tables.values(300, 0), tables.values(50, 1)
    found, law = fitted(train, test, tables.COLUMNS)
    wanted = sum(
        fitted(train[:, [at]], test[:, [at]], [tables.COLUMNS[place]])[0]
        for at, place in enumerate(numbers_first(tables.COLUMNS))
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    assert law.sentence == (
        "a normal distribution, a log-normal distribution, a negative binomial distribution or a "
        "smoothed frequency of each column by itself"
    )


def test_a_column_of_which_nothing_is_known_says_nothing():
    columns = [Column("a", "real", missing=True), Column("b", "boolean", words=("no", "yes"))]
    train = np.array([[np.nan, 0.0], [np.nan, 1.0]], np.float32)
    found, _ = fitted(train, train, columns)
    np.testing.assert_allclose(found, np.log(2.0), rtol=1e-6)


def test_units_of_a_column_move_the_nats_by_their_logarithm():
    column = Column("a", "real", center=3.0, scale=2.0)
    smaller = dataclasses.replace(column, center=3000.0, scale=2000.0)
    x = np.random.default_rng(0).normal(3.0, 2.0, (200, 1)).astype(np.float32)
    one, other = (fitted(each, each, [of])[0] for each, of in ((x, column), (1000 * x, smaller)))
    np.testing.assert_allclose(other, one + np.log(1000.0), rtol=1e-4)
