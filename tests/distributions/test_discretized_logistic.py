import numpy as np
import pytest
from scipy import special, stats

from zoo.distributions import discretized_logistic

LEVELS = np.arange(256)
EDGES = (LEVELS[1:] - 0.5) / 127.5 - 1.0
LOG_SCALES = [-7.0, -6.0, -5.6, -5.5, -4.8, -3.0, -1.0, 0.0, 4.0]


def masses(mean, log_scale):
    """Of the 256 levels, in float64, by scipy."""
    cut = stats.logistic.cdf(EDGES, mean, np.exp(log_scale))
    beyond = stats.logistic.sf(EDGES, mean, np.exp(log_scale))
    inner = np.where(EDGES[1:] > mean, beyond[:-1] - beyond[1:], cut[1:] - cut[:-1])
    return np.concatenate([cut[:1], inner, beyond[-1:]])


def one(*values):
    return [np.float32([[value]]) for value in values]


@pytest.mark.slow
@pytest.mark.parametrize("log_scale", LOG_SCALES)
@pytest.mark.parametrize("mean", [-1.7, -1.0, -0.99, -0.503, 0.0, 0.2, 0.996, 1.0, 3.0])
def test_masses_and_mean_agree_with_scipy(mean, log_scale):
    given = np.asarray(discretized_logistic.log_masses(*one(0.0, mean, log_scale))[0], np.float64)
    wanted = masses(np.float64(np.float32(mean)), log_scale)
    np.testing.assert_allclose(np.exp(given), wanted, rtol=3e-4, atol=1e-6)
    assert np.exp(given).sum() == pytest.approx(1.0, abs=2e-5)
    expected = float(discretized_logistic.mean(*one(0.0, mean, log_scale))[0])
    assert expected == pytest.approx((wanted @ LEVELS) / 255, abs=3e-6)


def test_a_mixtures_mass_is_the_weighted_sum():
    random = np.random.default_rng(0)
    logits, means = random.normal(size=(2, 1, 3))
    scales = np.array([[-6.5, -3.0, -1.0]])
    share = special.softmax(logits[0])
    wanted = sum(w * masses(m, s) for w, m, s in zip(share, means[0], scales[0], strict=True))
    parameters = [np.float32(value) for value in (logits, means, scales)]
    x = np.float32(LEVELS / 255)
    wide = [np.repeat(value[:, None], 256, axis=1) for value in parameters]
    given = np.asarray(discretized_logistic.log_masses(*parameters)[0], np.float64)
    np.testing.assert_allclose(np.exp(given), wanted, rtol=1e-4, atol=1e-7)
    nats = discretized_logistic.log_prob(x[None], *wide)
    np.testing.assert_allclose(nats, [np.log(wanted).sum()], rtol=1e-4)
    mean = discretized_logistic.mean(*parameters)
    np.testing.assert_allclose(mean, [(wanted @ LEVELS) / 255], atol=3e-6)


@pytest.mark.parametrize("log_scale", [-7.0, -5.54, 4.0])
@pytest.mark.parametrize("mean", [-1e3, 0.0, 1e3])
@pytest.mark.parametrize("x", [0.0, 100 / 255, 1.0])
def test_gradients_stay_finite(mean, log_scale, x):
    import tensorflow as tf

    parameters = [tf.constant([[[value, value]]]) for value in (0.0, mean, log_scale)]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(parameters)
        nats = discretized_logistic.log_prob(tf.constant([[x]]), *parameters)
        expected = discretized_logistic.mean(*parameters)
    assert np.isfinite(nats).all()
    for answer in (nats, expected):
        for gradient in tape.gradient(answer, parameters):
            assert np.isfinite(gradient).all()
