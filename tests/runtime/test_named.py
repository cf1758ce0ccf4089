"""Features are taken by their names, in the model's order, whatever the order of a frame."""

import numpy as np
import pytest
from tables import Frame

from zoo.artifact.schema import Schema
from zoo.errors import InputError
from zoo.runtime.named import features_of, numbers, with_names

SCHEMA = Schema("vector", (2,), None, None, features=("a", "b"))


@pytest.mark.parametrize("made", [dict, Frame])
def test_columns_of_another_order_are_put_in_the_models_and_others_left_out(made):
    given = made({"b": [1, 2, None], "cell": ["x", "y", "z"], "a": np.array([3.5, 4, 5])})
    found = with_names("score(x)", given, SCHEMA)
    np.testing.assert_array_equal(found, [[3.5, 1], [4, 2], [5, np.nan]])


def test_a_frame_of_numbered_columns_and_what_is_no_table_are_taken_as_they_are():
    for given in (Frame({0: [1], 1: [2]}), [[1, 2]], np.ones((1, 2))):
        assert with_names("score(x)", given, SCHEMA) is given
    table = {"b": [1], "a": [2]}
    unnamed = Schema("vector", (2,), None, None)
    for schema in (None, unnamed, Schema("series", (4, 2), None, None, features=("a", "b"))):
        assert with_names("score(x)", table, schema) is table


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"a": [1], "bee": [1]}, r"score\(x\): no column 'b' in the table.*feature: a, b\."),
        (Frame({"aa": [1], "b": [1]}), "no column 'a' in the table; the nearest is 'aa'"),
        ({"a": [1], "b": ["1,5"]}, r"score\(x\), the column 'b': given <U3, not numbers"),
        ({"a": np.array(["1"], object), "b": [1]}, "the column 'a': given object, not numbers"),
        ({"a": [1, 2], "b": [1]}, r"the columns have the shapes \(2,\), \(1,\)"),
        ({"a": np.ma.masked_array([1.0], [True]), "b": [1]}, "the column 'a': given a masked"),
    ],
)
def test_a_table_that_lacks_a_feature_is_refused_by_its_column(given, sentence):
    with pytest.raises(InputError, match=sentence):
        with_names("score(x)", given, SCHEMA)


def test_two_columns_of_a_features_name_are_refused():
    frame = Frame({"a": [1], "b": [1]})
    frame.columns.append("b")
    with pytest.raises(InputError, match="several columns 'b'"):
        features_of("score(x)", frame, ("a", "b"))


def test_gaps_are_nan_and_numbers_stay_what_they_are():
    np.testing.assert_array_equal(numbers("x", [[1, None]]), [[1, np.nan]])
    assert numbers("x", np.arange(3)).dtype == np.arange(3).dtype
