"""Ticks of logarithmic axes: labels that do not lie on one another, whatever the ends."""

import itertools

import matplotlib.pyplot as plt
import pytest

from zoo.evaluation import log_axis


@pytest.mark.parametrize("ends", [(1e-3, 9e-2), (4e-3, 8e-2), (0.9, 1300.0), (1e-6, 1.0), (3, 5)])
def test_labels_of_a_small_panel_stay_apart(ends):
    figure, axes = plt.subplots(figsize=(4.1, 4.0), layout="constrained")
    axes.plot(ends, ends)
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        log_axis.set_ticks(axis, *ends)
    figure.canvas.draw()
    boxes = [
        label.get_window_extent()
        for label in axes.get_xticklabels(which="both")
        if label.get_text() and axes.bbox.x0 <= label.get_window_extent().x0 + 20 <= axes.bbox.x1
    ]
    plt.close(figure)
    boxes.sort(key=lambda box: box.x0)
    assert len(boxes) >= 1
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
