"""Mixtures of logistic distributions, discretized to the 256 levels of 8-bit values.

Values are levels / 255 in [0, 1]; means and scales are on the scale [-1, 1] of the source. The mass
of a level is that of its bin, one level wide; the bins of 0 and 255 hold the tails. Scales that
many values share may have axes of length 1: what depends on them alone is computed once.

Source: Salimans, Karpathy, Chen & Kingma 2017, "PixelCNN++", section 2.1, for each channel by
itself. Theirs falls back to the density where a bin's mass underflows; here the mass is exact
everywhere: log(F(b) - F(a)) = log F(b) + log(1 - F(a)) + log(1 - exp(a - b)).
"""

import math

import numpy as np
from keras import ops

from zoo.distributions.events import sum_event
from zoo.distributions.special import log_sinhc

LEVELS = 256
_TOP = LEVELS - 1
_HALF = 1.0 / _TOP  # of a bin, on the scale [-1, 1]
_WINDOW = 9


def log_prob(x, logits, means, log_scales, weight=None):
    """x [batch, *event], the parameters [batch, *event, K] -> [batch], nats.

    A probability mass. `weight` is that of `sum_event`.
    """
    x = ops.expand_dims(x, -1)
    return sum_event(_log_mass(x, logits, means, log_scales), weight)


def log_masses(logits, means, log_scales):
    """Of every level: [batch, *event, K] thrice -> [batch, *event, 256], nats."""
    levels = np.arange(LEVELS, dtype=np.float32)[:, None] / np.float32(_TOP)
    wide = (ops.expand_dims(value, -2) for value in (logits, means, log_scales))
    return _log_mass(levels, *wide)


def mean(logits, means, log_scales):
    """The mean of the 256 masses: [batch, *event, K] thrice -> [batch, *event], in [0, 1].

    In units of levels it is the sum over the 255 borders between bins of the share beyond. Where
    the scale is half a level or more, that sum is Euler and Maclaurin's integral with two
    corrections at the ends; where it is less, all but the `2 * _WINDOW` borders around the mean
    count whole or not at all. Either errs by less than 3e-6 of the range.
    """
    centre, scale = (means + 1.0) * 0.5 * _TOP, ops.exp(log_scales) * 0.5 * _TOP
    beyond = ops.where(
        scale >= 0.5,
        _integral(centre, ops.maximum(scale, 0.5)),
        _window(centre, ops.minimum(scale, 0.5)),
    )
    if logits.shape[-1] == 1:
        mixed = beyond[..., 0]
    else:
        mixed = ops.sum(ops.softmax(logits, axis=-1) * beyond, axis=-1)
    return ops.clip(mixed / _TOP, 0.0, 1.0)


def _log_mass(x, logits, means, log_scales):
    """[..., 1] and [..., K] thrice -> [...]: the mixture's log mass of one level each."""
    inverse = ops.exp(-log_scales)
    distance = 2.0 * x - 1.0 - means
    above, below = (distance + _HALF) * inverse, (distance - _HALF) * inverse
    width = 2.0 * _HALF * inverse
    log_width = math.log(2.0 * _HALF) - log_scales - 0.5 * width + log_sinhc(width)
    # Products: choices were a third of a training step at 64x64 on TensorFlow's CPU.
    not_first = ops.cast(x >= 0.5 / _TOP, width.dtype)
    not_last = ops.cast(x <= 1.0 - 0.5 / _TOP, width.dtype)
    log_mass = not_first * not_last * log_width
    log_mass = log_mass - not_last * ops.softplus(-above) - not_first * ops.softplus(below)
    if logits.shape[-1] == 1:
        return log_mass[..., 0]
    return ops.logsumexp(ops.log_softmax(logits, axis=-1) + log_mass, axis=-1)


def _integral(centre, scale):
    """The share beyond the 255 borders, summed, of a scale of half a level or more."""
    total = 0.0
    for end, sign in ((0.0, 1.0), (float(_TOP), -1.0)):
        at = (centre - end) / scale
        p = ops.sigmoid(at)
        slope = p * (1.0 - p)
        # The first and third derivative of the share by the border, less their signs.
        first, third = slope / scale, slope * (1.0 - 6.0 * slope) / scale**3
        total = total + sign * (scale * ops.softplus(at) - first / 24.0 + 7.0 / 5760.0 * third)
    return total


def _window(centre, scale):
    """The same of a scale of half a level or less: a border 9 levels away counts 1 or 0."""
    near = ops.floor(ops.clip(centre, -2.0 * _WINDOW, _TOP + 2.0 * _WINDOW))
    total = ops.clip(near - _WINDOW, 0.0, float(_TOP))
    for place in range(-_WINDOW, _WINDOW):
        border = near + float(place)  # lies half a level above this level
        there = ops.logical_and(border > -0.5, border < _TOP - 0.5)
        total = total + ops.where(there, ops.sigmoid((centre - border - 0.5) / scale), 0.0)
    return total
