"""Values that are hidden and filled in: errors against what one computes by hand."""

import numpy as np
import pytest
import tables

import zoo
from zoo.datasets import binarize
from zoo.evaluation import imputation

NUMBERS = 5


@pytest.fixture(scope="module")
def made():
    """(an untrained tiny model, its data)."""
    zoo.training.seed_everything(5)
    data = binarize(tables.data(), "none")
    likelihood = zoo.likelihoods.of_schema("auto", data.schema)
    return zoo.catalog.build("table_vae", (8,), latent=2, units=(4,), likelihood=likelihood), data


def test_only_known_values_are_hidden_the_same_ones_for_one_seed(made):
    x = made[1].test.examples(np.arange(70))
    gone = imputation.hidden(x, 0)
    assert not gone[np.isnan(x)].any() and 0.1 < gone[~np.isnan(x)].mean() < 0.3
    assert (gone == imputation.hidden(x, 0)).all() and (gone != imputation.hidden(x, 1)).any()


def test_the_errors_of_means_and_modes_are_those_of_the_training_split(made):
    model, data = made
    found = dict(imputation.imputation(model, data))
    train, test = (part.examples(np.arange(len(part))) for part in (data.train, data.test))
    gone = imputation.hidden(test, 0)

    def standardised(x):
        u = x.astype(np.float64)
        u[:, 1] = np.log(u[:, 1])  # the price
        center = np.array([50.0, 5.0, 4.0, 180.0, 9000.0])
        scale = np.array([10.0, 1.5, 3.0, 100.0, 2500.0])
        u[:, :NUMBERS] = (u[:, :NUMBERS] - center) / scale
        return u

    means = np.nanmean(standardised(train)[:, :NUMBERS], axis=0)
    errors = (means - standardised(test)[:, :NUMBERS])[gone[:, :NUMBERS]]
    rmse = np.sqrt(np.mean(errors**2))
    assert found["imputation_rmse_of_means"] == pytest.approx(rmse, rel=1e-4)
    right = []
    for place in range(NUMBERS, 8):
        known = train[:, place][~np.isnan(train[:, place])].astype(int)
        mode = np.argmax(np.bincount(known))
        right += list(test[:, place][gone[:, place]] == mode)
    assert found["imputation_accuracy_of_modes"] == pytest.approx(np.mean(right))


def test_what_is_filled_in_does_not_depend_on_what_was_hidden(made):
    model, data = made
    x = data.test.examples(np.arange(20))
    gone = imputation.hidden(x, 0)
    first = imputation.fill(model, np.where(gone, np.nan, x))
    other = imputation.fill(model, np.where(gone, np.nan, np.where(gone, 1.0, x)))
    np.testing.assert_array_equal(first, other)
    assert np.isfinite(first).all() and first.shape == x.shape


def test_hidden_readings_of_series_are_filled_by_the_reconstruction_and_compared():
    zoo.training.seed_everything(5)
    random = np.random.default_rng(0)
    x = (random.normal(size=(60, 9, 2)).cumsum(axis=1) * [1.0, 50.0]).astype(np.float32)
    x[random.random(x.shape) < 0.1] = np.nan
    schema = zoo.datasets.Schema("series", (9, 2), None, None, missing=True)
    schema = zoo.datasets.series.standardized(schema, zoo.datasets.Split(x[:40]))
    parts = (zoo.datasets.Split(x[:40]), zoo.datasets.Split(x[40:]))
    data = binarize(
        zoo.datasets.Dataset("made", *parts, schema, "made", "none", "the last"), "none"
    )
    likelihood = zoo.likelihoods.of_schema("normal", schema)
    model = zoo.catalog.build("series_vae", (9, 2), latent=2, width=4, likelihood=likelihood)
    found = dict(imputation.imputation(model, data))
    gone = imputation.hidden(x[40:], 0)
    u = (x - np.array(schema.center)) / np.array(schema.scale)
    means = np.nanmean(u[:40], axis=(0, 1))
    errors = (means - u[40:])[gone]
    assert imputation.hidden_count(data) == {"numbers": gone.sum(), "words": 0}
    assert found["imputation_rmse_of_means"] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-4)
    rebuilt = np.asarray(model.reconstruct(np.where(gone, np.nan, x[40:]))["x_mean"])
    errors = ((rebuilt - x[40:]) / np.array(schema.scale))[gone]
    assert found["imputation_rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-4)
    assert "imputation_accuracy" not in found
