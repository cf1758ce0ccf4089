import numpy as np
import pytest
from scipy import integrate, stats

from zoo.distributions import laplace


def test_log_prob_agrees_with_scipy_and_integrates_to_one():
    x = np.linspace(-30, 30, 60_001, dtype=np.float32)[:, None]
    given = np.asarray(laplace.log_prob(x, np.float32(0.5), np.float32(np.log(0.7))))
    np.testing.assert_allclose(given, stats.laplace.logpdf(x[:, 0], 0.5, 0.7), rtol=2e-5, atol=1e-5)
    assert integrate.trapezoid(np.exp(given), x[:, 0]) == pytest.approx(1.0, abs=1e-4)


def test_draws_are_the_noises_quantiles_to_its_ends():
    noise = np.float32([0.0, 2.0**-24, 0.1, 0.5, 0.9, 1 - 2.0**-24])
    drawn = laplace.sample(np.full_like(noise, 2.0), np.float32(np.log(3.0)), noise)
    wanted = stats.laplace.ppf(np.float64(noise) + 2.0**-25, 2.0, 3.0)
    np.testing.assert_allclose(drawn, wanted, rtol=2e-6)
