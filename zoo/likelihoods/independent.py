"""Laws of each value by itself, fitted to data: what a model of their dependence must beat.

Each likelihood names the laws of its own family (`Likelihood.independent`), so that their nats and
a model's are of the same measure. Fitting is by moments or counts, in float64; the maths of a law
lies in `zoo.distributions`.

Arrays are [n, values], an example a row; `counted` is 1 where a value counts, 0 past a sequence's
end, and None where every one does. A value that no example has takes what all have together.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from keras import ops

from zoo.distributions import continuous_bernoulli, discretized_logistic, normal

CHUNK = 2**22  # values in float64 at a time
LEAST_MEAN = 1.0 / 510.0  # half an 8-bit level from 0 and 1, where a density has no bound


@dataclass(frozen=True)
class Law:
    """One law for each value.

    Args:
        name: in words, which end "of each value".
        fit: (x, counted) -> parameters, a tuple of arrays.
        log_prob: (x, *parameters, counted) -> [n], nats.
        each: what it says "of each" of: "value", or "column", "step" and the like.
    """

    name: str
    fit: Callable
    log_prob: Callable
    each: str = "value"

    @property
    def sentence(self):
        """The name and whom it is of."""
        return f"{self.name} of each {self.each} by itself"


# --- what laws are fitted by -----------------------------------------------------------------


def averages(function, x, counted=None):
    """(mean of function(x), how many count): [values] each, float64; NaN where none counts."""
    rows = max(1, CHUNK // x.shape[1])
    total, count = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for first in range(0, len(x), rows):
        values = function(np.asarray(x[first : first + rows], np.float64))
        weight = 1.0 if counted is None else counted[first : first + rows]
        total += np.sum(values * weight, axis=0)
        count += len(values) if counted is None else np.sum(weight, axis=0)
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0), count


def moments(x, counted=None):
    """(mean, variance, how many count), [values] each.

    A value that does not vary, within float32's digits, has the variance of all: a density of none
    would be without bound.
    """
    mean, count = averages(lambda values: values, x, counted)
    mean = filled(mean, count)
    variance, _ = averages(lambda values: (values - mean) ** 2, x, counted)
    variance = filled(variance, count)
    varies = variance > (1e-6 * mean) ** 2
    common = max(common_mean(variance, count), 1e-12)
    return mean, np.where(varies & (variance > 0.0), variance, common), count


def shared(fit):
    """The same fit, but one spread for all values: `fit` gives (x, counted) -> (mean, variance)."""

    def fitted(x, counted=None):
        mean, count = averages(lambda values: values, x, counted)
        mean = filled(mean, count)
        variance, _ = averages(lambda values: (values - mean) ** 2, x, counted)
        return fit(mean, np.full_like(mean, max(common_mean(variance, count), 1e-12)))

    return fitted


def each(fit):
    """A fit of (mean, variance) by value."""
    return lambda x, counted=None: fit(*moments(x, counted)[:2])


def common_mean(values, count):
    """The mean over what counts, of all values: a float."""
    there = count > 0
    return float(np.average(values[there], weights=count[there])) if there.any() else 0.0


def filled(values, count):
    """The values, those of which none counts in place of NaN that of all."""
    return np.where(count > 0, values, common_mean(values, count))


def changed(law, forward, log_slope):
    """The law of x of which `law` is one of u = forward(x), nats being those of x.

    By the change of variables log p(x) = log p(u) + log |du/dx|.

    Args:
        forward: x [n, values] -> u, the same shape.
        log_slope: x -> log |du/dx| of each value: broadcasts against x.
    """

    def log_prob(x, *parameters):
        *parameters, counted = parameters
        slopes = np.broadcast_to(log_slope(x), x.shape)
        slopes = slopes if counted is None else slopes * counted
        nats = np.asarray(law.log_prob(forward(x), *parameters, counted))
        return nats + np.sum(slopes, axis=1, dtype=np.float64)

    def fit(x, counted=None):
        return law.fit(forward(x), counted)

    return replace(law, fit=fit, log_prob=log_prob)


def of_known(law, filler):
    """The same law of values of which some are missing, NaN: these count for nothing.

    Args:
        filler: [values], of what stands in for them where arithmetic wants a number.
    """

    def parts(x, counted):
        known = ~np.isnan(x)
        weight = known.astype(np.float32) if counted is None else known * counted
        return np.where(known, x, filler), weight

    def fit(x, counted=None):
        return law.fit(*parts(x, counted))

    def log_prob(x, *parameters):
        *parameters, counted = parameters
        x, weight = parts(x, counted)
        return law.log_prob(x, *parameters, weight)

    return replace(law, fit=fit, log_prob=log_prob)


# --- the laws ---------------------------------------------------------------------------------


def smoothed_logits(x, counted=None):
    """Logits of (ones + 1) / (n + 2), Laplace's rule of succession."""
    mean, count = averages(lambda values: values, x, counted)
    ones = np.where(count > 0, mean, 0.0) * count
    return (float32(np.log(ones + 1.0) - np.log(count - ones + 1.0)),)


def normal_parameters(mean, variance):
    """Mean and log variance."""
    return float32(mean), float32(np.log(variance))


def normals():
    """`Law`s: means and variances by value; means by value and one variance."""
    return (
        Law("a normal distribution", each(normal_parameters), normal.log_prob),
        Law("a normal mean, one variance,", shared(normal_parameters), normal.log_prob),
    )


def laplace_parameters(x, counted=None):
    """Medians, and the log mean distance from them, one for all.

    One, since a scale for each value would find the values that hardly vary, where a density has
    no bound, and a Laplace distribution hardly minds the examples in which they do.
    """
    if counted is None:
        median = np.median(x, axis=0)
    else:
        there = np.where(counted > 0, x, np.nan)
        there[:, np.all(np.isnan(there), axis=0)] = 0.0
        median = np.nanmedian(there, axis=0)
    distance = common_mean(*averages(lambda values: np.abs(values - median), x, counted))
    return float32(median), float32(np.log(np.full_like(median, max(distance, 1e-6))))


def continuous_bernoulli_logits(x, counted=None):
    """Logits whose distribution has the data's mean: the likeliest ones; by bisection."""
    mean, count = averages(lambda values: values, x, counted)
    mean = (np.where(count > 0, mean, 0.5) * count + 0.5) / (count + 1.0)
    mean = np.clip(mean, LEAST_MEAN, 1.0 - LEAST_MEAN)
    low, high = np.full_like(mean, -1e6), np.full_like(mean, 1e6)
    for _ in range(60):
        middle = 0.5 * (low + high)
        reached = ops.convert_to_numpy(continuous_bernoulli.mean(float32(middle)))
        low, high = np.where(reached < mean, middle, low), np.where(reached < mean, high, middle)
    return (float32(0.5 * (low + high)),)


def logistic_parameters(mean, variance):
    """Mean and log scale on [-1, 1], of values in [0, 1] that were rounded to 256 levels."""
    level = 1.0 / (discretized_logistic.LEVELS - 1)
    scale = 2.0 * np.sqrt(3.0 * (variance + level**2 / 12.0)) / np.pi
    return float32(2.0 * mean - 1.0), float32(np.log(scale))


def logistic_log_prob(x, mean, log_scale, counted=None):
    """Of values in [0, 1] that were rounded to 256 levels: [n], nats."""
    wide = (parameter[None, :, None] for parameter in (mean, log_scale))
    one = np.zeros((1, len(mean), 1), np.float32)  # the logit of one component
    return discretized_logistic.log_prob(x, one, *wide, counted)


def float32(values):
    """As parameters are given."""
    return np.asarray(values, np.float32)
