"""Laws of each count by itself, as in `zoo.likelihoods.independent`: negative binomials."""

import numpy as np

from zoo.distributions import negative_binomial
from zoo.likelihoods.independent import CHUNK, Law, averages, filled, float32

BOUNDS = (-7.0, 10.0)
"""Of the logarithm of a dispersion, as the likelihoods have them."""
SMALLEST = 1e-3
"""Of a library's size, where its logarithm is taken: an example of no counts has one of 0."""


def negative_binomials():
    """`Law`s: a mean and a dispersion by value; means by value and one dispersion."""
    log_prob = negative_binomial.log_prob
    return (
        Law("a negative binomial distribution", by_value, log_prob),
        Law("a mean, one dispersion,", one_dispersion, log_prob),
    )


def by_value(x, counted=None):
    """Log mean and log dispersion of each value, by moments."""
    mean, excess, count = _excess(x, counted)
    dispersion = np.where(excess > 0.0, mean**2 / np.maximum(excess, 1e-12), np.inf)
    return _log_mean(mean, count), _log_dispersion(dispersion)


def one_dispersion(x, counted=None):
    """Log means and one log dispersion, by moments: sum of mean**2 over sum of variance - mean."""
    mean, excess, count = _excess(x, counted)
    total = float(np.sum(excess))
    dispersion = float(np.sum(mean**2)) / total if total > 0.0 else np.inf
    return _log_mean(mean, count), _log_dispersion(np.full_like(mean, dispersion))


def _excess(x, counted):
    """(mean, variance - mean, how many count)."""
    mean, count = averages(lambda values: values, x, counted)
    mean = filled(mean, count)
    variance, _ = averages(lambda values: (values - mean) ** 2, x, counted)
    return mean, filled(variance, count) - mean, count


def _log_mean(mean, count):
    return float32(np.log(np.maximum(mean, 0.5 / (count + 1.0))))


def _log_dispersion(dispersion):
    """Within the bounds, beyond which it is a Poisson distribution or next to nothing."""
    return float32(np.log(np.clip(dispersion, *np.exp(BOUNDS))))


def of_library():
    """`Law`s of shares of each example's sum of counts, which is given.

    Means are library * share; the dispersion is each feature's or one for all. By moments, given
    the libraries: of a feature, the sum of (x - mean)**2 is that of mean + mean**2 / dispersion.
    """
    return (
        Law("a share of the library, a dispersion,", shares, library_log_prob, "feature"),
        Law("a share of the library, one dispersion,", shares_shared, library_log_prob, "feature"),
    )


def shares(x, counted=None):
    """Log shares, which add up to 1, and log dispersion of each feature."""
    share, squares, excess = _library_moments(x, counted)
    dispersion = np.where(excess > 0.0, squares / np.maximum(excess, 1e-12), np.inf)
    return float32(np.log(share)), _log_dispersion(dispersion)


def shares_shared(x, counted=None):
    """Log shares and one log dispersion."""
    share, squares, excess = _library_moments(x, counted)
    total = float(np.sum(excess))
    dispersion = float(np.sum(squares)) / total if total > 0.0 else np.inf
    return float32(np.log(share)), _log_dispersion(np.full_like(share, dispersion))


def _library_moments(x, counted):
    """(share, sum of mean**2, sum of (x - mean)**2 - mean), [features] each."""
    seen = sum(np.sum(counts, axis=0) for counts, _ in _float64_chunks(x, counted))
    seen = seen + 0.5  # half a count more: no share is 0
    share = seen / seen.sum()
    squares, excess = np.zeros(len(share)), np.zeros(len(share))
    for counts, weight in _float64_chunks(x, counted):
        mean = counts.sum(axis=1, keepdims=True) * share
        squares += np.sum(weight * mean**2, axis=0)
        excess += np.sum(weight * ((counts - mean) ** 2 - mean), axis=0)
    return share, squares, excess


def _float64_chunks(x, counted):
    """(counts, 0 where they do not count; 1 where they do) of a few examples at a time."""
    rows = max(1, CHUNK // x.shape[1])
    for first in range(0, len(x), rows):
        counts = np.asarray(x[first : first + rows], np.float64)
        weight = np.ones_like(counts) if counted is None else counted[first : first + rows]
        yield counts * weight, weight


def library_log_prob(x, log_share, log_dispersion, counted=None):
    """Of counts [n, features], given the sum of each row: [n], nats."""
    weighed = x if counted is None else x * counted
    library = np.maximum(np.sum(weighed, axis=1, keepdims=True), SMALLEST)
    log_mean = np.log(library) + log_share
    return negative_binomial.log_prob(x, log_mean, log_dispersion, counted)
