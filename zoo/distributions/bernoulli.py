"""The Bernoulli distribution, parameterized by its logits."""

from keras import ops

from zoo.distributions.events import sum_event


def log_prob(x, logits, weight=None):
    """log p(x) = x * logits - softplus(logits), summed: [batch, *event] twice -> [batch], nats.

    A probability mass for x in {0, 1}. For x between them this is the negative cross-entropy,
    which is not the logarithm of any density on [0, 1] (Loaiza-Ganem & Cunningham 2019):
    figures from data that was not binarized must say so. `weight` is that of `sum_event`.
    """
    return sum_event(x * logits - ops.softplus(logits), weight)


def mean(logits):
    """The probability of a one: any shape -> the same shape, in [0, 1]."""
    return ops.sigmoid(logits)


def sample(logits, noise):
    """1.0 where `noise`, uniform on [0, 1), is below the mean, else 0.0: shaped as `logits`."""
    return ops.cast(noise < ops.sigmoid(logits), logits.dtype)
