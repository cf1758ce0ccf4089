"""What is usual along the last axis of a training split, and how far values lie around it."""

import numpy as np

from zoo.datasets.base import Split

MOST_VALUES = 2**22
"""Values that are looked at, at most, of examples spread evenly over the split."""

NORMAL_QUARTILES = 1.3489795
"""Between the quartiles of a standard normal distribution lie so many of its standard deviations"""


def center_and_scale(split: Split) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(median, distance between the quartiles over `NORMAL_QUARTILES`) of each feature.

    Both are those of the mean and the standard deviation where values are normal, and neither
    follows a few wild ones. Where half of the values are one, the scale is the standard deviation;
    where all are, 1. Steps past the end of a sequence do not count, nor do values that are missing
    (NaN).
    """
    shape = split.images.shape
    most = max(1, MOST_VALUES // max(1, int(np.prod(shape[1:]))))
    rows = np.unique(np.linspace(0, len(split) - 1, min(most, len(split))).astype(int))
    values = split.batch(rows).astype(np.float64)
    if split.lengths is not None:
        values = values[np.arange(values.shape[1])[None] < split.lengths[rows][:, None]]
    values = values.reshape(-1, shape[-1])
    found = [robust(column[~np.isnan(column)]) for column in values.T]
    return tuple(center for center, _ in found), tuple(scale for _, scale in found)


def robust(column: np.ndarray) -> tuple[float, float]:
    """(center, scale) of the values of one feature."""
    if not len(column):
        return 0.0, 1.0
    low, center, high = np.quantile(column, (0.25, 0.5, 0.75))
    scale = (high - low) / NORMAL_QUARTILES
    tiny = 1e-6 * abs(float(center))  # below what float32 tells apart
    if scale <= tiny:
        scale = float(column.std())
    return float(center), float(scale) if scale > tiny else 1.0
