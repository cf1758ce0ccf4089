"""Drawings made of lines: [steps, (dx, dy, pen)] of the points of each stroke."""

from collections.abc import Sequence

import numpy as np


def simplified(line: np.ndarray, tolerance: float) -> np.ndarray:
    """Those of a line's points [n, 2] without which it would lie more than `tolerance` away.

    Douglas & Peucker 1973, "Algorithms for the reduction of the number of points required to
    represent a digitized line or its caricature".
    """
    if len(line) < 3:
        return line
    along, off = line[-1] - line[0], line - line[0]
    length = float(np.hypot(*along))
    across = off[:, 0] * along[1] - off[:, 1] * along[0]
    far = np.abs(across) / length if length else np.hypot(*off.T)
    worst = int(far.argmax())
    if far[worst] <= tolerance:
        return line[[0, -1]]
    begun, rest = simplified(line[: worst + 1], tolerance), simplified(line[worst:], tolerance)
    return np.concatenate([begun[:-1], rest])


def drawing(lines: Sequence[np.ndarray], start: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Strokes [n, 2] -> int16 [steps, (dx, dy, pen)]: offsets from `start` on, a step a point.

    The pen is 1 at the last point of each stroke, after which it is lifted. Points are rounded to
    whole numbers, so that no error adds up.
    """
    places = np.concatenate([np.round(line) for line in lines])
    lifted = np.concatenate([np.arange(1, len(line) + 1) == len(line) for line in lines])
    offsets = np.diff(places, axis=0, prepend=[np.round(start)])
    return np.concatenate([offsets, lifted[:, None]], axis=1).astype(np.int16)
