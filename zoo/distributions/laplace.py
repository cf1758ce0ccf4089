"""The Laplace distribution, parameterized by its mean and the logarithm of its scale."""

import math

from keras import ops

from zoo.distributions.events import sum_event


def log_prob(x, mean, log_scale, weight=None):
    """-|x - mean| / scale - log(2 scale), summed: [batch, *event] -> [batch], nats.

    `mean` and `log_scale` may be anything that broadcasts against `x`; `weight` is that of
    `sum_event`.
    """
    distance = ops.abs(x - mean) * ops.exp(-log_scale)
    return sum_event(-distance - log_scale - math.log(2.0), weight)


def sample(mean, log_scale, noise):
    """The quantile of `noise`, uniform on [0, 1) in multiples of 2**-24; shaped as the mean."""
    # Half a multiple more: the centre of each cell, so that neither end is infinite.
    centred = (noise - 0.5) + 2.0**-25
    return mean - ops.exp(log_scale) * ops.sign(centred) * ops.log(1.0 - 2.0 * ops.abs(centred))
