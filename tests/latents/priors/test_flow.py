"""The coupling flow as a prior."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats

from zoo import catalog, noise
from zoo.errors import InputError
from zoo.latents import priors

SIDE_BY_SIDE = np.arange(50_000)  # seeds


def flow(layers=4, latent=2, scale=0.4):
    """A built flow whose layers bend."""
    keras.utils.set_random_seed(0)
    prior = priors.CouplingFlow(layers, (6,))
    prior.build((None, latent))
    random = np.random.default_rng(5)
    for weight in prior.trainable_weights:
        weight.assign(random.normal(0.0, scale, weight.shape))
    return prior


def grid(side):
    return np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize("latent", [1, 2, 5])
def test_a_flow_of_no_layers_is_the_standard_normal(latent):
    prior, standard = flow(0, latent), priors.StandardNormal()
    z = np.random.default_rng(0).normal(size=(20, latent)).astype(np.float32)
    np.testing.assert_array_equal(prior.log_prob(z), standard.log_prob(z))
    np.testing.assert_array_equal(prior.sample(z), z)
    assert prior.weights == []


def test_the_density_is_that_of_the_noise_by_the_change_of_variables():
    prior = flow(latent=3)
    drawn = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    given = tf.constant(drawn)
    with tf.GradientTape() as tape:
        tape.watch(given)
        z = prior.sample(given)
    slopes = tape.batch_jacobian(z, given).numpy().astype(np.float64)
    wanted = stats.norm.logpdf(drawn).sum(axis=1) - np.linalg.slogdet(slopes)[1]
    assert np.abs(np.asarray(z) - drawn).max() > 0.5
    np.testing.assert_allclose(prior.log_prob(z), wanted, rtol=1e-4, atol=1e-4)


def test_the_density_integrates_to_one():
    side = np.linspace(-15, 15, 1201, dtype=np.float32)
    density = np.exp(np.asarray(flow().log_prob(grid(side)))).reshape(1201, 1201)
    total = integrate.trapezoid(integrate.trapezoid(density, side), side)
    assert total == pytest.approx(1.0, abs=1e-3)


def test_samples_of_seeds_side_by_side_have_the_distribution_of_the_density():
    prior = flow()
    side = np.linspace(-15, 15, 1201, dtype=np.float32)
    density = np.exp(np.asarray(prior.log_prob(grid(side)))).reshape(1201, 1201)
    z = np.asarray(prior.sample(noise.draw(prior.noise_kinds(2), SIDE_BY_SIDE)))
    assert stats.kstest(z[:, 0], stats.norm.cdf).pvalue < 1e-3  # it bends
    for axis in range(2):
        marginal = integrate.trapezoid(density, side, axis=1 - axis)
        cumulated = integrate.cumulative_trapezoid(marginal, side, initial=0.0)
        assert stats.kstest(z[:, axis], lambda x: np.interp(x, side, cumulated)).pvalue > 1e-3  # noqa: B023


def test_the_sampled_kl_agrees_with_quadrature():
    prior = flow()
    vae = catalog.dense_vae((4,), latent=2, units=(5,), prior=prior)
    x = np.random.default_rng(1).random((2, 4)).astype(np.float32)
    posterior = {name: np.asarray(value, np.float64) for name, value in vae.encode(x).items()}
    drawn = np.random.default_rng(2).standard_normal((2, 20_000, 2)).astype(np.float32)
    kl = np.asarray(vae.terms(x, drawn)["kl"])
    side = np.linspace(-9, 9, 601)
    log_p = np.asarray(prior.log_prob(np.float32(grid(side))), np.float64)
    for row in range(2):
        mean, scale = posterior["mean"][row], np.exp(0.5 * posterior["log_var"][row])
        log_q = stats.norm.logpdf(grid(side), mean, scale).sum(axis=1)
        cell = np.exp(log_q) * (side[1] - side[0]) ** 2
        wanted = np.sum(cell * (log_q - log_p))
        spread = np.sum(cell * np.square(log_q - log_p - wanted)) ** 0.5
        assert kl[row] == pytest.approx(wanted, abs=5 * spread / 20_000**0.5)


def test_one_latent_alone_is_refused_unless_there_is_no_layer():
    with pytest.raises(InputError, match=r"latent=1.*2 or more"):
        catalog.dense_vae((4,), latent=1, units=(5,), prior="flow")
    vae = catalog.dense_vae((4,), latent=1, units=(5,), prior=priors.CouplingFlow(0))
    assert vae.generate(np.array([3]))["z"].shape == (1, 1)


@pytest.mark.parametrize("layers", [-1, 1.5])
def test_layers_that_cannot_be_counted_are_refused(layers):
    with pytest.raises(InputError, match=f"layers={layers}.*0 or more"):
        priors.CouplingFlow(layers)


def test_a_discrete_or_spherical_posterior_is_refused():
    for posterior in ("von_mises_fisher", "bernoulli"):
        with pytest.raises(InputError, match="kind"):
            catalog.dense_vae((4,), latent=2, units=(5,), posterior=posterior, prior="flow")


def test_it_comes_back_with_its_model(tmp_path):
    vae = catalog.dense_vae((4,), latent=3, units=(5,), prior=flow(latent=3))
    vae.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    z = np.float32([[0.5, -1.0, 2.0]])
    np.testing.assert_allclose(
        copy.latents.prior.log_prob(z), vae.latents.prior.log_prob(z), rtol=1e-6
    )
    assert np.abs(vae.latents.prior.log_prob(z) - priors.StandardNormal().log_prob(z)) > 0.1
