"""The continuous Bernoulli distribution on [0, 1], parameterized by the logits of lambda.

Source: Loaiza-Ganem & Cunningham 2019, "The continuous Bernoulli: fixing a pervasive error in
variational autoencoders". With t the logits its density is exp(t x) / ((exp(t) - 1) / t), whose
logarithm is (x - 1/2) t - log(sinh(t/2) / (t/2)): no special case but t = 0, where lambda is 1/2.
"""

from keras import ops

from zoo.distributions.events import sum_event
from zoo.distributions.special import log_sinhc, log_sinhc_slope


def log_prob(x, logits, weight=None):
    """The density's logarithm, summed: [batch, *event] twice -> [batch], nats.

    x in [0, 1]; `weight` is that of `sum_event`.
    """
    return sum_event((x - 0.5) * logits - log_sinhc(logits), weight)


def mean(logits):
    """1/2 + coth(t/2)/2 - 1/t, which is not lambda: any shape -> the same shape, in (0, 1)."""
    return 0.5 + log_sinhc_slope(logits)


def sample(logits, noise):
    """The quantile of `noise`, uniform on [0, 1): log(1 + u (exp(t) - 1)) / t; shaped as logits.

    Within |t| < 1/4 five terms of its series, the cumulants of a coin, which err by 2e-7.
    """
    near, far = ops.clip(logits, -0.25, 0.25), ops.maximum(ops.abs(logits), 0.25)
    positive = logits > 0.0
    u = ops.where(positive, noise, 1.0 - noise)
    # Below exp(-80) the share of the other end would only make log(0).
    closed = 1.0 + ops.log(u + (1.0 - u) * ops.exp(-ops.minimum(far, 80.0))) / far
    closed = ops.where(positive, closed, 1.0 - closed)
    spread, skew = noise * (1.0 - noise), 1.0 - 2.0 * noise
    fourth, fifth = spread * (1.0 - 6.0 * spread), spread * skew * (1.0 - 12.0 * spread)
    series = fourth / 24.0 + near * fifth / 120.0
    series = noise + near * (spread / 2.0 + near * (spread * skew / 6.0 + near * series))
    x = ops.where(ops.abs(logits) < 0.25, series, closed)
    return ops.clip(x, 0.0, 1.0)
