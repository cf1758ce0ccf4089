"""Baselines: laws of each value by itself, chosen by what is held out, and PCA."""

import dataclasses
import math
import re

import numpy as np
import pytest
import tables
from scipy import stats

import zoo
from zoo import likelihoods
from zoo.datasets import Dataset, Schema, Split, binarize
from zoo.evaluation import baselines
from zoo.evaluation.comparison import used_components

SHAPE = (6, 6, 1)


def data(train, test, lengths=None, kind="image", low=0.0, high=1.0):
    splits = [Split(x, None, lengths) for x in (train, test)]
    schema = Schema(kind, train.shape[1:], low, high, lengths=lengths is not None)
    return binarize(Dataset("made", *splits, schema, "made", "none", "all"), "none")


def model(likelihood, shape=SHAPE, **options):
    return zoo.catalog.dense_vae(shape, latent=2, units=(4,), likelihood=likelihood, **options)


def test_independent_pixels_of_binary_images_are_scored_by_the_training_frequencies():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.0, 1.0, SHAPE)
    train, test = ((rng.random((500, *SHAPE)) < p).astype(np.float32) for _ in range(2))
    found = baselines.independent(model("bernoulli"), data(train, test))
    smoothed = (train.sum(0) + 1) / 502
    wanted = -np.where(test == 1, np.log(smoothed), np.log1p(-smoothed)).sum((1, 2, 3))
    np.testing.assert_allclose(found.nats, wanted, rtol=1e-5)
    assert (found.examples, found.law) == (500, "a smoothed probability of each value by itself")


@pytest.mark.parametrize(
    ("scales", "law"),
    [([1.0, 1.0], "a normal mean, one variance,"), ([1.0, 100.0], "a normal distribution")],
)
def test_of_two_laws_the_one_is_taken_that_explains_what_was_held_out(scales, law):
    rng = np.random.default_rng(0)
    train, test = (rng.normal([5.0, -40.0], scales, (60, 2)).astype(np.float32) for _ in range(2))
    made = data(train, test, kind="vector", low=None, high=None)
    found = baselines.independent(model("normal", (2,)), made)
    assert found.law == f"{law} of each value by itself"
    variance = train.var(axis=0)
    variance = variance.mean() if "one" in law else variance
    wanted = -stats.norm.logpdf(test, train.mean(0), np.sqrt(variance)).sum(axis=1)
    np.testing.assert_allclose(found.nats, wanted, rtol=1e-4)


def test_nats_of_8_bit_pictures_are_comparable_with_bits_per_dimension():
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 256, (2000, 2, 1, 1)).astype(np.uint8)
    found = baselines.independent(
        model("discretized_logistic", (2, 1, 1)), data(levels[:1500], levels[1500:])
    )
    assert found.nats.mean() == pytest.approx(2 * math.log(256), abs=0.3)


def test_a_likelihood_without_laws_has_no_baseline():
    class Other(zoo.likelihoods.Bernoulli):
        independent = zoo.likelihoods.Likelihood.independent

    x = np.zeros((20, *SHAPE), np.float32)
    vae = model(Other())
    assert baselines.independent(vae, data(x, x)) is None
    report = zoo.evaluation.report(vae, data(x, x), samples=2)
    assert "baseline_nll" not in report.metrics and report.protocol["baseline"] is None
    assert not any("independent" in line for line in report.lines())


def test_steps_past_the_end_of_a_sequence_count_for_nothing():
    rng = np.random.default_rng(0)
    x = (rng.random((400, 5, 2)) < 0.3).astype(np.float32)
    lengths = rng.integers(1, 6, 400)
    rnn = zoo.catalog.rnn_vae((5, 2), latent=2, units=4, lengths=True)
    padded = x.copy()
    for row, length in zip(padded, lengths, strict=True):
        row[length:] = 1.0  # what lies past the end
    one, other = (data(each, each, lengths, "sequence") for each in (x, padded))
    mine, theirs = (baselines.independent(rnn, each) for each in (one, other))
    np.testing.assert_array_equal(mine.nats, theirs.nats)
    entropy = -(0.3 * math.log(0.3) + 0.7 * math.log(0.7))
    assert mine.nats.mean() == pytest.approx(entropy * 2 * lengths.mean(), rel=0.05)
    for measured in (
        lambda made: baselines.reconstruction_mse(rnn, made.test),
        lambda made: baselines.principal_components(rnn, made, [2])[0][0].mse,
    ):
        assert measured(one) == pytest.approx(measured(other), rel=1e-6)


def test_principal_components_reconstruct_as_a_singular_value_decomposition_does(monkeypatch):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(300, 5)) @ rng.normal(size=(5, 36)) + 3.0).astype(np.float32)
    x = x.reshape(300, *SHAPE)
    made = data(x[:200], x[200:], low=None, high=None)
    train, test = (part.reshape(len(part), -1) for part in (x[:200], x[200:]))
    axes = np.linalg.svd(train - train.mean(0))[2]
    for few in (2, 5):
        kept = (test - train.mean(0)) @ axes[:few].T @ axes[:few]
        wanted = np.mean((test - train.mean(0) - kept) ** 2)
        for most in (baselines.COVARIANCE, 1):  # by the covariance, randomised
            monkeypatch.setattr(baselines, "COVARIANCE", most)
            (found,), examples = baselines.principal_components(model("normal"), made, [few])
            assert found.mse == pytest.approx(wanted, rel=1e-3, abs=1e-6)
            assert (found.components, examples) == (few, 200)


def test_there_are_no_more_components_than_values_or_examples():
    x = np.random.default_rng(0).random((300, 3)).astype(np.float32)
    made = data(x[:200], x[200:], kind="vector")
    vector = model("normal", (3,))
    (one, three), _ = baselines.principal_components(vector, made, [1, 8])
    assert (one.components, three.components) == (1, 3)
    assert one.mse > 0.01 and three.mse == pytest.approx(0.0, abs=1e-6)
    (found,), _ = baselines.principal_components(vector, data(x[:3], x[3:], kind="vector"), [8])
    assert found.components == 2


def scaled(rows=400, seed=0):
    """(series [rows, 4, 2] of which one feature is a million times the other, as data)."""
    rng = np.random.default_rng(seed)
    scale = np.array([1.0, 1e6], np.float32)
    x = rng.normal(size=(rows, 4, 1)) + 0.1 * rng.normal(size=(rows, 4, 2))
    x = (x * scale + 5.0 * scale).astype(np.float32)
    made = data(x[: rows // 2], x[rows // 2 :], kind="series", low=None, high=None)
    center, scale = x.mean((0, 1)), x.std((0, 1))
    return x, made, likelihoods.Standardized("normal", center, scale)


def test_reconstructions_and_components_are_compared_in_the_units_of_networks():
    x, made, likelihood = scaled()
    vae = model(likelihood, (4, 2))
    u = ((x - likelihood.center) / likelihood.scale).reshape(len(x), -1)
    train, test = u[:200], u[200:]
    axes = np.linalg.svd(train - train.mean(0))[2][:4]
    kept = (test - train.mean(0)) @ axes.T @ axes
    (found,), _ = baselines.principal_components(vae, made, [4])
    assert found.mse == pytest.approx(np.mean((test - train.mean(0) - kept) ** 2), rel=1e-3)
    answer = np.asarray(vae.reconstruct(x[200:])["x_mean"])
    apart = (answer - x[200:]) / np.asarray(likelihood.scale)
    assert baselines.reconstruction_mse(vae, made.test) == pytest.approx(np.mean(apart**2), 1e-3)


def test_the_units_of_squared_errors_are_said():
    _, made, likelihood = scaled(200)
    report = zoo.evaluation.report(model(likelihood, (4, 2)), made, samples=2)
    lines = "\n".join(report.lines())
    assert lines.count("squared error of a standardised value") == 3
    assert re.search(r"mean squared error of [\d.]+ a standardised value, those by", lines)
    (said,) = (each for each in warnings_of(report) if "PCA" in each)
    assert " a standardised value against " in said


def warnings_of(report):
    return zoo.evaluation.warnings(report.metrics, report.protocol)


@pytest.mark.slow
def test_rows_of_a_table_have_a_law_for_each_column_and_no_components():
    table = binarize(tables.data(), "none")
    vae = zoo.catalog.table_vae(
        table.event_shape, latent=2, units=(4,), likelihood=likelihoods.Columns(tables.COLUMNS)
    )
    report = zoo.evaluation.report(vae, table, samples=2)
    said = list(report.against_baselines())
    assert len(said) == 1 and "does not beat" in said[0]
    assert (
        "log-normal distribution, a negative" in said[0] and "of each column by itself" in said[0]
    )
    assert not {"pca_mse", "pca_used_mse", "reconstruction_mse"} & set(report.metrics)
    assert report.protocol["pca"] is None and "imputation_rmse" in report.metrics
    assert not any("PCA" in each for each in warnings_of(report))


@pytest.mark.slow
def test_drawings_have_laws_of_steps_and_no_components():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(60, 6, 2)), rng.integers(0, 2, (60, 6, 1))], axis=-1)
    x[:, -1] = [0.0, 0.0, 2.0]
    made = data(x[:40].astype(np.float32), x[40:].astype(np.float32), None, "sequence", None, None)
    likelihood = likelihoods.Strokes(2)
    vae = zoo.catalog.stroke_vae((6, 3), latent=2, units=4, likelihood=likelihood)
    (said,) = zoo.evaluation.report(vae, made, samples=2).against_baselines()
    assert "of offsets, and the pen's frequencies, of each step by itself, whose nll" in said


@pytest.mark.slow
def test_counts_of_a_library_are_compared_by_their_logarithms():
    cells = zoo.datasets.load("cell_counts")
    made = binarize(
        dataclasses.replace(
            cells, train=cells.train.subset(range(100)), test=cells.test.subset(range(20))
        ),
        "none",
    )
    vae = zoo.catalog.count_vae(made.event_shape, latent=2, units=(4,))
    report = zoo.evaluation.report(vae, made, samples=2)
    law, components = report.against_baselines()
    assert "a share of the library, " in law and "of each feature by itself" in law
    assert " a log(1 + count), those by 2 principal components" in components
    x = made.test.examples(np.arange(20))
    x_mean = np.asarray(vae.reconstruct(x)["x_mean"])
    wanted = np.mean((np.log1p(x) - np.log1p(x_mean)) ** 2)
    assert report.metrics["reconstruction_mse"] == pytest.approx(wanted, rel=1e-4)


@pytest.mark.slow
def test_a_table_s_columns_are_beaten_by_a_model_of_what_they_have_in_common(tmp_path):
    table = binarize(tables.data(2000, 200), "none")
    zoo.training.seed_everything(0)
    vae = zoo.catalog.table_vae(
        table.event_shape, latent=2, units=(32,), likelihood=likelihoods.Columns(tables.COLUMNS)
    )
    settings = zoo.training.Settings(epochs=6, steps_per_epoch=60, learning_rate=1e-2)
    zoo.training.fit(vae, table, settings, tmp_path)
    report = zoo.evaluation.report(vae, table, samples=10)
    (said,) = report.against_baselines()
    assert " beats by " in said and not any("no better" in each for each in warnings_of(report))


def test_the_error_of_reconstructions_is_a_mean_over_values(trained, monkeypatch):
    split = trained.data.test
    x = split.examples(np.arange(len(split)))
    x_mean = np.asarray(trained.model.reconstruct(x)["x_mean"])
    wanted = np.mean((x - x_mean) ** 2)
    assert baselines.reconstruction_mse(trained.model, split) == pytest.approx(wanted, rel=1e-5)
    monkeypatch.setattr(baselines, "SCORED", 7 * 64)  # seven examples at a time
    assert baselines.reconstruction_mse(trained.model, split) == pytest.approx(wanted, rel=1e-5)


def test_large_data_is_fitted_by_evenly_spaced_examples(monkeypatch):
    x = np.random.default_rng(0).random((100, *SHAPE)).astype(np.float32)
    monkeypatch.setattr(baselines, "VALUES", 10 * 36)
    rows = baselines.fitted_rows(data(x, x).train, SHAPE)
    assert len(rows) == 10 and rows[0] == 0 and rows[-1] == 99
    assert baselines.independent(model("normal"), data(x, x)).examples == 10
    monkeypatch.setattr(baselines, "VALUES", 1)
    assert list(baselines.fitted_rows(data(x, x).train, SHAPE)) == [0, 99]


def test_components_are_as_many_as_are_active_at_most_one_a_nat():
    assert used_components({"active_units": 23, "kl": 3.2}) == 4
    assert used_components({"active_units": 23, "kl": 40.0}) == 23
    assert used_components({"active_units": 16}) == 16  # an autoencoder
    assert used_components({"active_units": 0, "kl": 0.0}) == 1
    assert (
        used_components({"codes_used": 5, "kl": 40.0})
        is used_components({"active_units": 2, "kl": math.nan})
        is None
    )


@pytest.mark.parametrize("name", ["dense_ae", "vq_vae", "conditional_vae"])
def test_other_models_than_a_vae_have_their_baselines_too(name):
    rng = np.random.default_rng(0)
    x = (rng.random((40, 8, 8, 1)) < 0.3).astype(np.float32)
    split = Split(x, np.arange(40) % 10)
    schema = Schema("image", (8, 8, 1), classes=tuple("0123456789"))
    made = binarize(Dataset("made", split, split, schema, "made", "none", "all"), "none")
    report = zoo.evaluation.report(zoo.catalog.build(name, (8, 8, 1)), made, samples=2)
    assert {"baseline_nll", "reconstruction_mse", "pca_mse"} <= set(report.metrics)
    said = list(report.against_baselines())
    score = "reconstruction" if name == "dense_ae" else "nll"
    assert said[0].startswith(f"The {score} of ") and "does not beat" in said[0]
    assert ("pca_used_mse" in report.metrics) == (name != "vq_vae")
    assert "principal components" in said[1]
    assert [f"  {sentence}" for sentence in said] == list(report.lines())[-2:]


@pytest.mark.parametrize(
    ("nll", "said"),
    [(20.0, "The nll of 20.00 beats by 7.00 nats the indep"), (27.0, "does not beat the indep")],
)
def test_a_report_says_whether_the_baseline_is_beaten(trained, nll, said):
    metrics = trained.report.metrics | {"nll": nll, "baseline_nll": 27.0}
    report = dataclasses.replace(trained.report, metrics=metrics)
    line = next(report.against_baselines())
    assert said in line and "a smoothed probability of each value by itself" in line
    assert "nll is 27.00 (fitted to 1,438 training examples)" in line


def test_training_examples_in_an_order_of_their_own_are_looked_at_evenly():
    """Small values, then large ones, as data that lies sorted by its classes; the test is mixed."""
    values = np.repeat(np.float32([0.0, 1.0]), 100)[:, None, None, None]
    x = values * np.ones(SHAPE, np.float32)
    vae = model(likelihoods.Normal(scale=0.1))
    report = zoo.evaluation.report(vae, data(x, x[::5]), samples=2)
    found, fitted = report.metrics, report.protocol["baseline"]
    assert found["reconstruction_train"] == pytest.approx(found["reconstruction"], rel=0.1)
    assert fitted["nll_train"] == pytest.approx(found["baseline_nll"], rel=0.1)
