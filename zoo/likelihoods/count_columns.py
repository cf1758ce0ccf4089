"""Columns of whole numbers from 0 on: negative binomial."""

import math

import keras
import numpy as np
from keras import ops

from zoo.distributions import negative_binomial
from zoo.likelihoods import independent_counts
from zoo.likelihoods.base import add_log, log_of, smallest
from zoo.likelihoods.column_law import ColumnLaw

MOST = 500.0
"""The largest count that this law is for, see `is_small`: it draws by adding up probabilities of
counts, and its nats are differences of logarithms of gamma functions."""


def is_small(column):
    """Whether a column's counts are small enough to tell each from the next; others are real."""
    return column.center + 6.0 * column.scale <= MOST and (column.high or 0.0) <= MOST


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class CountColumns(ColumnLaw):
    """The decoder gives each count's mean by softplus; a dispersion for each column is learned.

    Args:
        columns: of counts for which `is_small`.
    """

    noise_kind = "uniform"

    def build(self, input_shape=None):
        # What it is of what is usual of the column.
        self.log_dispersion = add_log(self, "log_dispersion", 1.0, shape=(len(self.columns),))
        self.built = True

    @property
    def raw_width(self):
        return len(self.columns)

    @property
    def filler(self):
        return self.of_each(lambda each: max(0, round(each.center)))

    def possible(self, x):
        return ops.logical_and(x >= 0.0, ops.abs(x - ops.floor(x + 0.5)) < 1e-3)

    def standardised(self, x):
        return (x - self._array(lambda each: each.center)) / self._scale

    def log_prob(self, x, raw):
        return negative_binomial.log_prob_by_value(ops.maximum(x, 0.0), *self._parameters(raw))

    def mean(self, raw):
        shift = self._array(lambda each: _inverse_softplus(max(each.center / each.scale, 0.1)))
        return self._scale * ops.softplus(ops.maximum(raw + shift, -15.0))

    def typical(self, raw):
        return self.standardised(self.mean(raw))

    def sample(self, raw, noise):
        log_mean, log_dispersion = self._parameters(raw)
        by_count = ops.expand_dims(log_dispersion, -1)
        return negative_binomial.sample(log_mean, by_count, noise, self._most)

    def margin(self, raw, noise=None):
        if noise is None:
            return None  # a mean moves with the output
        log_mean, log_dispersion = self._parameters(raw)
        by_count = ops.expand_dims(log_dispersion, -1)
        bounds = negative_binomial.bounds(log_mean, by_count, self._most)
        return smallest(ops.min(ops.abs(bounds - ops.expand_dims(noise, -1)), axis=-1))

    def independent(self):
        """Negative binomial, by moments."""
        return independent_counts.negative_binomials()[0]

    @property
    def _most(self):
        """What drawn counts are cut at."""
        return int(max(2.0 * max(each.high or 0.0, 6.0 * each.scale) for each in self.columns)) + 8

    @property
    def _scale(self):
        return self._array(lambda each: each.scale)

    def _parameters(self, raw):
        """Logarithms of mean and dispersion, each [rows, columns] or [columns]."""
        usual = np.log(self._array(_dispersion))
        return ops.log(self.mean(raw)), usual + log_of(self.log_dispersion, -5.0, 5.0)

    def _array(self, values):
        return np.asarray(self.of_each(values), np.float32)


def _dispersion(column):
    """Of a negative binomial law of that mean and variance, within [0.1, 1000]."""
    mean, variance = max(column.center, 0.1), column.scale**2
    return min(max(mean**2 / (variance - mean), 0.1), 1e3) if variance > mean else 1e3


def _inverse_softplus(value):
    return value + math.log(-math.expm1(-value))
