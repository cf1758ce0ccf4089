import numpy as np
import pytest
from scipy import stats

from zoo.distributions import negative_binomial

CASES = [(0.01, 0.5), (3.0, 0.2), (3.0, 1.0), (20.0, 7.0), (20.0, 2e4), (150.0, 30.0)]


def reference(mean, dispersion):
    return stats.nbinom(dispersion, dispersion / (dispersion + mean))


def logs(mean, dispersion):
    return np.float32(np.log(mean)), np.float32(np.log(dispersion))


@pytest.mark.parametrize(("mean", "dispersion"), CASES)
def test_masses_agree_with_scipy_and_sum_to_one(mean, dispersion):
    counts = np.arange(2000, dtype=np.float32)[:, None]
    given = np.asarray(negative_binomial.log_prob(counts, *logs(mean, dispersion)), np.float64)
    wanted = reference(mean, dispersion).logpmf(counts[:, 0])
    np.testing.assert_allclose(given[:300], wanted[:300], rtol=1e-5, atol=3e-4)
    assert np.exp(given).sum() == pytest.approx(1.0, abs=3e-4)
    assert (np.exp(given) * counts[:, 0]).sum() == pytest.approx(mean, rel=1e-3)


@pytest.mark.parametrize(("mean", "dispersion"), CASES)
@pytest.mark.parametrize("extra", [1e-4, 0.3, 0.99])
def test_zero_inflated_masses_are_a_mixture_with_zero(mean, dispersion, extra):
    counts = np.arange(300, dtype=np.float32)
    logit = np.float32(np.log(extra / (1 - extra)))
    given = negative_binomial.zero_inflated_log_prob_by_value(
        counts, *logs(mean, dispersion), logit
    )
    wanted = (1 - extra) * reference(mean, dispersion).pmf(counts) + extra * (counts == 0)
    likely = wanted > 1e-300
    np.testing.assert_allclose(
        np.asarray(given)[likely], np.log(wanted[likely]), rtol=1e-5, atol=5e-4
    )


@pytest.mark.parametrize(("mean", "dispersion"), CASES)
def test_mode_is_the_likeliest_count(mean, dispersion):
    found = float(negative_binomial.mode(*logs(mean, dispersion)))
    pmf = reference(mean, dispersion).pmf
    assert pmf(found) >= max(pmf(found + 1), pmf(found - 1)) * (1 - 1e-6)


@pytest.mark.parametrize(("mean", "dispersion"), CASES[:4])
def test_draws_are_the_noises_quantiles(mean, dispersion):
    noise = np.random.default_rng(0).random((500, 1), dtype=np.float32)
    log_mean, log_dispersion = logs(mean, dispersion)
    drawn = negative_binomial.sample(np.full_like(noise, log_mean), log_dispersion, noise, 400)
    wanted = reference(mean, dispersion).ppf(noise)
    assert np.mean(np.asarray(drawn) != wanted) < 0.01  # where the noise lies on a bound


@pytest.mark.parametrize("log_mean", [-15.0, 0.0, 10.0])
@pytest.mark.parametrize("log_dispersion", [-7.0, 10.0])
@pytest.mark.parametrize("count", [0.0, 1.0, 1e5])
def test_gradients_stay_finite(log_mean, log_dispersion, count):
    import tensorflow as tf

    parameters = [tf.constant([[log_mean]]), tf.constant(log_dispersion)]
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        nats = negative_binomial.log_prob(tf.constant([[count]]), *parameters)
    assert np.isfinite(nats).all()
    for gradient in tape.gradient(nats, parameters):
        assert np.isfinite(gradient).all()
