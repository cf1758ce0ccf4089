"""The diagonal normal distribution, parameterized by its mean and the logarithm of its variance."""

import math

from keras import ops

from zoo.distributions.events import sum_event
from zoo.distributions.special import exp_beyond_line


def log_prob(x, mean, log_var, weight=None):
    """log N(x; mean, exp(log_var)), summed over events: [batch, *event] thrice -> [batch], nats.

    `mean` and `log_var` may be anything that broadcasts against `x`; `weight` is
    that of `sum_event`.
    """
    return sum_event(log_prob_by_axis(x, mean, log_var), weight)


def log_prob_by_axis(x, mean, log_var):
    """The same before the sum: shaped as the arguments broadcast, nats."""
    squared = ops.square(x - mean) * ops.exp(-log_var)
    return -0.5 * (squared + log_var + math.log(2.0 * math.pi))


def sample(mean, log_var, noise):
    """mean + sigma * noise, differentiable in both parameters; `noise` is standard normal.

    The reparameterization of Kingma & Welling 2014, equation 10. Shapes broadcast, so that
    noise [samples, batch, latent] draws several samples at once.
    """
    return mean + ops.exp(0.5 * log_var) * noise


def kl_to_standard(mean, log_var):
    """KL(N(mean, exp(log_var)) || N(0, 1)): [batch, latent] twice -> [batch], nats.

    Kingma & Welling 2014, appendix B.
    """
    return sum_event(kl_to_standard_by_axis(mean, log_var))


def kl_to_standard_by_axis(mean, log_var):
    """The same before the sum over latent axes: [batch, latent] -> [batch, latent], nats."""
    return 0.5 * (ops.square(mean) + exp_beyond_line(log_var))
