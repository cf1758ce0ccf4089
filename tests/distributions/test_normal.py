import math

import numpy as np
import pytest
from scipy import integrate, stats

from zoo.distributions import normal

CASES = [(0.0, 0.0), (1.5, -2.0), (-3.0, 1.0), (0.2, -6.0)]


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    x, mean = rng.normal(size=(2, 5, 3, 2)).astype(np.float32)
    return x, mean, rng.uniform(-3, 2, size=(5, 3, 2)).astype(np.float32)


def test_log_prob_agrees_with_scipy_summed_over_the_event(batch):
    x, mean, log_var = batch
    wanted = stats.norm.logpdf(x, mean, np.exp(0.5 * log_var)).sum(axis=(1, 2))
    np.testing.assert_allclose(normal.log_prob(x, mean, log_var), wanted, rtol=2e-5)


@pytest.mark.parametrize(("mean", "log_var"), CASES)
def test_the_density_integrates_to_one(mean, log_var):
    scale = np.exp(0.5 * log_var)
    grid = np.linspace(mean - 12 * scale, mean + 12 * scale, 4001, dtype=np.float32)
    density = np.exp(np.asarray(normal.log_prob(grid[:, None], mean, log_var)))
    assert integrate.trapezoid(density, grid) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(("mean", "log_var"), CASES)
def test_kl_agrees_with_numerical_integration(mean, log_var):
    q, p = stats.norm(mean, np.exp(0.5 * log_var)), stats.norm()
    width = 12 * np.exp(0.5 * log_var)
    wanted, _ = integrate.quad(
        lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), mean - width, mean + width
    )
    given = normal.kl_to_standard(np.float32([[mean]]), np.float32([[log_var]]))
    np.testing.assert_allclose(given, [wanted], rtol=1e-4, atol=1e-6)


NEAR = [10.0**-power for power in range(1, 8)]


@pytest.mark.parametrize("log_var", [*NEAR, -1e-2, -1e-5, 0.499, 0.501, -0.5, 0.999, -1.5, 5.0])
def test_kl_of_a_nearly_standard_normal_keeps_its_digits(log_var):
    given = np.float32(log_var)
    exact = np.float64(given)
    wanted = sum(exact**n / math.factorial(n) for n in range(2, 40)) / 2
    kl = normal.kl_to_standard(np.zeros((1, 1), np.float32), given.reshape(1, 1))
    np.testing.assert_allclose(kl, [wanted], rtol=2e-6)


def test_kl_sums_over_latents_and_keeps_examples_apart():
    mean, log_var = np.float32([[1, 2], [0, 0]]), np.float32([[0, 0], [0, 0]])
    np.testing.assert_allclose(normal.kl_to_standard(mean, log_var), [0.5 * (1 + 4), 0.0])


def test_samples_have_the_stated_mean_and_variance():
    noise = np.random.default_rng(0).standard_normal((200_000, 1)).astype(np.float32)
    z = np.asarray(normal.sample(np.float32(2.0), np.float32(np.log(9.0)), noise))
    assert z.mean() == pytest.approx(2.0, abs=5 * 3 / 200_000**0.5)
    assert z.var() == pytest.approx(9.0, rel=5 * (2 / 200_000) ** 0.5)


def test_kl_stays_finite_at_the_bounds_of_log_var():
    bounds = np.float32([[-30.0, 20.0]])  # of zoo.networks.output_layers.BoundedLogVar
    assert np.isfinite(normal.kl_to_standard(np.zeros_like(bounds), bounds)).all()
