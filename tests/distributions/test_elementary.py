import keras
import numpy as np
import pytest
from scipy import special

from zoo.distributions import elementary

T = np.concatenate([[0.0], np.logspace(-6, 2, 200)])
T = np.concatenate([T, -T]).astype(np.float32)


def test_log_sinhc_keeps_its_digits_everywhere():
    t = np.abs(T.astype(np.float64))
    with np.errstate(all="ignore"):
        closed = t / 2 + np.log(-np.expm1(-t) / t)
    wanted = np.where(t < 1e-2, t**2 / 24 - t**4 / 2880, closed)
    np.testing.assert_allclose(elementary.log_sinhc(T), wanted, rtol=1e-5, atol=1e-30)


def test_the_slope_of_log_sinhc_is_its_derivative():
    t = T.astype(np.float64)
    with np.errstate(all="ignore"):
        closed = 0.5 / np.tanh(t / 2) - 1 / t
    wanted = np.where(np.abs(t) < 1e-2, t / 12 - t**3 / 720, closed)
    np.testing.assert_allclose(elementary.log_sinhc_slope(T), wanted, rtol=2e-6, atol=1e-30)


@pytest.mark.parametrize("a", [1e-3, 0.3, 1.0, 7.5, 200.0, 2e4])
def test_log_rising_agrees_with_scipy(a):
    x = np.float32([0, 1, 2, 3, 7, 10, 50, 255, 1e3, 1e4])
    a = np.float32(a)
    wanted = np.log(special.poch(a.astype(np.float64), x[:5].astype(np.float64)))
    far = special.gammaln(np.float64(a) + x[5:]) - special.gammaln(np.float64(a))
    given = keras.ops.convert_to_numpy(elementary.log_rising(a, x))
    np.testing.assert_allclose(given, [*wanted, *far], rtol=2e-6, atol=2e-6)
