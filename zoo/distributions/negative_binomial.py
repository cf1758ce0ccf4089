"""The negative binomial distribution of counts, by the logarithms of its mean and its dispersion.

Its variance is mean + mean**2 / dispersion: a Poisson distribution's, and more the smaller the
dispersion is. It is a Poisson distribution whose rate is gamma-distributed with shape `dispersion`.
"""

import keras
import numpy as np
from keras import ops

from zoo.distributions.events import sum_event
from zoo.distributions.special import log_rising


def log_prob(x, log_mean, log_dispersion, weight=None):
    """[batch, *event] of counts -> [batch], nats; the parameters broadcast against x.

    `weight` is that of `sum_event`. The error is about 1e-6 of log x!, by float32's rounding.
    """
    return sum_event(log_prob_by_value(x, log_mean, log_dispersion), weight)


def log_prob_by_value(x, log_mean, log_dispersion):
    """The same before the sum: shaped as the arguments broadcast, nats."""
    dispersion = ops.exp(log_dispersion)
    odds = log_mean - log_dispersion
    ways = log_rising(dispersion, x) - log_rising(1.0, x)
    return ways - dispersion * ops.softplus(odds) - x * ops.softplus(-odds)


def zero_inflated_log_prob_by_value(x, log_mean, log_dispersion, logit):
    """The same where a count is 0 besides with probability sigmoid(logit); nats.

    All shaped as the arguments broadcast; x are whole numbers.
    """
    kept = log_prob_by_value(x, log_mean, log_dispersion) - ops.softplus(logit)
    other = -ops.softplus(-logit)
    # log(exp(other) + exp(kept)): Keras has it of log1p, which tf2onnx does not convert.
    zero = other + ops.softplus(kept - other)
    is_zero = ops.cast(x < 0.5, kept.dtype)
    return is_zero * zero + (1.0 - is_zero) * kept


def mode(log_mean, log_dispersion):
    """The likeliest count, floor(mean (dispersion - 1) / dispersion) or 0; shaped as the mean."""
    return ops.floor(peak(log_mean, log_dispersion))


def peak(log_mean, log_dispersion):
    """What `mode` rounds down: shaped as the mean."""
    return ops.exp(log_mean) * ops.maximum(1.0 - ops.exp(-log_dispersion), 0.0)


def bounds(log_mean, log_dispersion, most):
    """P(x <= c), c from 0 to most - 1: [batch, *event] -> [batch, *event, most]."""
    counts = np.arange(most, dtype=keras.backend.standardize_dtype(log_mean.dtype))
    masses = ops.exp(log_prob_by_value(counts, ops.expand_dims(log_mean, -1), log_dispersion))
    return ops.cumsum(masses, axis=-1)


def sample(log_mean, log_dispersion, noise, most):
    """The quantile of `noise`, uniform on [0, 1), cut at `most`; shaped as the mean."""
    below = bounds(log_mean, log_dispersion, most) <= ops.expand_dims(noise, -1)
    return ops.sum(ops.cast(below, log_mean.dtype), axis=-1)
