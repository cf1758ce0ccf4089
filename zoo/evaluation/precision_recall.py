"""Precision and recall of samples: how many are like real images, and how much of them is met."""

from typing import NamedTuple

import numpy as np

from zoo.errors import InputError
from zoo.evaluation.frechet import checked

VALUES = 2**22  # distances held at once, 32 MiB
ROUNDING = 1e-12  # of a squared distance, relative to the features' own squares


class PrecisionRecall(NamedTuple):
    """Two shares in [0, 1]."""

    precision: float
    recall: float


def precision_recall(real, generated, k=3):
    """`PrecisionRecall` of generated features against real ones (Kynkäänniemi et al. 2019).

    A set's manifold is the union of balls, one around each of its examples, that reach to its k-th
    nearest neighbour in the set. `precision` is the share of generated examples on the manifold of
    the real ones, `recall` the share of real ones on that of the generated. A model that knows some
    modes alone, and these well, has precision and no recall. Both depend on n and k: compare sets
    of equal size. Memory is bounded whatever n.

    Args:
        real: [n, dimension].
        generated: [m, dimension].
        k: which neighbour a ball reaches to, less than n and m.

    Raises:
        InputError: for arrays of other shapes, too few examples or values that are not finite.
    """
    if not k >= 1:
        raise InputError(f"k={k}: a ball reaches to the first neighbour or a later one; give 3.")
    real, generated = checked(real, generated, least=k + 1)
    centre = real.mean(axis=0)  # distances of what lies far from 0 would lose their digits
    real, generated = real - centre, generated - centre
    slack = ROUNDING * max(np.square(each).sum(axis=1).max() for each in (real, generated))
    reach_real, reach_generated = (_reach(each, k) + slack for each in (real, generated))
    precise, met = 0, np.zeros(len(real), bool)
    for rows, distances in _distances(generated, real):
        precise += int((distances <= reach_real).any(axis=1).sum())
        met |= (distances <= reach_generated[rows, None]).any(axis=0)
    return PrecisionRecall(precise / len(generated), float(met.mean()))


def _reach(features, k):
    """Squared distance of each example to its k-th nearest other one: [n]."""
    reach = np.empty(len(features))
    for rows, distances in _distances(features, features):
        reach[rows] = np.partition(distances, k, axis=1)[:, k]  # the nearest is the example itself
    return reach


def _distances(some, others):
    """Yields (slice of rows, squared distances [rows, len(others)])."""
    step = max(1, VALUES // len(others))
    squares = np.square(others).sum(axis=1)
    for first in range(0, len(some), step):
        rows = slice(first, min(first + step, len(some)))
        chunk = some[rows]
        distances = np.square(chunk).sum(axis=1)[:, None] + squares - 2.0 * chunk @ others.T
        yield rows, np.maximum(distances, 0.0)
