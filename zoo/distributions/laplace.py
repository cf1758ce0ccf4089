"""The Laplace distribution, parameterized by its mean and the logarithm of its scale."""

import math

from keras import ops

from zoo.distributions.events import sum_event
from zoo.distributions.inverse_cdf import tail
from zoo.distributions.special import exp_beyond_line


def log_prob(x, mean, log_scale, weight=None):
    """log Laplace(x; mean, exp(log_scale)): [batch, *event] thrice -> [batch], nats.

    `mean` and `log_scale` may be anything that broadcasts against `x`; `weight` is that of
    `sum_event`.
    """
    values = -ops.abs(x - mean) * ops.exp(-log_scale) - log_scale - math.log(2.0)
    return sum_event(values, weight)


def sample(mean, log_scale, noise):
    """The inverse distribution function at `noise`, uniform on [0, 1): differentiable in both.

    Shapes broadcast, so that noise [samples, batch, latent] draws several samples at once. No
    sample is farther from the mean than 16.6 scales.
    """
    mass, below = tail(noise)
    depth = -ops.log(2.0 * mass)  # of the tail: 0 at the mean
    return mean + ops.exp(log_scale) * ops.where(below, -depth, depth)


def kl_to_standard(mean, log_scale):
    """KL(Laplace(mean, exp(log_scale)) || Laplace(0, 1)): [batch, latent] -> [batch], nats."""
    return sum_event(kl_to_standard_by_axis(mean, log_scale))


def kl_to_standard_by_axis(mean, log_scale):
    """The same before the sum over latent axes: [batch, latent] -> [batch, latent], nats.

    |mean| + scale * exp(-|mean| / scale) - 1 - log_scale, written so that its digits do not cancel
    for a posterior close to the prior.
    """
    scale = ops.exp(log_scale)
    distance = ops.abs(mean) / scale
    return scale * exp_beyond_line(-distance) + exp_beyond_line(log_scale)
