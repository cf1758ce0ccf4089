"""Columns of real numbers: normal around the decoder's output, or their logarithms are."""

import math

import keras
import numpy as np
from keras import ops

from zoo.distributions import normal
from zoo.likelihoods import independent
from zoo.likelihoods.base import add_log, log_of
from zoo.likelihoods.column_law import ColumnLaw

TINY = 1e-30  # below which the logarithm of a number is that of this one
WIDEST = 1.5
"""How far the decoder moves the logarithm of a scale, either way."""
BOUNDS = (-3.0, 2.0)
"""Of the logarithm of a column's learned scale, in its standardised units: where a column repeats
its values, no scale is too small for the training data."""


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class RealColumns(ColumnLaw):
    """u = (x - center) / scale, or of log(x), is normal around the output; nats are those of x.

    The decoder gives a mean and how the scale differs from the column's, which is learned.

    Args:
        columns: numbers, all of them with `log` or all of them without.
        log: whether it is the logarithm that is normal.
    """

    noise_kind = "normal"

    def __init__(self, columns, log=False, **kwargs):
        super().__init__(columns, **kwargs)
        self.log = log

    def build(self, input_shape=None):
        self.log_scale = add_log(self, "log_scale", 1.0, shape=(len(self.columns),))
        self.built = True

    @property
    def raw_width(self):
        return 2 * len(self.columns)

    @property
    def filler(self):
        return self.of_each(lambda each: math.exp(each.center) if self.log else each.center)

    def possible(self, x):
        return x > 0.0 if self.log else ops.isfinite(x)

    def standardised(self, x):
        known = ops.log(ops.maximum(x, TINY)) if self.log else x
        return (known - self._center) / self._scale

    def log_prob(self, x, raw):
        mean, log_scale = self._parameters(raw)
        nats = normal.log_prob_by_axis(self.standardised(x), mean, 2.0 * log_scale)
        nats = nats - np.log(self._scale)
        return nats - ops.log(ops.maximum(x, TINY)) if self.log else nats

    def mean(self, raw):
        mean, log_scale = self._parameters(raw)
        if not self.log:
            return mean * self._scale + self._center
        half_variance = 0.5 * ops.square(self._scale * ops.exp(log_scale))
        return ops.exp(ops.minimum(mean * self._scale + self._center + half_variance, 80.0))

    def typical(self, raw):
        return self._parameters(raw)[0]

    def sample(self, raw, noise):
        mean, log_scale = self._parameters(raw)
        drawn = (mean + ops.exp(log_scale) * noise) * self._scale + self._center
        return ops.exp(ops.minimum(drawn, 80.0)) if self.log else drawn

    def margin(self, raw, noise=None):
        return None

    def _parameters(self, raw):
        """(mean, log_scale) of u, each [rows, columns]."""
        count = len(self.columns)
        base = log_of(self.log_scale, *BOUNDS)
        return raw[:, :count], base + WIDEST * ops.tanh(raw[:, count:] / WIDEST)

    def independent(self):
        """Normal, or log-normal, by moments."""
        log_scale = np.log(np.asarray(self.of_each(lambda each: each.scale)))

        def log_slope(x):
            return -log_scale - np.log(np.maximum(x, TINY)) if self.log else -log_scale

        name = f"a {'log-' * self.log}normal distribution"
        fit = independent.each(independent.normal_parameters)
        law = independent.Law(name, fit, normal.log_prob)
        return independent.changed(
            law, lambda x: ops.convert_to_numpy(self.standardised(x)), log_slope
        )

    @property
    def _center(self):
        return np.asarray(self.of_each(lambda each: each.center), np.float32)

    @property
    def _scale(self):
        return np.asarray(self.of_each(lambda each: each.scale), np.float32)

    def get_config(self):
        return {**super().get_config(), "log": self.log}
