import numpy as np
import pytest
from scipy import stats

from zoo.distributions import bivariate_normal_mixture as mixture

K = 3


def parameters(seed=0, shape=()):
    random = np.random.default_rng(seed)
    sizes = {"logits": (K,), "mean": (K, 2), "log_scale": (K, 2), "below": (K,)}
    return {name: random.normal(size=(*shape, *size)) for name, size in sizes.items()}


def components(logits, mean, log_scale, below):
    """(weights, means, covariances) of the K components."""
    factors = np.zeros((K, 2, 2))
    factors[:, 0, 0], factors[:, 1, 1] = np.exp(log_scale).T
    factors[:, 1, 0] = below
    weights = np.exp(logits) / np.exp(logits).sum()
    return weights, mean, factors @ factors.swapaxes(1, 2)


def test_density_agrees_with_scipy():
    given = parameters()
    points = np.random.default_rng(1).normal(size=(50, 2)) * 2
    wanted = sum(
        weight * stats.multivariate_normal(mean, covariance).pdf(points)
        for weight, mean, covariance in zip(*components(**given), strict=True)
    )
    np.testing.assert_allclose(mixture.log_prob(points, **given), np.log(wanted), rtol=1e-6)


def test_mean_is_that_of_the_components_and_mode_that_of_the_heaviest():
    given = parameters(2)
    weights, means, _ = components(**given)
    np.testing.assert_allclose(mixture.mean(**given), weights @ means, rtol=1e-6)
    np.testing.assert_allclose(mixture.mode(**given), means[weights.argmax()], rtol=1e-6)


@pytest.mark.parametrize("seed", [0, 3])
def test_draws_have_the_moments_of_the_mixture(seed):
    given, rows = parameters(seed), 100_000
    random = np.random.default_rng(9)
    repeated = {name: np.repeat(value[None], rows, axis=0) for name, value in given.items()}
    chosen, drawn = random.random(rows), random.normal(size=(rows, 2))
    points = np.asarray(mixture.sample(**repeated, chosen=chosen, drawn=drawn))
    weights, means, covariances = components(**given)
    middle = weights @ means
    apart = means - middle
    spread = np.einsum("k,kij->ij", weights, covariances + apart[:, :, None] * apart[:, None])
    error = np.sqrt(np.diag(spread) / rows)
    assert (np.abs(points.mean(axis=0) - middle) < 4.5 * error).all()
    np.testing.assert_allclose(np.cov(points.T), spread, rtol=0.05, atol=0.05)
