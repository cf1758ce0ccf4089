"""Laws of each level or code by itself, as in `zoo.likelihoods.independent`: by frequencies."""

import numpy as np

from zoo.likelihoods.independent import CHUNK, Law, float32

LARGEST_TABLE = 2**25  # cells of a histogram of every value


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
        return (float32(np.log(counts + common) - np.log(counts.sum(1) + strength)[:, None]),)

    def log_prob(x, log_mass, counted=None):
        nats = log_mass.ravel()[place(x)]
        return np.sum(nats if counted is None else nats * counted, axis=1, dtype=np.float64)

    return Law("a smoothed histogram", fit, log_prob)


def frequencies(words):
    """A `Law`: how often each code occurs, by Laplace's rule of succession.

    Args:
        words: how many codes each value may have, from 0 on.
    """

    def fit(x, counted=None):
        weight = np.ones_like(x) if counted is None else counted
        counts = (
            np.bincount(x[:, place].astype(int), weight[:, place], count) + 1.0
            for place, count in enumerate(words)
        )
        return tuple(float32(np.log(each / each.sum())) for each in counts)

    def log_prob(x, *parameters):
        *log_p, counted = parameters
        chosen = np.stack([of[x[:, place].astype(int)] for place, of in enumerate(log_p)], axis=1)
        chosen = chosen if counted is None else chosen * counted
        return np.sum(chosen, axis=1, dtype=np.float64)

    return Law("a smoothed frequency", fit, log_prob)


def histograms(levels, spacing, values):
    """Histograms of several strengths; none where they would be too large to hold."""
    fits = levels * values <= LARGEST_TABLE
    return tuple(histogram(levels, spacing, 4.0**k) for k in (0, 2, 4)) if fits else ()
