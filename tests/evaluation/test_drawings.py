"""Drawings are drawn as strokes: where the pen is down, and nowhere else."""

import numpy as np
import pytest
from PIL import Image

from zoo.artifact.schema import STROKES, Schema
from zoo.evaluation import drawings, figures

# A square's left and lower side, then, away from it, a dot.
CORNER = np.float32([[5, 5, 0], [0, 10, 0], [10, 0, 1], [-3, -9, 1], [0, 0, 2], [7, 7, 2]])


def test_a_lifted_pen_begins_another_stroke_and_nothing_follows_the_end():
    strokes = drawings.lines(CORNER)
    assert [stroke.tolist() for stroke in strokes] == [[[5, 5], [5, 15], [15, 15]], [[12, 6]]]
    assert drawings.lines(np.float32([[0, 0, 2]])) == []
    assert len(drawings.lines(CORNER[:2])) == 1  # one that never ends


@pytest.fixture
def pixels(tmp_path):
    """The ink of a grid of one drawing [height, width], cropped to it."""
    schema = Schema("sequence", CORNER.shape, None, None, features=STROKES)
    figures._grid(CORNER[None, None], schema, tmp_path / "a.png", "")
    ink = np.asarray(Image.open(tmp_path / "a.png").convert("L")) < 128
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def test_ink_lies_along_the_strokes_and_y_goes_down(pixels):
    height, width = pixels.shape
    assert 0.8 < height / width < 1.25
    assert pixels[:, :2].mean() > 0.9 and pixels[-2:].mean() > 0.9
    assert not pixels[: height // 2, width // 3 : width // 2].any()  # no line to the dot
    assert pixels[: height // 4, width // 2 :].any()  # the dot
    assert pixels.mean() < 0.3


def test_drawings_without_a_point_leave_their_place_empty():
    empty = np.tile(np.float32([0, 0, 2]), (2, 3, 4, 1))
    figure = drawings.grid(empty, "nothing")
    assert len(figure.axes[0].collections[0].get_segments()) == 0
