"""Series longer than a window: cut so that no step is left out, and put together again."""

import numpy as np
import pytest
from tables import Frame

from zoo.artifact.endpoints import Tensor
from zoo.artifact.schema import Schema
from zoo.errors import InputError
from zoo.runtime import inputs
from zoo.runtime.windows import windows

SCHEMA = Schema("series", (4, 2), None, None, features=("a", "b"))
X = Tensor("x", "float32", ("batch", 4, 2))


def series(steps, features=2):
    return np.arange(steps * features, dtype=np.float64).reshape(steps, features)


@pytest.mark.parametrize(
    ("steps", "stride", "starts"),
    [
        (4, None, [0]),
        (7, None, [0, 1, 2, 3]),
        (10, 2, [0, 2, 4, 6]),
        (11, 3, [0, 3, 6, 7]),
        (11, 4, [0, 4, 7]),
        (5, 4, [0, 1]),
    ],
)
def test_every_step_lies_in_a_window_and_the_last_ends_where_the_series_does(steps, stride, starts):
    x = series(steps)
    long = windows(x, SCHEMA, stride)
    assert long.starts.tolist() == starts and len(long) == len(starts)
    np.testing.assert_array_equal(long.x, [x[start : start + 4] for start in starts])
    assert inputs.checked("score(x)", X, long.x, SCHEMA).dtype == np.float32
    np.testing.assert_allclose(long.by_step(long.x), x)  # each step is the mean of itself


def test_an_answer_of_a_window_is_that_of_its_steps_and_overlaps_are_averaged():
    long = windows(series(11), SCHEMA, 4)  # from 0, 4 and 7
    found = long.by_step([1.0, 2.0, 4.0])
    np.testing.assert_allclose(found, [1, 1, 1, 1, 2, 2, 2, 3, 4, 4, 4])
    of_steps = np.repeat(np.float32([1, 2, 4])[:, None], 4, axis=1)
    np.testing.assert_allclose(long.by_step(of_steps), found)


def test_a_series_of_one_feature_may_be_flat():
    schema = Schema("series", (4, 1), None, None)
    np.testing.assert_array_equal(windows(np.arange(6), schema).x[2, :, 0], [2, 3, 4, 5])
    assert windows([1, 2, 3, 4.5], schema).x.shape == (1, 4, 1)


@pytest.mark.parametrize(
    ("given", "stride", "sentence"),
    [
        (series(3), None, "the series has 3 steps, and a window has 4"),
        (series(9, 3), None, r"given \[9, 3\], wanted one series \[steps, 2\]: a, b\. Of several"),
        (series(9)[None], None, r"given \[1, 9, 2\]"),
        (series(9), 5, "stride=5; wanted is a whole number from 1 to 4"),
        (series(9), 0, "stride=0"),
        (series(9), 1.5, "stride=1.5"),
        (series(9), True, "stride=True"),
        ([["a", "b"]] * 9, None, "given <U1, not numbers"),
        ([[1.0], [1.0, 2.0]], None, "not an array"),
        (np.ma.array(series(9), mask=True), None, "a masked array"),
    ],
)
def test_what_cannot_be_cut_is_refused_in_a_sentence(given, stride, sentence):
    with pytest.raises(InputError, match=rf"^windows: .*{sentence}"):
        windows(given, SCHEMA, stride)


def test_what_is_no_series_has_no_windows():
    for schema, kind in ((Schema("image", (4, 4, 1)), "images"), (None, "something else")):
        with pytest.raises(InputError, match=f"this artifact's examples are {kind}"):
            windows(series(9), schema)


@pytest.mark.parametrize("values", [np.zeros(4), np.zeros((3, 3)), np.zeros((2, 4))])
def test_answers_of_other_windows_are_refused(values):
    with pytest.raises(InputError, match=r"by_step: given .* for each of the 3 windows, or \[3, 4"):
        windows(series(11), SCHEMA, 4).by_step(values)


def test_who_gives_a_longer_series_is_told_how_it_is_cut():
    for given in (series(9), series(9)[None]):
        with pytest.raises(InputError, match=r"more steps than 4 is cut by \.windows\(series\)"):
            inputs.checked("score(x)", X, given, SCHEMA)
    with pytest.raises(InputError, match="One example is a batch of one"):
        inputs.checked("score(x)", X, series(4), SCHEMA)


@pytest.mark.parametrize("made", [dict, Frame])
def test_of_a_table_the_features_are_taken_by_name_and_time_and_entity_left_out(made):
    given = made({"b": [1, 3, 5, None, 9], "when": ["2024-01-01"] * 5, "a": np.arange(5) * 2.0})
    wanted = series(5)
    wanted[3, 1] = np.nan
    np.testing.assert_array_equal(windows(given, SCHEMA).by_step(windows(given, SCHEMA)), wanted)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"a": [1] * 5, "bb": [1] * 5}, "no column 'b' in the table.* one of each feature: a, b"),
        ({"a": [1] * 5, "b": ["1,5"] * 5}, "the column 'b': given <U3, not numbers"),
        ({"a": [1] * 5, "b": [1] * 4}, "the columns have the shapes"),
    ],
)
def test_a_table_that_has_no_such_features_is_refused_by_the_column(given, sentence):
    with pytest.raises(InputError, match=sentence):
        windows(given, SCHEMA)


def test_endpoints_take_the_windows_themselves():
    long = windows(series(9), SCHEMA)
    np.testing.assert_array_equal(inputs.checked("score(x)", X, long, SCHEMA), long.x)
