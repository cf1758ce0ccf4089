"""Mixtures of bivariate normal distributions, as of the next point of a stroke.

Source: Graves 2013, "Generating sequences with recurrent neural networks", section 4.1. A component
has the lower triangular factor L of its covariance L L' instead of a correlation, which is the same
family: [[s_x, 0], [below, s_y]], s = exp(log_scale).

Parameters by name, of K components: `logits` [..., K], `mean` and `log_scale` [..., K, 2], `below`
[..., K].
"""

import math

from keras import ops

from zoo.distributions import categorical


def log_prob(point, logits, mean, log_scale, below):
    """[..., 2] and the parameters -> [...], nats."""
    apart = ops.expand_dims(point, -2) - mean
    first = apart[..., 0] * ops.exp(-log_scale[..., 0])
    second = (apart[..., 1] - below * first) * ops.exp(-log_scale[..., 1])
    squared = ops.square(first) + ops.square(second)
    density = -0.5 * squared - ops.sum(log_scale, axis=-1) - math.log(2.0 * math.pi)
    return ops.logsumexp(ops.log_softmax(logits, axis=-1) + density, axis=-1)


def mean(logits, mean, log_scale, below):
    """The expected point: parameters -> [..., 2]."""
    return ops.sum(ops.expand_dims(ops.softmax(logits, axis=-1), -1) * mean, axis=-2)


def mode(logits, mean, log_scale, below):
    """The mean of the component of most weight: parameters -> [..., 2]."""
    return _of(categorical.mode(logits), mean)


def sample(logits, mean, log_scale, below, chosen, drawn):
    """A point by noise: `chosen` [...], uniform on [0, 1), and `drawn` [..., 2], standard normal.

    `chosen` draws the component, `drawn` the point around its mean.
    """
    component = categorical.sample(logits, chosen)
    scale = ops.exp(_of(component, log_scale))
    slant = ops.squeeze(_of(component, ops.expand_dims(below, -1)), -1)
    first = scale[..., 0] * drawn[..., 0]
    second = scale[..., 1] * drawn[..., 1] + slant * drawn[..., 0]
    return _of(component, mean) + ops.stack([first, second], axis=-1)


def _of(component, values):
    """The values of a component by its number: [...] and [..., K, n] -> [..., n]."""
    numbers = categorical.numbers(values[..., 0])
    chosen = ops.abs(ops.expand_dims(component, -1) - numbers) < 0.5
    return ops.sum(ops.where(ops.expand_dims(chosen, -1), values, 0.0), axis=-2)
