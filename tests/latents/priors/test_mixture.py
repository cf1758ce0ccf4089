"""The learned mixture of normals against scipy, quadrature and its own samples."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, special, stats

from zoo import noise
from zoo.errors import InputError
from zoo.latents import priors

SIDE_BY_SIDE = np.arange(50_000)  # seeds
LOGITS = np.float32([0.3, -1.0, 1.5])
MEAN = np.float32([[-2.0, 0.5], [0.0, 3.0], [1.0, -1.0]])
LOG_VAR = np.float32([[-1.0, 0.4], [0.8, -3.0], [-2.0, 0.0]])


@pytest.fixture
def prior():
    """Three normals in two dimensions."""
    prior = priors.MixtureOfNormals(3)
    prior.build((None, 2))
    for weight, value in zip(prior.weights, (LOGITS, MEAN, LOG_VAR), strict=True):
        weight.assign(value)
    return prior


def test_log_prob_agrees_with_scipy(prior):
    z = np.random.default_rng(0).normal(0, 2, (200, 2)).astype(np.float32)
    by_component = [
        stats.multivariate_normal(mean, np.diag(np.exp(log_var))).logpdf(z)
        for mean, log_var in zip(MEAN, LOG_VAR, strict=True)
    ]
    wanted = special.logsumexp(special.log_softmax(LOGITS)[:, None] + by_component, axis=0)
    np.testing.assert_allclose(prior.log_prob(z), wanted, rtol=1e-5, atol=1e-5)


def test_log_prob_keeps_its_digits_where_a_component_is_narrow_and_far_from_the_origin(prior):
    prior.mean.assign(prior.mean + 1000.0)
    prior.log_var.assign(prior.log_var - 8.0)
    scale = np.exp(0.5 * LOG_VAR[2] - 4.0)
    z = np.float32(MEAN[2] + 1000.0 + scale)
    moved = (np.float64(z) - MEAN[2] - 1000.0) / scale
    wanted = special.log_softmax(LOGITS)[2] + np.sum(stats.norm.logpdf(moved) - np.log(scale))
    np.testing.assert_allclose(prior.log_prob(z[None]), [wanted], rtol=1e-5)


def test_the_density_integrates_to_one(prior):
    side = np.linspace(-12, 12, 801, dtype=np.float32)
    grid = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(np.asarray(prior.log_prob(grid))).reshape(801, 801)
    total = integrate.trapezoid(integrate.trapezoid(density, side), side)
    assert total == pytest.approx(1.0, abs=1e-4)


def test_samples_of_seeds_side_by_side_have_the_right_distribution(prior):
    z = np.asarray(prior.sample(noise.draw(prior.noise_kinds(2), SIDE_BY_SIDE)))
    share = special.softmax(LOGITS.astype(np.float64))

    def distribution(directions):
        """Of the sum of both latents times `directions`, a mixture of normals of its own."""
        mean = MEAN @ directions
        scale = np.sqrt(np.exp(LOG_VAR) @ np.square(directions))
        return lambda x: stats.norm.cdf(x[:, None], mean, scale) @ share

    for directions in ([1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.8, -0.6]):
        cdf = distribution(np.array(directions))
        assert stats.kstest(z @ directions, cdf).pvalue > 1e-3


def test_every_weight_has_a_gradient_even_where_components_begin_equal_in_weight():
    prior = priors.MixtureOfNormals(4)
    prior.build((None, 3))
    z = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(prior.log_prob(z))
    for gradient in tape.gradient(value, [weight.value for weight in prior.weights]):
        assert (np.abs(gradient) > 0).all()


def test_one_component_of_mean_0_is_the_standard_normal():
    prior = priors.MixtureOfNormals(1)
    prior.build((None, 3))
    prior.mean.assign(np.zeros((1, 3)))
    z = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    wanted = priors.StandardNormal().log_prob(z)
    np.testing.assert_allclose(prior.log_prob(z), wanted, rtol=1e-6)
    drawn = noise.draw(prior.noise_kinds(3), SIDE_BY_SIDE[:9])
    np.testing.assert_array_equal(prior.sample(drawn), drawn[:, 1:])


@pytest.mark.parametrize("components", [0, -1, 2.5])
def test_a_mixture_of_nothing_is_refused(components):
    with pytest.raises(InputError, match=f"components={components}.*1 component or more"):
        priors.MixtureOfNormals(components)


def test_it_comes_back_from_its_config(prior):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(prior))
    assert copy.components == 3
    copy.set_weights(prior.get_weights())
    z = np.float32([[0.3, -0.2]])
    np.testing.assert_array_equal(copy.log_prob(z), prior.log_prob(z))
