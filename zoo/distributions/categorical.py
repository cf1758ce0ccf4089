"""The categorical distribution over whole numbers 0 to C - 1, parameterized by C logits a value."""

import keras
import numpy as np
from keras import ops

from zoo.distributions.events import sum_event


def log_prob(x, logits, weight=None):
    """[batch, *event] of whole numbers and [batch, *event, C] -> [batch], nats.

    `weight` is that of `sum_event`.
    """
    chosen = ops.abs(ops.expand_dims(x, -1) - numbers(logits)) < 0.5
    log_p = ops.log_softmax(logits, axis=-1)
    return sum_event(ops.sum(ops.where(chosen, log_p, 0.0), axis=-1), weight)


def mean(logits):
    """The expected number: [batch, *event, C] -> [batch, *event]."""
    return ops.sum(ops.softmax(logits, axis=-1) * numbers(logits), axis=-1)


def mode(logits):
    """The likeliest number, of equal ones the first: [batch, *event, C] -> [batch, *event]."""
    # Keras's argmax looks at the bits of zeros by a Bitcast, which ONNX does not have.
    likeliest = logits >= ops.max(logits, axis=-1, keepdims=True)
    return ops.min(ops.where(likeliest, numbers(logits), float(logits.shape[-1])), axis=-1)


def sample(logits, noise):
    """The quantile of `noise`, uniform on [0, 1): how many bounds lie at or below it.

    [batch, *event, C] and [batch, *event] -> [batch, *event].
    """
    below = bounds(logits) <= ops.expand_dims(noise, -1)
    return ops.sum(ops.cast(below, logits.dtype), axis=-1)


def bounds(logits):
    """P(x <= c) of every number but the last: [batch, *event, C] -> [batch, *event, C - 1]."""
    return ops.cumsum(ops.softmax(logits, axis=-1), axis=-1)[..., :-1]


def gap(logits, noise=None):
    """How little a probability must change for another draw, or mode: [batch, *event, C] -> event.

    Between the noise and the nearest bound; without noise, between the two likeliest numbers.
    """
    if noise is not None:
        return ops.min(ops.abs(bounds(logits) - ops.expand_dims(noise, -1)), axis=-1)
    likeliest, _ = ops.top_k(ops.softmax(logits, axis=-1), 2)
    return likeliest[..., 0] - likeliest[..., 1]


def numbers(logits):
    """0 to C - 1, of the dtype of logits [..., C]: [C]."""
    return np.arange(logits.shape[-1], dtype=keras.backend.standardize_dtype(logits.dtype))
