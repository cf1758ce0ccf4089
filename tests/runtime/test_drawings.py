"""Drawings of any length, as an app has them: filled up as the model was trained, or refused."""

import numpy as np
import pytest

from zoo.artifact.endpoints import Tensor
from zoo.artifact.schema import STROKES, Schema
from zoo.errors import InputError
from zoo.runtime import drawings, inputs

X = Tensor("x", "float32", ("batch", 5, 3))
SCHEMA = Schema("sequence", (5, 3), None, None, features=STROKES)
LINE = np.array([[3, 4, 0], [1, -2, 1]], np.int16)
CORNER = np.array([[3, 0, 0], [0, 3, 0], [2, 2, 1]], np.int16)
FILLED = np.float32(
    [
        [[3, 4, 0], [1, -2, 1], [0, 0, 2], [0, 0, 2], [0, 0, 2]],
        [[3, 0, 0], [0, 3, 0], [2, 2, 1], [0, 0, 2], [0, 0, 2]],
    ]
)


def take(value, schema=SCHEMA):
    return inputs.checked("encode(x)", X, drawings.padded("encode(x)", X, value, schema), schema)


def of_objects(*each):
    made = np.empty(len(each), object)
    made[:] = each
    return made


@pytest.mark.parametrize(
    "given",
    [
        [LINE, CORNER],
        (LINE.astype(np.float64), CORNER),
        of_objects(LINE, CORNER),
        FILLED,
        FILLED.astype(np.int64),
        FILLED.tolist(),
    ],
)
def test_drawings_are_filled_up_with_steps_after_their_ends(given):
    found = take(given)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, FILLED)


def test_drawings_of_one_length_are_filled_up_too():
    np.testing.assert_array_equal(take([CORNER, CORNER]), FILLED[[1, 1]])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([LINE, np.zeros((6, 3))], "drawing 1 has 6 steps, and this model takes 5 at most"),
        ([LINE[:, :2]], r"drawing 0 is int16 \[2, 2\]; wanted are numbers \[steps, 3\]: dx, dy"),
        (of_objects(LINE, "a"), r"drawing 1 is <U1 \[\]; wanted are numbers"),
        ([np.pad(LINE, ((0, 3), (0, 0)))], "the last steps of drawing 0 are zeros"),
        (np.pad(LINE, ((0, 3), (0, 0)))[None].astype(np.float32), "all steps after the end are"),
        ([np.full((2, 3), np.nan)], r"nan at \[0, 0, 0\]"),
        (LINE.astype(np.float32), r"given shape \[2, 3\]"),
    ],
)
def test_what_is_no_drawing_is_refused_in_a_sentence(given, sentence):
    with pytest.raises(InputError, match=sentence):
        take(given)


def test_sequences_that_are_no_drawings_are_left_alone():
    plain = Schema("sequence", (5, 3), None, None)
    zeros = np.zeros((1, 5, 3), np.float32)
    np.testing.assert_array_equal(take(zeros, plain), zeros)
    assert drawings.padded("encode(x)", X, zeros, None) is zeros
