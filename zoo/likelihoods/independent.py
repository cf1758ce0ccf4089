"""Laws of each value by itself, fitted to data: what a model of their dependence must beat.

Each likelihood names the laws of its own family (`Likelihood.independent`), so that their nats and
a model's are of the same measure. Fitting is by moments or counts, in float64; the maths of a law
lies in `zoo.distributions`.

Arrays are [n, values], an example a row; `counted` is 1 where a value counts, 0 past a sequence's
end, and None where every one does. A value that no example has takes what all have together.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from keras import ops

from zoo.distributions import continuous_bernoulli, discretized_logistic, negative_binomial, normal

CHUNK = 2**22  # values in float64 at a time
LEAST_MEAN = 1.0 / 510.0  # half an 8-bit level from 0 and 1, where a density has no bound
LARGEST_TABLE = 2**25  # cells of a histogram of every value


@dataclass(frozen=True)
class Law:
    """One law for each value.

    Args:
        name: in words, which end "of each value".
        fit: (x, counted) -> parameters, arrays that broadcast against x.
        log_prob: (x, *parameters, counted) -> [n], nats.
    """

    name: str
    fit: Callable
    log_prob: Callable


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
    mean = _filled(mean, count)
    variance, _ = averages(lambda values: (values - mean) ** 2, x, counted)
    variance = _filled(variance, count)
    varies = variance > (1e-6 * mean) ** 2
    common = max(_common(variance, count), 1e-12)
    return mean, np.where(varies & (variance > 0.0), variance, common), count


def shared(fit):
    """The same fit, but one spread for all values: `fit` gives (x, counted) -> (mean, variance)."""

    def fitted(x, counted=None):
        mean, count = averages(lambda values: values, x, counted)
        mean = _filled(mean, count)
        variance, _ = averages(lambda values: (values - mean) ** 2, x, counted)
        return fit(mean, np.full_like(mean, max(_common(variance, count), 1e-12)))

    return fitted


def each(fit):
    """A fit of (mean, variance) by value."""
    return lambda x, counted=None: fit(*moments(x, counted)[:2])


def _common(values, count):
    """The mean over what counts."""
    there = count > 0
    return float(np.average(values[there], weights=count[there])) if there.any() else 0.0


def _filled(values, count):
    return np.where(count > 0, values, _common(values, count))


# --- the laws ---------------------------------------------------------------------------------


def smoothed_logits(x, counted=None):
    """Logits of (ones + 1) / (n + 2), Laplace's rule of succession."""
    mean, count = averages(lambda values: values, x, counted)
    ones = np.where(count > 0, mean, 0.0) * count
    return (_float32(np.log(ones + 1.0) - np.log(count - ones + 1.0)),)


def normal_parameters(mean, variance):
    """Mean and log variance."""
    return _float32(mean), _float32(np.log(variance))


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
    distance = _common(*averages(lambda values: np.abs(values - median), x, counted))
    return _float32(median), _float32(np.log(np.full_like(median, max(distance, 1e-6))))


def continuous_bernoulli_logits(x, counted=None):
    """Logits whose distribution has the data's mean: the likeliest ones; by bisection."""
    mean, count = averages(lambda values: values, x, counted)
    mean = (np.where(count > 0, mean, 0.5) * count + 0.5) / (count + 1.0)
    mean = np.clip(mean, LEAST_MEAN, 1.0 - LEAST_MEAN)
    low, high = np.full_like(mean, -1e6), np.full_like(mean, 1e6)
    for _ in range(60):
        middle = 0.5 * (low + high)
        reached = ops.convert_to_numpy(continuous_bernoulli.mean(_float32(middle)))
        low, high = np.where(reached < mean, middle, low), np.where(reached < mean, high, middle)
    return (_float32(0.5 * (low + high)),)


def logistic_parameters(mean, variance):
    """Mean and log scale on [-1, 1], of values in [0, 1] that were rounded to 256 levels."""
    level = 1.0 / (discretized_logistic.LEVELS - 1)
    scale = 2.0 * np.sqrt(3.0 * (variance + level**2 / 12.0)) / np.pi
    return _float32(2.0 * mean - 1.0), _float32(np.log(scale))


def logistic_log_prob(x, mean, log_scale, counted=None):
    """Of values in [0, 1] that were rounded to 256 levels: [n], nats."""
    wide = (parameter[None, :, None] for parameter in (mean, log_scale))
    one = np.zeros((1, len(mean), 1), np.float32)  # the logit of one component
    return discretized_logistic.log_prob(x, one, *wide, counted)


def negative_binomial_by_value(x, counted=None):
    """Log mean and log dispersion of each value, by moments."""
    mean, excess, count = _excess(x, counted)
    dispersion = np.where(excess > 0.0, mean**2 / np.maximum(excess, 1e-12), np.inf)
    return _log_mean(mean, count), _log_dispersion(dispersion)


def negative_binomial_shared(x, counted=None):
    """Log means and one log dispersion, by moments: sum of mean**2 over sum of variance - mean."""
    mean, excess, count = _excess(x, counted)
    total = float(np.sum(excess))
    dispersion = float(np.sum(mean**2)) / total if total > 0.0 else np.inf
    return _log_mean(mean, count), _log_dispersion(np.full_like(mean, dispersion))


def _excess(x, counted):
    """(mean, variance - mean, how many count)."""
    mean, count = averages(lambda values: values, x, counted)
    mean = _filled(mean, count)
    variance, _ = averages(lambda values: (values - mean) ** 2, x, counted)
    return mean, _filled(variance, count) - mean, count


def _log_mean(mean, count):
    return _float32(np.log(np.maximum(mean, 0.5 / (count + 1.0))))


def _log_dispersion(dispersion):
    """Beyond these bounds as the likelihood has them."""
    return _float32(np.log(np.clip(dispersion, np.exp(-7.0), np.exp(10.0))))


def negative_binomial_log_prob(x, log_mean, log_dispersion, counted=None):
    """Of counts: [n], nats."""
    return negative_binomial.log_prob(x, log_mean, log_dispersion, counted)


def histogram(levels, spacing, strength):
    """A `Law`: frequencies of the levels, mixed with those of all values together.

    The latter count as `strength` examples: a Dirichlet prior around them (MacKay & Peto 1995).

    Args:
        levels: how many there are, from 0 on.
        spacing: between two of them.
        strength: > 0.
    """

    def place(x):
        level = np.clip(np.rint(x / np.float32(spacing)), 0, levels - 1).astype(np.int64)
        return level + levels * np.arange(x.shape[1])

    def fit(x, counted=None):
        cells, rows = np.zeros(x.shape[1] * levels), max(1, CHUNK // x.shape[1])
        for first in range(0, len(x), rows):
            chosen = place(x[first : first + rows]).ravel()
            weight = None if counted is None else np.ravel(counted[first : first + rows])
            cells += np.bincount(chosen, weight, len(cells))
        counts = cells.reshape(-1, levels)
        common = counts.sum(axis=0) + 1.0
        common = strength * common / common.sum()
        return (_float32(np.log(counts + common) - np.log(counts.sum(1) + strength)[:, None]),)

    def log_prob(x, log_mass, counted=None):
        nats = log_mass.ravel()[place(x)]
        return np.sum(nats if counted is None else nats * counted, axis=1, dtype=np.float64)

    return Law("a smoothed histogram", fit, log_prob)


def histograms(levels, spacing, values):
    """Histograms of several strengths; none where they would be too large to hold."""
    fits = levels * values <= LARGEST_TABLE
    return tuple(histogram(levels, spacing, 4.0**k) for k in (0, 2, 4)) if fits else ()


def _float32(values):
    return np.asarray(values, np.float32)
