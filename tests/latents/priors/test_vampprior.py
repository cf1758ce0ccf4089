"""The VampPrior: a mixture of encodings of what it has learned."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from zoo import catalog, likelihoods, noise
from zoo.errors import InputError
from zoo.latents import priors

SIDE_BY_SIDE = np.arange(50_000)  # seeds
EVENT = (4, 3)
DENSE = {"latent": 2, "units": (6,)}


def model(components, builder=catalog.dense_vae, **options):
    """A tiny VAE with a VampPrior, whose encodings lie apart."""
    keras.utils.set_random_seed(3)
    options = DENSE | {"prior": priors.VampPrior(components, EVENT)} | options
    vae = builder(EVENT, **options)
    for weight in vae.encoder.trainable_weights:
        weight.assign(np.random.default_rng(0).normal(0, 0.7, weight.shape))
    return vae


def encodings(vae):
    """(means, standard deviations) of the pseudo-inputs: [components, latent] each."""
    encoded = vae.encode(vae.latents.prior.pseudo_inputs())
    return np.asarray(encoded["mean"]), np.exp(0.5 * np.asarray(encoded["log_var"]))


def log_prob(vae, z):
    return np.asarray(vae.latents.prior.log_prob(np.float32(z), vae._pseudo()))


def test_with_one_pseudo_input_it_is_the_normal_of_that_encoding():
    vae = model(1)
    mean, scale = encodings(vae)
    z = np.random.default_rng(1).normal(size=(50, 2)).astype(np.float32)
    wanted = stats.norm.logpdf(z, mean, scale).sum(axis=1)
    np.testing.assert_allclose(log_prob(vae, z), wanted, rtol=1e-5, atol=1e-6)
    drawn = np.asarray(noise.draw(vae.latents.prior.noise_kinds(2), SIDE_BY_SIDE[:7]))
    np.testing.assert_allclose(
        vae.latents.prior.sample(drawn, vae._pseudo()), mean + scale * drawn[:, 1:], rtol=1e-6
    )


def test_log_prob_is_the_mean_density_of_the_encodings():
    vae = model(5)
    mean, scale = encodings(vae)
    assert np.ptp(mean, axis=0).min() > 0.1
    z = np.random.default_rng(1).normal(size=(50, 2)).astype(np.float32)
    each = stats.norm.logpdf(z[:, None], mean, scale).sum(axis=2)
    wanted = special.logsumexp(each, axis=1) - np.log(5)
    np.testing.assert_allclose(log_prob(vae, z), wanted, rtol=1e-5, atol=1e-6)


def test_generate_of_seeds_side_by_side_has_the_right_distribution():
    vae = model(5)
    mean, scale = encodings(vae)
    z = np.asarray(vae.generate(SIDE_BY_SIDE)["z"])
    for directions in ([1.0, 0.0], [0.0, 1.0], [0.6, 0.8]):
        along = mean @ directions, np.sqrt(np.square(scale) @ np.square(directions))
        cdf = lambda x, along=along: stats.norm.cdf(x[:, None], *along).mean(axis=1)  # noqa: E731
        assert stats.kstest(z @ directions, cdf).pvalue > 1e-3


def test_every_component_is_drawn_and_none_besides():
    ends = np.float32([0.0, 1.0 - 2.0**-24])
    for components in [1, 2, 3, 7, 50, 500, 513, 1000]:
        prior = priors.VampPrior(components, (1,))
        prior.build((None, 1))
        own = {
            "mean": np.arange(components, dtype=np.float32)[:, None],
            "log_var": np.zeros((components, 1), np.float32),
        }
        drawn = np.concatenate([ends, (np.arange(components) + 0.5) / components])
        drawn = np.stack([drawn, np.zeros_like(drawn)], axis=1).astype(np.float32)
        z = np.asarray(prior.sample(drawn, own))[:, 0]
        np.testing.assert_array_equal(z, [0, components - 1, *range(components)])


def test_the_sampled_kl_agrees_with_a_large_sample():
    vae = model(4)
    x = np.random.default_rng(2).normal(size=(3, *EVENT)).astype(np.float32)
    mean, scale = encodings(vae)
    posterior = {name: np.asarray(value, np.float64) for name, value in vae.encode(x).items()}
    given = np.random.default_rng(4).standard_normal((3, 20_000, 2)).astype(np.float32)
    kl = np.asarray(vae.terms(x, given)["kl"])
    for row in range(3):
        q = stats.norm(posterior["mean"][row], np.exp(0.5 * posterior["log_var"][row]))
        z = q.rvs((200_000, 2), random_state=row)
        each = stats.norm.logpdf(z[:, None], mean, scale).sum(axis=2)
        ratio = q.logpdf(z).sum(axis=1) - special.logsumexp(each, axis=1) + np.log(4)
        error = ratio.std() * (1 / 20_000 + 1 / 200_000) ** 0.5
        assert kl[row] == pytest.approx(ratio.mean(), abs=5 * error)
        assert kl[row] > 10 * error


def test_gradients_reach_the_pseudo_inputs_and_the_encoder_through_the_prior():
    vae = model(3)
    weights = [vae.latents.prior.raw, *vae.encoder.trainable_weights]
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(vae.latents.prior.log_prob(np.float32([[0.5, -1.0]]), vae._pseudo()))
    for weight, gradient in zip(
        weights, tape.gradient(value, [weight.value for weight in weights]), strict=True
    ):
        assert np.abs(gradient).max() > 0, weight.path


def test_pseudo_inputs_begin_at_the_examples_given_and_the_others_at_random():
    prior = priors.VampPrior(5, EVENT, bounds=(-1.0, 3.0))
    prior.build((None, 2))
    before = np.asarray(prior.pseudo_inputs())
    assert before.min() > -1.0 and before.max() < 3.0 and before.std() > 0.3
    x = np.random.default_rng(0).uniform(-1, 3, (3, *EVENT)).astype(np.float32)
    x[0, 0] = [-1.0, 1.0, 3.0]
    prior.start_from(x)
    after = np.asarray(prior.pseudo_inputs())
    np.testing.assert_allclose(after[:3], np.clip(x, -0.8, 2.8), atol=1e-5)  # 0.05 of 4
    np.testing.assert_array_equal(after[3:], before[3:])


def test_without_bounds_pseudo_inputs_are_any_numbers():
    prior = priors.VampPrior(3, EVENT, bounds=None)
    prior.build((None, 2))
    x = (100 * np.random.default_rng(0).normal(size=(2, *EVENT))).astype(np.float32)
    prior.start_from(x)
    np.testing.assert_array_equal(np.asarray(prior.pseudo_inputs())[:2], x)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="one backend is enough")
def test_of_standardised_data_they_begin_where_the_networks_see_the_examples():
    center, scale = (5.0, 0.0, -900.0), (2.0, 1.0, 300.0)
    likelihood = likelihoods.Standardized("normal", center, scale)
    options = {"latent": 2, "units": (4,), "components": 3, "bounds": None}
    vae = catalog.vampprior_vae(EVENT, likelihood=likelihood, **options)
    x = (np.random.default_rng(0).normal(size=(3, *EVENT)) * scale + center).astype(np.float32)
    vae.start_pseudo_inputs(x)
    learned = np.asarray(vae.latents.pseudo_inputs())
    np.testing.assert_allclose(learned, (x - center) / scale, rtol=1e-4, atol=1e-4)


def test_it_comes_back_with_its_model(tmp_path):
    vae = model(3, latent=2)
    vae.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert copy.latents.prior.get_config() == vae.latents.prior.get_config()
    z = np.float32([[0.5, -1.0]])
    np.testing.assert_allclose(log_prob(copy, z), log_prob(vae, z), rtol=1e-6)


def test_examples_that_do_not_fit_are_refused():
    prior = priors.VampPrior(2, EVENT)
    prior.build((None, 2))
    with pytest.raises(InputError, match=r"given \[3, 4, 3\], wanted up to 2"):
        prior.start_from(np.zeros((3, *EVENT)))
    with pytest.raises(InputError, match=r"given \[1, 4, 4\], wanted .*shape \[4, 3\]"):
        prior.start_from(np.zeros((1, 4, 4)))
    with pytest.raises(InputError, match=r"reach from 0 to 2.*bounds of the data"):
        prior.start_from(np.linspace(0, 2, 12).reshape(1, *EVENT))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"components": 0, "event_shape": EVENT}, "components=0.*1 component or more"),
        ({"components": 3}, "event_shape"),
        ({"event_shape": EVENT, "bounds": (1.0, 0.0)}, "bounds=.*lowest, highest"),
    ],
)
def test_a_prior_that_cannot_be_is_refused(options, said):
    with pytest.raises(InputError, match=said):
        priors.VampPrior(**options)


@pytest.mark.parametrize(
    "posterior", ["full_normal", "laplace", "logistic", "von_mises_fisher", "bernoulli", "flow"]
)
def test_a_posterior_that_is_not_normal_is_refused(posterior):
    with pytest.raises(InputError, match=r"must be normal|samples of the kind"):
        catalog.dense_vae(EVENT, **DENSE, posterior=posterior, prior="vampprior")


def test_conditions_and_inputs_of_another_shape_are_refused():
    with pytest.raises(InputError, match="no conditions beside it; it takes label"):
        catalog.conditional_vae((8, 8, 1), latent=2, filters=(4,), dense=5, prior="vampprior")
    with pytest.raises(InputError, match=r"shape \(5,\).*takes \(4, 3\)"):
        catalog.dense_vae(EVENT, **DENSE, prior=priors.VampPrior(2, (5,)))
