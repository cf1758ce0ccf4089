"""Every family of posteriors against scipy, quadrature and enumeration, by what it states itself.

The functions below it have tests of their own, `tests/distributions`, at the edges of float32.
"""

import numpy as np
import pytest
import tensorflow as tf
from families import LAWS, assert_distributed, quadrature, single
from keras import ops

from zoo import noise

SEEDS = np.arange(20_000)  # side by side
FEW = SEEDS[:10_000]
EXACT = [name for name, law in LAWS.items() if law.posterior().standard]
BY_LATENT = [name for name in EXACT if LAWS[name].posterior().kl_by_latent]
SMOOTH = [name for name, law in LAWS.items() if not law.posterior().relaxed]


def drawn(law, seeds=SEEDS):
    """(z, log q) of the law's parameters, by the posterior, from seeded noise."""
    posterior = law.posterior()
    given = noise.draw(posterior.noise_kinds(law.latent), seeds)
    return (np.asarray(each) for each in posterior.draw(single(law.parameters), given))


@pytest.fixture(params=LAWS)
def law(request):
    return LAWS[request.param]


def test_the_encoder_is_asked_for_the_parameters_of_the_density(law):
    widths = {name: value.shape[-1] for name, value in law.parameters.items()}
    assert law.posterior().outputs(law.latent) == widths


def test_the_density_integrates_or_sums_to_one_and_is_scipys(law):
    z, weights = quadrature(law, law.parameters)
    log_q = np.float64(law.posterior().log_prob(np.float32(z), single(law.parameters)))
    assert (weights * np.exp(log_q)).sum() == pytest.approx(1.0, abs=1e-5)
    wanted = law.log_density(z, **law.parameters)
    np.testing.assert_allclose(log_q, wanted, rtol=1e-5, atol=2e-5)


def test_samples_of_seeds_side_by_side_have_the_right_distribution(law):
    z, _ = drawn(law)
    assert z.shape == (len(SEEDS), law.latent)
    assert_distributed(z, law, law.parameters)


def test_a_draw_comes_with_its_own_log_density(law):
    z, log_q = drawn(law, FEW)
    wanted = law.log_density(np.float64(z), **law.parameters)
    np.testing.assert_allclose(log_q, wanted, rtol=1e-5, atol=2e-5)


def test_the_point_that_stands_for_x_lies_in_the_support_where_the_density_is_highest(law):
    point = np.float64(law.posterior().point(single(law.parameters)))
    z, _ = quadrature(law, law.parameters)
    highest = law.log_density(z, **law.parameters).max()
    assert law.log_density(point, **law.parameters)[0] >= highest - 1e-6
    if law.uniforms is None:
        assert (point == z).all(axis=1).any()
    elif law.posterior().support == "sphere":
        assert np.linalg.norm(point) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("name", EXACT)
def test_the_kl_to_the_standard_prior_agrees_with_quadrature(name):
    law = LAWS[name]
    z, weights = quadrature(law, law.parameters)
    log_q = law.log_density(z, **law.parameters)
    log_p = law.log_density(z, **law.standard)
    wanted = (weights * np.exp(log_q) * (log_q - log_p)).sum()
    assert wanted > 0.1
    given = law.posterior().kl_to_standard(single(law.parameters))
    np.testing.assert_allclose(given, [wanted], rtol=1e-5)


@pytest.mark.parametrize("name", BY_LATENT)
def test_a_latent_that_is_its_priors_costs_nothing_and_the_others_cost_what_they_did(name):
    law = LAWS[name]
    posterior, parameters = law.posterior(), single(law.parameters)
    before = np.asarray(posterior.kl_to_standard_by_axis(parameters))
    np.testing.assert_allclose(before.sum(axis=1), posterior.kl_to_standard(parameters), rtol=1e-6)
    a_latent = posterior.width(1)
    for key, value in law.standard.items():
        parameters[key][:, -a_latent:] = value[:, -a_latent:]
    after = np.asarray(posterior.kl_to_standard_by_axis(parameters))
    assert after.shape == (1, law.latent // a_latent)
    np.testing.assert_array_equal(after[:, :-1], before[:, :-1])
    assert after[0, -1] == 0.0 < before[0, -1]


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_through_a_draw_agree_with_finite_differences_of_the_expectation(name):
    law = LAWS[name]
    posterior = law.posterior()

    def square(z):  # every parameter moves its expectation: means, scales and covariances
        return z[:, 0] * z[:, 0] + 0.7 * z[:, 0] * z[:, 1] - 0.5 * z[:, 1] * z[:, 1] + z[:, -1]

    def expectation(parameters):
        z, weights = quadrature(law, parameters)
        return (weights * np.exp(law.log_density(z, **parameters)) * square(z)).sum()

    rows = {
        key: tf.constant(np.repeat(value, len(FEW), axis=0))
        for key, value in single(law.parameters).items()
    }
    given = noise.draw(posterior.noise_kinds(law.latent), FEW)
    with tf.GradientTape() as tape:
        tape.watch(rows)
        kept = {key: law.heads.get(key, tf.identity)(value) for key, value in rows.items()}
        z, _ = posterior.draw(kept, given, training=True)
        total = ops.sum(square(z))
    for key, slopes in tape.gradient(total, rows).items():
        slopes = np.float64(slopes)  # of each draw by its own row
        error = slopes.std(axis=0) / len(FEW) ** 0.5
        wanted = np.empty(slopes.shape[1])
        for place in range(len(wanted)):
            step = np.zeros_like(law.parameters[key])
            step[0, place] = 1e-3
            more, less = (law.parameters | {key: law.parameters[key] + s * step} for s in (1, -1))
            wanted[place] = (expectation(more) - expectation(less)) / 2e-3
        assert (np.abs(slopes.mean(axis=0) - wanted) < 5 * error + 1e-4).all(), key
        assert np.abs(wanted).max() > 10 * error.max(), key  # the comparison is sharp
