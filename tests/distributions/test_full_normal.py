import numpy as np
import pytest
from keras import ops
from reference import SIDE_BY_SIDE, assert_onnx_agrees, gradients
from scipy import stats

from zoo import noise
from zoo.distributions import full_normal, normal
from zoo.errors import InputError

LATENT = 4


@pytest.fixture
def parameters():
    rng = np.random.default_rng(0)
    mean, log_var = rng.normal(size=(2, 6, LATENT)).astype(np.float32)
    return mean, log_var, rng.normal(size=(6, 6)).astype(np.float32)


def test_the_factor_is_lower_triangular_with_the_stated_diagonal(parameters):
    _, log_var, below = parameters
    made = np.asarray(full_normal.factor(log_var, below))
    np.testing.assert_array_equal(made, np.tril(made))
    diagonal = np.diagonal(made, axis1=1, axis2=2)
    np.testing.assert_allclose(diagonal, np.exp(log_var / 2), rtol=1e-6)
    np.testing.assert_array_equal(made[:, [1, 2, 2, 3, 3, 3], [0, 0, 1, 0, 1, 2]], below)


def covariances(log_var, below):
    made = np.asarray(full_normal.factor(log_var, below), np.float64)
    return made @ made.transpose(0, 2, 1)


def test_log_prob_agrees_with_scipy(parameters):
    x = np.random.default_rng(1).normal(size=(6, LATENT)).astype(np.float32)
    mean, log_var, below = parameters
    wanted = [
        stats.multivariate_normal(m, c).logpdf(z)
        for z, m, c in zip(x, mean, covariances(log_var, below), strict=True)
    ]
    np.testing.assert_allclose(full_normal.log_prob(x, *parameters), wanted, rtol=1e-5)


def test_kl_agrees_with_the_formula_of_the_covariance(parameters):
    mean, log_var, below = parameters
    wanted = [
        0.5 * (np.trace(c) + m @ m - LATENT - np.linalg.slogdet(c)[1])
        for m, c in zip(mean, covariances(log_var, below), strict=True)
    ]
    np.testing.assert_allclose(full_normal.kl_to_standard(*parameters), wanted, rtol=1e-5)


def test_kl_is_the_mean_of_the_difference_of_log_densities(parameters):
    row = [each[:1] for each in parameters]
    z = full_normal.sample(*row, noise.normal(SIDE_BY_SIDE, (LATENT,)))
    terms = np.asarray(full_normal.log_prob(z, *row)) - np.asarray(normal.log_prob(z, 0.0, 0.0))
    error = terms.std() / len(terms) ** 0.5
    assert abs(terms.mean() - float(full_normal.kl_to_standard(*row)[0])) < 4 * error


def test_without_entries_below_the_diagonal_it_is_the_diagonal_normal(parameters):
    mean, log_var, below = parameters
    x, draw = np.random.default_rng(2).normal(size=(2, 6, LATENT)).astype(np.float32)
    whole = mean, log_var, np.zeros_like(below)
    diagonal = mean, log_var
    for function in ("log_prob", "kl_to_standard", "sample"):
        before, after = {"log_prob": ([x], []), "sample": ([], [draw])}.get(function, ([], []))
        given = getattr(full_normal, function)(*before, *whole, *after)
        wanted = getattr(normal, function)(*before, *diagonal, *after)
        np.testing.assert_allclose(given, wanted, rtol=2e-6)


def test_samples_of_seeds_side_by_side_have_the_right_distribution(parameters):
    mean, log_var, below = (each[:1] for each in parameters)
    drawn = np.asarray(
        full_normal.sample(mean, log_var, below, noise.normal(SIDE_BY_SIDE, (LATENT,)))
    )
    (covariance,) = covariances(log_var, below)
    for axis in range(LATENT):
        marginal = stats.norm(mean[0, axis], covariance[axis, axis] ** 0.5)
        assert stats.kstest(drawn[:, axis], marginal.cdf).pvalue > 1e-3
    scale = np.sqrt(np.diag(covariance))
    error = 5 / len(drawn) ** 0.5 * np.outer(scale, scale) * 2**0.5
    assert (np.abs(np.cov(drawn.T) - covariance) < error).all()


def test_gradients_agree_with_those_of_the_expectation():
    # z - mean = (a e1, b e1 + c e2): its moments are E[z1 z2] = a b + mean1 mean2 and
    # E[z2**2] = b**2 + c**2 + mean2**2.
    draw = np.random.default_rng(0).normal(size=(1000, 2)).astype(np.float32)
    draw -= draw.mean(axis=0)  # exact first and second moments
    draw = draw @ np.linalg.inv(np.linalg.cholesky(np.cov(draw.T, bias=True))).T.astype(np.float32)

    def moments(mean, log_var, below):
        z = full_normal.sample(mean, log_var, below, draw)
        return ops.mean(z[:, 0] * z[:, 1] + z[:, 1] ** 2)

    mean, log_var, b = [[0.3, -0.7]], [[0.4, -0.6]], 0.8
    a, c = np.exp(np.array(log_var[0]) / 2)
    value, (by_mean, by_log_var, by_below) = gradients(moments, mean, log_var, [[b]])
    assert value == pytest.approx(a * b - 0.21 + b**2 + c**2 + 0.49, rel=1e-4)
    np.testing.assert_allclose(by_mean, [[-0.7, 0.3 - 1.4]], rtol=1e-4)
    np.testing.assert_allclose(by_log_var, [[a * b / 2, c**2]], rtol=1e-4)
    np.testing.assert_allclose(by_below, [[a + 2 * b]], rtol=1e-4)


def test_several_samples_at_once(parameters):
    draws = np.random.default_rng(3).normal(size=(5, 6, LATENT)).astype(np.float32)
    together = np.asarray(full_normal.sample(*parameters, draws))
    for each, draw in zip(together, draws, strict=True):
        np.testing.assert_allclose(each, full_normal.sample(*parameters, draw), rtol=1e-6)


def test_extremes_are_finite():
    mean = np.zeros((1, 2), np.float32)
    bounds, below = np.float32([[-30.0, 20.0]]), np.float32([[1e4]])
    assert np.isfinite(full_normal.kl_to_standard(mean, bounds, below)).all()
    z = full_normal.sample(mean, bounds, below, np.float32([[4.8, -4.8]]))
    assert np.isfinite(full_normal.log_prob(z, mean, bounds, below)).all()


def test_a_wrong_number_of_entries_is_refused(parameters):
    mean, log_var, below = parameters
    with pytest.raises(InputError, match="given 5 entries, wanted 6 for 4 latents"):
        full_normal.sample(mean, log_var, below[:, :5], mean)


@pytest.mark.parametrize("latent", [1, 5])
def test_onnx_agrees(latent):
    def everything(mean, log_var, below, draw):
        z = full_normal.sample(mean, log_var, below, draw)
        log_prob = full_normal.log_prob(z, mean, log_var, below)
        kl = full_normal.kl_to_standard(mean, log_var, below)
        return {"z": z, "log_prob": log_prob, "kl": kl}

    rng = np.random.default_rng(1)
    mean, log_var, draw = rng.normal(size=(3, 50, latent))
    below = rng.normal(size=(50, full_normal.entries_below(latent)))
    assert_onnx_agrees(everything, mean, log_var, below, draw)
