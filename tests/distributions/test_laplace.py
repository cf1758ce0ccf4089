import itertools

import numpy as np
import pytest
from keras import ops
from reference import SIDE_BY_SIDE, assert_onnx_agrees, gradients, midpoints
from scipy import integrate, stats

from zoo import noise
from zoo.distributions import laplace

CASES = [(0.0, 0.0), (1.5, -1.0), (-3.0, 0.7), (0.2, -4.0)]


def test_log_prob_agrees_with_scipy_summed_over_the_event():
    rng = np.random.default_rng(0)
    x, mean, log_scale = rng.normal(size=(3, 5, 4)).astype(np.float32)
    wanted = stats.laplace.logpdf(x, mean, np.exp(log_scale)).sum(axis=1)
    np.testing.assert_allclose(laplace.log_prob(x, mean, log_scale), wanted, rtol=1e-5)


@pytest.mark.parametrize(("mean", "log_scale"), CASES)
def test_kl_agrees_with_numerical_integration(mean, log_scale):
    q, p = stats.laplace(mean, np.exp(log_scale)), stats.laplace()
    ends = sorted([*q.ppf([1e-12, 1 - 1e-12]), mean, 0.0])
    pieces = [
        integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), low, high, limit=200)[0]
        for low, high in itertools.pairwise(ends)
    ]
    given = laplace.kl_to_standard(np.float32([[mean]]), np.float32([[log_scale]]))
    np.testing.assert_allclose(given, [sum(pieces)], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("size", [1e-1, 1e-3, 1e-5])
def test_kl_close_to_the_prior_keeps_its_digits(size):
    # |m| + b exp(-|m| / b) - 1 - log b, to the third order in m and log b = s.
    m = s = np.float64(np.float32(size))
    b = np.exp(s)
    wanted = b * sum((-m / b) ** n / np.prod(np.arange(1.0, n + 1)) for n in range(2, 15))
    wanted += sum(s**n / np.prod(np.arange(1.0, n + 1)) for n in range(2, 15))
    given = laplace.kl_to_standard(np.float32([[m]]), np.float32([[s]]))
    np.testing.assert_allclose(given, [wanted], rtol=2e-6)


def test_samples_of_seeds_side_by_side_have_the_right_distribution():
    drawn = laplace.sample(2.0, np.float32(np.log(3.0)), noise.uniform(SIDE_BY_SIDE, (2,)))
    for column in np.asarray(drawn).T:
        assert stats.kstest(column, stats.laplace(2.0, 3.0).cdf).pvalue > 1e-3


def test_gradients_agree_with_those_of_the_expectation():
    # E[z**2] = mean**2 + 2 scale**2
    def second_moment(mean, log_scale):
        z = laplace.sample(mean, log_scale, midpoints(2**16))
        return ops.mean(z * z)

    value, (by_mean, by_log_scale) = gradients(second_moment, 1.5, -0.5)
    assert value == pytest.approx(1.5**2 + 2 * np.exp(-1.0), rel=1e-3)
    assert by_mean == pytest.approx(3.0, rel=1e-4)
    assert by_log_scale == pytest.approx(4 * np.exp(-1.0), rel=1e-3)


def test_extremes_are_finite():
    ends = np.float32([[0.0, 0.5, 1.0 - 2.0**-24]])
    drawn = np.asarray(laplace.sample(0.0, 0.0, ends))
    assert np.isfinite(drawn).all() and drawn[0, 0] == -drawn[0, 2]
    np.testing.assert_allclose(drawn, stats.laplace.ppf([[2.0**-25, 0.5, 1 - 2.0**-25]]), atol=1e-6)
    mean, log_scale = np.float32([[0.0, 1e3, 1e3]]), np.float32([[-15.0, -15.0, 10.0]])
    assert np.isfinite(laplace.kl_to_standard(mean, log_scale)).all()
    assert np.isfinite(laplace.log_prob(-mean, mean, log_scale)).all()


def test_onnx_agrees():
    def everything(mean, log_scale, uniform):
        z = laplace.sample(mean, log_scale, uniform)
        kl = laplace.kl_to_standard(mean, log_scale)
        return {"z": z, "log_prob": laplace.log_prob(z, 0.0, 0.0), "kl": kl}

    rng = np.random.default_rng(1)
    mean, log_scale = rng.normal(size=(2, 50, 3))
    assert_onnx_agrees(everything, mean, log_scale, rng.random((50, 3)))
