"""The cumulative logit law against scipy's logistic distribution."""

import numpy as np
import pytest
from keras import ops
from scipy import special

from zoo.distributions import ordinal


@pytest.mark.parametrize("gaps", [None, (0.3,), (-1.0, 2.0, -8.0)])
def test_probabilities_are_those_of_a_logistic_variable_between_thresholds(gaps):
    first, location = np.float32(-0.7), np.linspace(-6.0, 6.0, 25).astype(np.float32)
    raw = None if gaps is None else np.array(gaps, np.float32)
    widths = [] if gaps is None else np.logaddexp(0.0, gaps) + ordinal.LEAST_GAP
    ends = -0.7 + np.concatenate([[0.0], np.cumsum(widths)])
    below = special.expit(ends - location[:, None].astype(np.float64))
    wanted = np.diff(below, prepend=0.0, append=1.0, axis=1)
    log_p = ops.convert_to_numpy(ordinal.log_probabilities(location, first, raw))
    np.testing.assert_allclose(log_p, np.log(wanted), rtol=2e-4, atol=1e-5)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1.0, atol=1e-5)


def test_far_out_nothing_is_infinite():
    log_p = ordinal.log_probabilities(np.array([-1e4, 1e4], np.float32), np.float32(0.0))
    assert np.isfinite(ops.convert_to_numpy(log_p)).all()
