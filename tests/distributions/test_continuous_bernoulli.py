import numpy as np
import pytest

from zoo.distributions import continuous_bernoulli

LOGITS = [-60.0, -5.0, -1.01, -0.99, -0.25, -1e-4, 0.0, 1e-6, 0.24, 0.9, 1.1, 8.0, 60.0]


def density(x, logit):
    x = np.asarray(x, np.float32).reshape(-1, 1)
    return np.exp(np.float64(continuous_bernoulli.log_prob(x, np.full_like(x, logit))))


@pytest.mark.parametrize("logit", LOGITS)
def test_it_is_a_density_with_the_stated_mean(logit):
    # Gauss-Legendre on pieces that crowd where the density does.
    ends = np.concatenate([[0], np.logspace(-4, -0.30103, 40), 1 - np.logspace(-0.31, -4, 40), [1]])
    nodes, weights = np.polynomial.legendre.leggauss(8)
    widths = np.diff(ends)[:, None]
    x = (ends[:-1, None] + widths * (nodes + 1) / 2).ravel()
    mass = density(x, logit) * (widths * weights / 2).ravel()
    assert mass.sum() == pytest.approx(1.0, abs=2e-5)
    mean = float(continuous_bernoulli.mean(np.float32(logit)))
    assert mean == pytest.approx((mass * x).sum(), abs=1e-5)


@pytest.mark.parametrize("logit", [-8.0, -0.7, 0.3, 2.0])
def test_log_prob_agrees_with_the_papers_formula(logit):
    share = 1 / (1 + np.exp(-logit))
    log_c = np.log(2 * np.arctanh(1 - 2 * share) / (1 - 2 * share))
    x = np.float32([[0.0, 0.2, 1.0]])
    wanted = (x * np.log(share) + (1 - x) * np.log1p(-share) + log_c).sum()
    given = continuous_bernoulli.log_prob(x, np.full_like(x, logit))
    np.testing.assert_allclose(given, [wanted], rtol=2e-6)


@pytest.mark.parametrize("logit", [-40.0, -2.0, -0.26, -0.1, 0.0, 0.2, 3.0, 40.0])
def test_samples_are_distributed_as_the_density_says(logit):
    noise = np.float32((np.arange(4000) + 0.5) / 4000)
    drawn = np.float64(continuous_bernoulli.sample(np.full_like(noise, logit), noise))
    assert (drawn >= 0).all() and (drawn <= 1).all()
    cumulated = drawn if logit == 0 else np.expm1(logit * drawn) / np.expm1(logit)
    np.testing.assert_allclose(cumulated, noise, atol=2e-5)


@pytest.mark.parametrize("logit", [-1e4, -1.0, 0.0, 1.0, 1e4])
def test_gradients_stay_finite(logit):
    import tensorflow as tf

    logits = tf.constant([[logit]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        nats = continuous_bernoulli.log_prob(tf.constant([[0.3]]), logits)
        drawn = continuous_bernoulli.sample(logits, tf.constant([[0.7]]))
    expected = 0.3 - float(continuous_bernoulli.mean(np.float32(logit)))
    assert float(tape.gradient(nats, logits)[0, 0]) == pytest.approx(expected, abs=1e-5)
    assert np.isfinite(tape.gradient(drawn, logits)).all()
