"""A law for each column of a table, against scipy; missing values, layouts and draws."""

import dataclasses

import keras
import numpy as np
import pytest
import tables
import tensorflow as tf
from scipy import special, stats

from zoo import likelihoods
from zoo.artifact.columns import Column, numbers_first
from zoo.errors import InputError

ORDER = numbers_first(tables.COLUMNS)
NAMES = [tables.COLUMNS[place].name for place in ORDER]  # of x's columns


def made(columns=tables.COLUMNS):
    """A built likelihood whose learned weights have moved."""
    likelihood = likelihoods.Columns(columns)
    likelihood.build((None, len(columns)))
    random = np.random.default_rng(1)
    for weight in likelihood.weights:
        weight.assign(weight + 0.02 * random.normal(size=weight.shape).astype(np.float32))
    return likelihood


def rows(count=200, seed=3):
    """(x with values missing, a raw output)."""
    likelihood = likelihoods.Columns(tables.COLUMNS)
    (width,) = likelihood.raw_shape((len(NAMES),))
    raw = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    return tables.values(count, seed), raw


def by_scipy(likelihood, x, raw):
    """log p(x_c|z), [rows, columns] in the order of x, by scipy in float64."""
    raw, answer, begin = raw.astype(np.float64), np.zeros(x.shape), 0
    for law, places in zip(likelihood.laws, likelihood.places, strict=True):
        own, count = raw[:, begin : begin + law.raw_width], len(places)
        begin += law.raw_width
        kind, at = type(law).__name__, 0
        for i, place in enumerate(places):
            column, values = law.columns[i], x[:, place].astype(np.float64)
            if kind == "RealColumns":
                spread = 10.0 * float(law.log_scale[i]) + 1.5 * np.tanh(own[:, count + i] / 1.5)
                mean = own[:, i] * column.scale + column.center
                log_p = stats.norm(mean, column.scale * np.exp(spread))
                if law.log:
                    answer[:, place] = log_p.logpdf(np.log(values)) - np.log(values)
                else:
                    answer[:, place] = log_p.logpdf(values)
            elif kind == "CountColumns":
                shift = np.log(np.expm1(column.center / column.scale))
                mean = column.scale * np.logaddexp(0.0, own[:, i] + shift)
                usual = column.center**2 / (column.scale**2 - column.center)
                size = usual * np.exp(10.0 * float(law.log_dispersion[i]))
                answer[:, place] = stats.nbinom(size, size / (size + mean)).logpmf(values)
            else:
                words = len(column.words)
                if column.kind == "categorical":
                    log_p = special.log_softmax(own[:, at : at + words], axis=1)
                    at += words
                elif column.kind == "boolean":
                    logit = own[:, at]
                    log_p = np.stack([special.log_expit(-logit), special.log_expit(logit)], axis=1)
                    at += 1
                else:
                    gaps = np.logaddexp(0.0, np.asarray(law.gaps[0], np.float64)) + 1e-3
                    ends = float(law.first[0]) + np.concatenate([[0.0], np.cumsum(gaps)])
                    below = special.expit(ends - own[:, at : at + 1])
                    at += 1
                    log_p = np.log(np.diff(below, prepend=0.0, append=1.0, axis=1))
                codes = np.nan_to_num(values).astype(int)
                answer[:, place] = log_p[np.arange(len(x)), codes]
    return np.where(np.isnan(x), 0.0, answer)


def test_nats_of_every_column_are_scipys_and_those_of_a_missing_value_are_0():
    likelihood, (x, raw) = made(), rows()
    wanted = by_scipy(likelihood, x, raw)
    np.testing.assert_allclose(
        likelihood.log_prob(x, raw), wanted.sum(axis=1), rtol=1e-5, atol=1e-4
    )
    contribution = np.asarray(likelihood.scores(x, raw)["contribution"])
    in_table = np.argsort(ORDER)
    np.testing.assert_allclose(contribution, -wanted[:, in_table], rtol=1e-5, atol=1e-4)
    assert (contribution[np.isnan(x)[:, in_table]] == 0.0).all() and np.isnan(x).any()


def test_the_gradient_of_a_row_with_nothing_known_is_0_and_no_gradient_is_nan():
    likelihood, (x, raw) = made(), rows(8)
    x[3] = np.nan
    raw = tf.Variable(raw)
    with tf.GradientTape() as tape:
        nats = tf.reduce_sum(likelihood.log_prob(x, raw))
    gradients = tape.gradient(nats, [raw, *[w.value for w in likelihood.weights]])
    assert all(np.isfinite(np.asarray(each)).all() for each in gradients)
    assert (np.asarray(gradients[0])[3] == 0.0).all()
    assert (np.abs(np.asarray(gradients[0])[0]) > 0.0).any()


def test_join_undoes_split_and_says_minus_1_where_a_word_is_missing():
    likelihood, (x, _) = made(), rows()
    given = likelihood.split(x)
    assert given["numbers"].dtype == np.float32 and given["categories"].dtype == np.int32
    assert ((given["categories"] == -1) == np.isnan(x[:, 5:])).all()
    np.testing.assert_array_equal(np.asarray(likelihood.join(given)), x)


@pytest.mark.parametrize(
    ("name", "value"),
    [("city", 4.0), ("city", -1.0), ("member", 2.0), ("visits", -1.0), ("visits", 0.5),
     ("price", 0.0), ("length", np.inf)],
)  # fmt: skip
def test_a_value_that_cannot_be_makes_its_row_impossible_and_harms_no_other(name, value):
    likelihood, (x, raw) = made(), rows(6)
    assert (np.asarray(likelihood.possible(x)) == 1).all()
    before = np.asarray(likelihood.log_prob(x, raw))
    x[2, NAMES.index(name)] = value
    assert list(np.asarray(likelihood.possible(x))) == [1, 1, 0, 1, 1, 1]
    np.testing.assert_array_equal(np.delete(likelihood.log_prob(x, raw), 2), np.delete(before, 2))
    row, said = likelihood.impossible(x)
    assert row == 2 and f"in the column {name!r}; wanted is " in said
    x[2] = np.nan  # what is missing can be
    assert likelihood.impossible(x) is None


def test_what_cannot_be_is_said_in_the_units_of_the_table_with_what_is_wanted():
    likelihood = made((Column("day", "date", origin=19_000.0), *tables.COLUMNS[:4]))
    x = np.float32([[1.0, 50.0, 9.0, 3.0, 0.0]])
    assert likelihood.impossible(x) is None
    for place, value, said in (
        (0, np.inf, "has inf in the column 'day'; wanted is a finite number, or NaN"),
        (2, -1.5, "has -1.5 in the column 'price'; wanted is a number above 0, or NaN"),
        (3, 2.5, "has 2.5 in the column 'visits'; wanted is a whole number from 0 on, or NaN"),
        (4, 4.0, "has 4 in the column 'city'; wanted is the code of one of its words, 0 to 3, or"),
    ):
        wrong = x.copy()
        wrong[0, place] = value
        assert likelihood.impossible(wrong)[1].startswith(said)


def test_networks_see_0_for_all_of_a_missing_column_and_dates_come_round_again():
    likelihood, (x, _) = made(), rows()
    seen = np.asarray(likelihood.network_input(x))
    assert seen.shape == (len(x), *likelihood.network_shape((8,))) and np.isfinite(seen).all()
    known = ~np.isnan(x)
    np.testing.assert_array_equal(seen[:, 5:10], known[:, :5])
    assert (seen[:, :5][~known[:, :5]] == 0.0).all()
    np.testing.assert_array_equal(seen[:, 14:], np.where(known[:, 5:], x[:, 5:] + 1.0, 0.0))
    sold = NAMES.index("sold")
    assert (seen[~known[:, sold], 10:14] == 0.0).all()
    later = x.copy()
    later[:, sold] += 7.0
    again = np.asarray(likelihood.network_input(later))
    np.testing.assert_allclose(again[:, 12:14], seen[:, 12:14], atol=1e-4)  # the week
    days = 19000.0 + x[known[:, sold], sold].astype(np.float64)
    turn = 2.0 * np.pi * days / 365.2425
    year = np.stack([np.sin(turn), np.cos(turn)], axis=1)
    np.testing.assert_allclose(seen[known[:, sold], 10:12], year, atol=1e-4)
    # As standardised within three scales, and beyond by the logarithm.
    length = NAMES.index("length")
    far = np.full((1, 8), np.nan, np.float32)
    far[0, length] = 50.0 + 10.0 * 100.0
    assert float(likelihood.network_input(far)[0, length]) == pytest.approx(3.0 + np.log(98.0))


def test_draws_have_the_laws_means_and_frequencies():
    likelihood, (_, raw) = made(), rows(2)
    raw = np.repeat(raw[:1], 40_000, axis=0)
    noise = likelihood.noise(np.arange(len(raw)), (8,), 1)
    answer = {name: np.asarray(value) for name, value in likelihood.drawn(raw, noise).items()}
    told = {name: np.asarray(value)[0] for name, value in likelihood.outputs(raw[:1]).items()}
    numbers, price = answer["numbers"].astype(np.float64), NAMES.index("price")
    error = 5.0 * numbers.std(axis=0) / np.sqrt(len(numbers))
    error[price] = 0.5 * told["numbers_mean"][price]  # its tail is heavy
    assert (np.abs(numbers.mean(axis=0) - told["numbers_mean"]) < error).all()
    visits = numbers[:, NAMES.index("visits")]
    assert (visits == np.round(visits)).all() and visits.min() >= 0
    begin = 0
    for place, column in enumerate([tables.COLUMNS[place] for place in ORDER][5:]):
        share = np.bincount(answer["categories"][:, place], minlength=len(column.words)) / len(raw)
        wanted = told["probabilities"][begin : begin + len(column.words)]
        np.testing.assert_allclose(share, wanted, atol=0.015)
        assert told["categories_mode"][place] == np.argmax(wanted)
        begin += len(column.words)


def test_counts_are_drawn_with_the_dispersion_of_their_own_column():
    usual = (("a", 3.0, 2.0), ("b", 6.0, 9.0), ("c", 1.0, 1.5))
    likelihood = made([Column(n, "count", center=m, scale=s, high=40.0) for n, m, s in usual])
    raw = np.repeat(np.array([[0.3, -0.2, 0.1]], np.float32), 40_000, axis=0)
    noise = likelihood.noise(np.arange(len(raw)), (3,), 1)
    drawn = np.asarray(likelihood.sample(raw, noise))
    (law,) = likelihood.laws
    log_mean, log_dispersion = (np.asarray(each, np.float64) for each in law._parameters(raw[:1]))
    for place in range(3):
        size, mean = np.exp(log_dispersion[place]), np.exp(log_mean[0, place])
        wanted = stats.nbinom(size, size / (size + mean)).pmf(np.arange(10))
        share = np.bincount(drawn[:, place].astype(int), minlength=10)[:10] / len(drawn)
        np.testing.assert_allclose(share, wanted, atol=0.012)
    assert np.asarray(likelihood.margin(raw[:5], noise[:5])).shape == (5,)


def test_the_margin_is_how_near_another_word_or_count_is():
    likelihood, (_, raw) = made(), rows(50)
    noise = np.asarray(likelihood.noise(np.arange(50), (8,), 1))
    margin = np.asarray(likelihood.margin(raw, noise))
    assert margin.shape == (50,) and (margin > 0.0).all()
    drawn = np.asarray(likelihood.sample(raw, noise))
    moved = np.asarray(likelihood.sample(raw + 1e-3 * margin[:, None], noise))
    jumps = [
        place for place in range(8) if NAMES[place] not in ("length", "price", "sold", "steps")
    ]
    np.testing.assert_array_equal(moved[:, jumps], drawn[:, jumps])
    real = likelihoods.Columns([Column("a", "real")])
    real.build((None, 1))
    assert real.margin(np.zeros((3, 2), np.float32)) is None


def test_a_table_of_one_kind_has_the_tensors_that_there_are():
    real = likelihoods.Columns([Column("a", "real"), Column("b", "count", center=2.0, scale=1.0)])
    assert [t.name for t in real.example((2,))] == ["numbers"]
    assert [t.name for t in real.tensors((2,))] == ["numbers_mean"]
    words = likelihoods.Columns([Column("a", "boolean", words=("no", "yes"))])
    assert [t.name for t in words.example((1,))] == ["categories"]
    assert [t.name for t in words.tensors((1,))] == ["categories_mode", "probabilities"]
    assert words.nats_are(False) == "a probability mass"


def test_a_large_count_is_taken_for_a_real_number():
    likelihood = made()
    found = {
        (type(law).__name__, getattr(law, "log", None)): [NAMES[place] for place in places]
        for law, places in zip(likelihood.laws, likelihood.places, strict=True)
    }
    assert found == {
        ("RealColumns", False): ["length", "sold", "steps"],
        ("RealColumns", True): ["price"],
        ("CountColumns", None): ["visits"],
        ("WordColumns", None): ["city", "size", "member"],
    }


def test_it_comes_back_from_its_config():
    likelihood = made()
    config = keras.saving.serialize_keras_object(likelihood)
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.columns == likelihood.columns
    assert keras.saving.serialize_keras_object(copy)["config"] == config["config"]


def test_of_schema_takes_it_for_tables_and_for_nothing_else():
    schema = tables.schema()
    for name in ("auto", "columns"):
        assert likelihoods.of_schema(name, schema).columns == tables.COLUMNS
    with pytest.raises(InputError, match="a table has a law for each column"):
        likelihoods.of_schema("normal", schema)
    vector = dataclasses.replace(schema, kind="vector", columns=())
    with pytest.raises(InputError, match="'columns' of a vector"):
        likelihoods.of_schema("columns", vector)
    with pytest.raises(InputError, match="give one column or more"):
        likelihoods.Columns([])
