"""Priors by name: each is made, trained with and measured against what fits it."""

from typing import get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import catalog
from zoo.errors import InputError
from zoo.latents import posteriors, priors
from zoo.objectives import FreeBits, ImportanceWeighted
from zoo.recipe import options

DENSE = {"latent": 2, "units": (6,)}
REAL = ("normal", "full_normal", "laplace", "logistic", "flow")


def test_every_name_is_an_option_of_the_recipes_and_no_other_is():
    assert set(get_args(options.Posterior)) == set(posteriors.NAMES)
    assert set(get_args(options.Prior)) == set(priors.NAMES)


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(InputError, match=r"'vamp'.*standard, mixture, vampprior, flow"):
        priors.get("vamp", posteriors.Normal())


@pytest.mark.slow
@pytest.mark.parametrize("posterior", REAL)
@pytest.mark.parametrize("prior", ["mixture", "flow"])
def test_a_learned_prior_trains_beside_every_posterior_over_the_reals(posterior, prior):
    vae = catalog.dense_vae((4,), **DENSE, posterior=posterior, prior=prior)
    x = np.random.default_rng(0).integers(0, 2, (16, 4)).astype(np.float32)
    vae.compile(jit_compile=False)
    with tf.GradientTape() as tape:
        loss = vae.compute_loss(x, x, vae(x, training=True))
    weights = vae.trainable_weights
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, weight.path
    assert not vae.exact_kl


@pytest.mark.parametrize("prior", ["mixture", "vampprior", "flow"])
def test_free_bits_ask_for_a_kl_by_latent_which_a_learned_prior_has_not(prior):
    with pytest.raises(InputError, match="KL of each latent"):
        catalog.dense_vae((4,), **DENSE, prior=prior, objective=FreeBits(0.1))


@pytest.mark.slow
@pytest.mark.parametrize("prior", ["mixture", "vampprior", "flow"])
def test_the_two_gradients_of_the_importance_weighted_bound_agree_in_expectation(prior):
    """For the prior's weights: both estimators average to the gradient of one bound."""
    x = np.random.default_rng(0).integers(0, 2, (4, 4)).astype(np.float32)
    means = []
    for doubly in (False, True):
        keras.utils.set_random_seed(1)
        objective = ImportanceWeighted(2, doubly_reparameterized=doubly)
        made = priors.VampPrior(2, (4,)) if prior == "vampprior" else prior
        vae = catalog.dense_vae((4,), **DENSE, prior=made, objective=objective, seed=3)
        vae.compile(jit_compile=False)
        many = np.repeat(x, 4000, axis=0)
        with tf.GradientTape() as tape:
            loss = vae.compute_loss(many, many, vae(many, training=True))
        weight = vae.latents.prior.trainable_weights[-1]
        means.append(np.asarray(tape.gradient(loss, weight.value)))
    size = np.abs(means[0]).max()
    assert size > 1e-4
    np.testing.assert_allclose(means[1], means[0], atol=0.1 * size)
