import keras
import numpy as np
import pytest
import scipy.special
from reference import assert_onnx_agrees

from zoo.distributions.special import (
    exp_beyond_line,
    log_one_plus,
    log_rising,
    log_sinhc,
    log_sinhc_slope,
)

SMALL = np.float32([-0.49, -1e-2, -1e-4, -1e-7, 1e-7, 1e-5, 1e-3, 0.1, 0.499, 0.999])
LARGE = np.float32([0.501, 1.0, 1.001, 3.0, 50.0])


@pytest.mark.parametrize("x", [SMALL, LARGE, np.float32([-0.501, -0.9])])
def test_log_one_plus_keeps_its_digits(x):
    np.testing.assert_allclose(log_one_plus(x), np.log1p(x.astype(np.float64)), rtol=3e-7)


def test_onnx_keeps_them_too():
    # A converter's log(1 + x) has none left at 1e-7: scaled up, the tolerance would not hide it.
    def scaled(x):
        return {"log": 1e7 * log_one_plus(x), "exp": 1e14 * exp_beyond_line(x)}

    assert_onnx_agrees(scaled, SMALL[:, None])


T = np.concatenate([[0.0], np.logspace(-6, 2, 200)])
T = np.concatenate([T, -T]).astype(np.float32)


def test_log_sinhc_keeps_its_digits_everywhere():
    t = np.abs(T.astype(np.float64))
    with np.errstate(all="ignore"):
        closed = t / 2 + np.log(-np.expm1(-t) / t)
    wanted = np.where(t < 1e-2, t**2 / 24 - t**4 / 2880, closed)
    np.testing.assert_allclose(log_sinhc(T), wanted, rtol=1e-5, atol=1e-30)


def test_the_slope_of_log_sinhc_is_its_derivative():
    t = T.astype(np.float64)
    with np.errstate(all="ignore"):
        closed = 0.5 / np.tanh(t / 2) - 1 / t
    wanted = np.where(np.abs(t) < 1e-2, t / 12 - t**3 / 720, closed)
    np.testing.assert_allclose(log_sinhc_slope(T), wanted, rtol=2e-6, atol=1e-30)


@pytest.mark.parametrize("a", [1e-3, 0.3, 1.0, 7.5, 200.0, 2e4])
def test_log_rising_agrees_with_scipy(a):
    x = np.float32([0, 1, 2, 3, 7, 10, 50, 255, 1e3, 1e4])
    a = np.float32(a)
    wanted = np.log(scipy.special.poch(a.astype(np.float64), x[:5].astype(np.float64)))
    far = scipy.special.gammaln(np.float64(a) + x[5:]) - scipy.special.gammaln(np.float64(a))
    given = keras.ops.convert_to_numpy(log_rising(a, x))
    np.testing.assert_allclose(given, [*wanted, *far], rtol=2e-6, atol=2e-6)
