"""A standardised likelihood of which values are missing: what is unknown counts for nothing."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from zoo import likelihoods
from zoo.artifact.schema import Schema
from zoo.errors import InputError

CENTER, SCALE = (5.0, -1000.0, 0.0), (2.0, 300.0, 1e-3)
STEPS = 7


def data(n=4, missing=0.3):
    """(x [n, STEPS, 3] of which some is NaN, raw output)."""
    random = np.random.default_rng(0)
    x = (random.normal(size=(n, STEPS, 3)) * SCALE + CENTER).astype(np.float32)
    x[random.random(x.shape) < missing] = np.nan
    return x, random.normal(size=x.shape).astype(np.float32)


def made(inner=None, **options):
    likelihood = likelihoods.Standardized(
        inner or likelihoods.Normal(scale=0.5), CENTER, SCALE, missing=True, **options
    )
    likelihood.build((None, STEPS, 3))
    return likelihood


def test_the_nats_are_those_of_the_known_values_alone():
    x, raw = data()
    nats = stats.norm.logpdf(x, raw * SCALE + np.array(CENTER), 0.5 * np.array(SCALE))
    found = made().log_prob(x, raw)
    np.testing.assert_allclose(found, np.nansum(nats, axis=(1, 2)), rtol=1e-4)
    counted = (np.arange(STEPS) < 3).astype(np.float32).reshape(1, STEPS, 1)
    found = made().log_prob(x, raw, counted)
    np.testing.assert_allclose(found, np.nansum(nats[:, :3], axis=(1, 2)), rtol=1e-4)
    nothing = np.full_like(x, np.nan)
    np.testing.assert_array_equal(made("laplace").log_prob(nothing, raw), np.zeros(len(x)))


def test_networks_see_0_in_the_place_of_what_is_missing_and_are_told_which_that_is():
    x, _ = data()
    likelihood = made()
    seen = np.asarray(likelihood.network_input(x))
    known = ~np.isnan(x)
    assert seen.shape[1:] == likelihood.network_shape((STEPS, 3)) == (STEPS, 6)
    assert likelihood.event_shape((STEPS, 6)) == (STEPS, 3) and likelihood.marks_known
    wanted = np.where(known, (x - CENTER) / SCALE, 0.0)
    np.testing.assert_allclose(seen[..., :3], wanted, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(seen[..., 3:], known)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="takes TensorFlow's gradients")
def test_no_gradient_comes_of_what_is_missing():
    import tensorflow as tf

    x, raw = data()
    likelihood = made(likelihoods.Normal(by_feature=True))
    output = tf.Variable(raw)
    with tf.GradientTape() as tape:
        nats = tf.reduce_sum(likelihood.log_prob(x, output))
    gradient = tape.gradient(nats, output).numpy()
    assert (gradient[np.isnan(x)] == 0.0).all() and (gradient[~np.isnan(x)] != 0.0).all()


def test_the_independent_law_is_fitted_to_what_is_known():
    x = data(400)[0].reshape(400, -1)
    law = made().independent(x.shape[1])[0]
    nats = law.log_prob(x, *law.fit(x), None)
    mean, deviation = np.nanmean(x.astype(np.float64), axis=0), np.nanstd(x, axis=0)
    wanted = np.nansum(stats.norm.logpdf(x, mean, deviation), axis=1)
    np.testing.assert_allclose(nats, wanted, rtol=1e-3)


def test_it_comes_back_from_its_config_and_from_the_schema():
    schema = Schema("series", (STEPS, 3), None, None, center=CENTER, scale=SCALE, missing=True)
    likelihood = likelihoods.of_schema("normal", schema)
    copy = type(likelihood).from_config(likelihood.get_config())
    assert copy.missing and copy.get_config() == likelihood.get_config()
    assert likelihood.example((STEPS, 3))[0].missing and likelihood.network_value is None
    with pytest.raises(InputError, match=r"'bernoulli' knows of no missing values.*take normal"):
        likelihoods.of_schema("bernoulli", schema)


def test_what_feeds_back_its_own_steps_knows_them_all():
    step = ops.convert_to_tensor(np.array([[1.0, 2.0, 3.0]], np.float32))
    np.testing.assert_array_equal(made().network_input(step)[:, 3:], [[1.0, 1.0, 1.0]])
