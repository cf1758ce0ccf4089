import numpy as np
import pytest
from scipy import special, stats

from zoo.distributions import bernoulli


def test_log_prob_agrees_with_scipy_summed_over_the_event():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 3, size=(6, 4, 4, 1)).astype(np.float32)
    x = rng.integers(0, 2, size=logits.shape).astype(np.float32)
    wanted = stats.bernoulli.logpmf(x, special.expit(logits.astype(np.float64))).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(bernoulli.log_prob(x, logits), wanted, rtol=1e-5)


@pytest.mark.parametrize("logit", [-50.0, -3.0, 0.0, 7.0, 50.0])
def test_the_mass_sums_to_one(logit):
    logits = np.full((2, 1), logit, np.float32)
    mass = np.exp(np.asarray(bernoulli.log_prob(np.float32([[0], [1]]), logits)))
    assert mass.sum() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("logit", [-200.0, 200.0])
def test_extreme_logits_give_finite_nats(logit):
    logits = np.full((1, 1), logit, np.float32)
    for x in (0.0, 1.0):
        value = float(np.asarray(bernoulli.log_prob(np.full((1, 1), x, np.float32), logits))[0])
        assert value == pytest.approx(-200.0 if (x > 0) != (logit > 0) else 0.0)


def test_samples_have_the_stated_frequency():
    uniform = np.random.default_rng(2).random((100_000, 1), dtype=np.float32)
    logits = np.full((100_000, 1), special.logit(0.3), np.float32)
    drawn = np.asarray(bernoulli.sample(logits, uniform))
    assert set(np.unique(drawn)) == {0.0, 1.0}
    assert drawn.mean() == pytest.approx(0.3, abs=5 * (0.21 / 100_000) ** 0.5)
