import numpy as np
import pytest
from reference import assert_onnx_agrees

from zoo.distributions.near_zero import exp_beyond_line, log_one_plus

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
