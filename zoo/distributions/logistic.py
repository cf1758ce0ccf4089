"""The logistic distribution, parameterized by its mean and the logarithm of its scale.

The KL to the standard logistic has no closed form: the caller takes log q(z) - log p(z) at a
sample, with `log_prob` twice.
"""

from keras import ops

from zoo.distributions.events import sum_event
from zoo.distributions.inverse_cdf import standard_logistic


def log_prob(x, mean, log_scale, weight=None):
    """log Logistic(x; mean, exp(log_scale)): [batch, *event] thrice -> [batch], nats.

    `mean` and `log_scale` may be anything that broadcasts against `x`; `weight` is that of
    `sum_event`.
    """
    return sum_event(log_prob_by_axis(x, mean, log_scale), weight)


def log_prob_by_axis(x, mean, log_scale):
    """The same before the sum: shaped as the arguments broadcast, nats."""
    distance = ops.abs(x - mean) * ops.exp(-log_scale)
    return -distance - log_scale - 2.0 * ops.softplus(-distance)


def sample(mean, log_scale, noise):
    """mean + scale * logit(noise), differentiable in both; `noise` is uniform on [0, 1).

    Shapes broadcast, so that noise [samples, batch, latent] draws several samples at once. No
    sample is farther from the mean than 17.4 scales.
    """
    return mean + ops.exp(log_scale) * standard_logistic(noise)
