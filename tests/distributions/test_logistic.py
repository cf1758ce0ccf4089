import numpy as np
import pytest
from keras import ops
from reference import SIDE_BY_SIDE, assert_onnx_agrees, gradients, midpoints
from scipy import integrate, stats

from zoo import noise
from zoo.distributions import logistic


def test_log_prob_agrees_with_scipy_summed_over_the_event():
    rng = np.random.default_rng(0)
    x, mean, log_scale = rng.normal(size=(3, 5, 4)).astype(np.float32)
    wanted = stats.logistic.logpdf(x, mean, np.exp(log_scale)).sum(axis=1)
    np.testing.assert_allclose(logistic.log_prob(x, mean, log_scale), wanted, rtol=1e-5)


@pytest.mark.parametrize(("mean", "log_scale"), [(0.0, 0.0), (1.5, -2.0), (-3.0, 1.0)])
def test_the_density_integrates_to_one(mean, log_scale):
    scale = np.exp(log_scale)
    grid = np.linspace(mean - 25 * scale, mean + 25 * scale, 8001, dtype=np.float32)
    density = np.exp(np.asarray(logistic.log_prob(grid[:, None], mean, log_scale)))
    assert integrate.trapezoid(density, grid) == pytest.approx(1.0, abs=1e-4)


def test_samples_of_seeds_side_by_side_have_the_right_distribution():
    drawn = logistic.sample(2.0, np.float32(np.log(3.0)), noise.uniform(SIDE_BY_SIDE, (2,)))
    for column in np.asarray(drawn).T:
        assert stats.kstest(column, stats.logistic(2.0, 3.0).cdf).pvalue > 1e-3


def test_gradients_agree_with_those_of_the_expectation():
    # E[z**2] = mean**2 + (pi * scale)**2 / 3
    def second_moment(mean, log_scale):
        z = logistic.sample(mean, log_scale, midpoints(2**16))
        return ops.mean(z * z)

    variance = np.pi**2 / 3 * np.exp(-1.0)
    value, (by_mean, by_log_scale) = gradients(second_moment, 1.5, -0.5)
    assert value == pytest.approx(1.5**2 + variance, rel=1e-3)
    assert by_mean == pytest.approx(3.0, rel=1e-4)
    assert by_log_scale == pytest.approx(2 * variance, rel=1e-3)


def test_extremes_are_finite():
    ends = np.float32([[0.0, 0.5, 1.0 - 2.0**-24]])
    drawn = np.asarray(logistic.sample(0.0, 0.0, ends))
    wanted = stats.logistic.ppf([[2.0**-25, 0.5, 1 - 2.0**-25]])
    np.testing.assert_allclose(drawn, wanted, rtol=1e-6, atol=2e-7)
    mean, log_scale = np.float32([[0.0, 1e3, 1e3]]), np.float32([[-15.0, -15.0, 10.0]])
    assert np.isfinite(logistic.log_prob(-mean, mean, log_scale)).all()


def test_onnx_agrees():
    def everything(mean, log_scale, uniform):
        z = logistic.sample(mean, log_scale, uniform)
        return {"z": z, "log_prob": logistic.log_prob(z, 0.0, 0.0)}

    rng = np.random.default_rng(1)
    mean, log_scale = rng.normal(size=(2, 50, 3))
    assert_onnx_agrees(everything, mean, log_scale, rng.random((50, 3)))
