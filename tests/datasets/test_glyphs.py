"""The embedded drawings are the outlines that their fonts have."""

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import strokes


def test_a_line_is_simplified_to_within_the_tolerance_and_keeps_its_ends():
    t = np.linspace(0, 3, 200)
    line = np.column_stack([t * 20, 10 * np.sin(t * 2)])
    kept = strokes.simplified(line, 0.5)
    assert 4 < len(kept) < 30
    np.testing.assert_array_equal(kept[[0, -1]], line[[0, -1]])
    between = np.interp(line[:, 0], *kept.T)  # over x, it is a function
    assert np.abs(between - line[:, 1]).max() < 0.5 * np.hypot(1, 1)
    np.testing.assert_array_equal(
        strokes.simplified(line[:, :1] * [1, 0], 0.5), line[[0, -1]] * [1, 0]
    )


def test_a_drawing_is_its_offsets_and_lifts_the_pen_at_each_strokes_end():
    drawn = strokes.drawing([np.array([[1, 2], [4, 6]]), np.array([[4.4, 5.6], [0, 0], [1, 1]])])
    wanted = [[1, 2, 0], [3, 4, 1], [0, 0, 0], [-4, -6, 0], [1, 1, 1]]
    np.testing.assert_array_equal(drawn, wanted)


@pytest.fixture(scope="module")
def glyphs():
    return datasets.load("glyphs")


def test_glyphs_are_closed_outlines_of_as_many_contours_as_the_letter_has(glyphs):
    names = glyphs.schema.classes
    assert glyphs.schema.is_strokes
    by_name = {
        names[label]: row
        for row, label in zip(glyphs.train.images, glyphs.train.labels, strict=True)
    }
    for letter, contours in (("C", 1), ("O", 2), ("B", 3), ("i", 2)):
        inside = by_name[letter][by_name[letter][:, 2] < 2]
        assert inside[:, 2].sum() == contours, letter
        ends = np.flatnonzero(inside[:, 2])
        places = np.cumsum(inside[:, :2], axis=0)
        begins = [0, *(ends[:-1] + 1)]
        np.testing.assert_allclose(places[ends], places[begins], atol=1)


def test_a_font_draws_a_capital_of_the_height_it_states(glyphs):
    names = glyphs.schema.classes
    heights = [
        np.ptp(np.cumsum(row[row[:, 2] < 2][:, 1]))
        for row, label in zip(glyphs.train.images, glyphs.train.labels, strict=True)
        if names[label] == "H"
    ]
    np.testing.assert_allclose(heights, 72.9, atol=1)  # 1493 of 2048 units per em
