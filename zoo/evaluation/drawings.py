"""Drawings [steps, (dx, dy, pen)] as the lines that a pen leaves; see `zoo.artifact.schema`."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection

_GAP = 0.2  # of the side of the largest drawing


def lines(drawing):
    """The strokes [n, 2] of a drawing [steps, 3], up to the first step whose pen is 2.

    Places are sums of offsets, from (0, 0) on; a pen that is lifted begins another stroke.
    """
    pen = np.asarray(drawing)[:, 2]
    ended = np.flatnonzero(pen > 1.5)
    inside = np.asarray(drawing)[: ended[0] if len(ended) else None]
    places = np.cumsum(inside[:, :2], axis=0)
    breaks = np.flatnonzero(inside[:-1, 2] > 0.5) + 1
    return [stroke for stroke in np.split(places, breaks) if len(stroke)]


def grid(drawings, title):
    """A figure of drawings [rows, columns, steps, 3], all to one scale; y goes down."""
    rows, columns = drawings.shape[:2]
    drawn = [[lines(each) for each in row] for row in drawings]
    side = _side([strokes for row in drawn for strokes in row])
    figure, axes = plt.subplots(figsize=(columns * 0.9, rows * 0.9 + 0.35), layout="constrained")
    figure.suptitle(title, fontsize=10)
    placed = [
        stroke - middle + [column * side, row * side]
        for row, of_row in enumerate(drawn)
        for column, strokes in enumerate(of_row)
        for middle in [_middle(strokes)]
        for stroke in strokes
    ]
    points = [stroke[0] for stroke in placed if len(stroke) == 1]
    axes.add_collection(LineCollection(placed, colors="black", linewidths=1.2, capstyle="round"))
    if points:
        axes.scatter(*np.array(points).T, s=2, c="black", linewidths=0)
    axes.set(xlim=(-0.5 * side, (columns - 0.5) * side), ylim=((rows - 0.5) * side, -0.5 * side))
    axes.set_aspect("equal")
    axes.axis("off")
    return figure


def _side(drawn):
    """How far apart drawings are put: the larger ones touch, those of a few wild steps overlap."""
    sizes = [np.ptp(np.concatenate(strokes), axis=0).max() for strokes in drawn if strokes]
    usual = float(np.quantile(sizes, 0.9)) if sizes else 0.0
    return (1.0 + _GAP) * (usual or 1.0)


def _middle(strokes):
    """The middle of the box around a drawing."""
    if not strokes:
        return np.zeros(2)
    points = np.concatenate(strokes)
    return 0.5 * (points.min(axis=0) + points.max(axis=0))
