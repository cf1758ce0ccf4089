"""Sequences of several lengths: filled up as they were in training, or refused."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from zoo.artifact import layout
from zoo.artifact.endpoints import Endpoint, Tensor
from zoo.artifact.reading import Reader
from zoo.artifact.schema import Schema
from zoo.errors import InputError
from zoo.runtime.calls import Call
from zoo.runtime.sessions import Sessions

SHORT, LONG = np.array([[1.0, 2.0]]), np.arange(6).reshape(3, 2)


@pytest.fixture
def call(tmp_path):
    """The call of a graph that answers the sequences and the lengths which it was given."""
    sides = [
        [
            helper.make_tensor_value_info(x, TensorProto.FLOAT, ["batch", 3, 2]),
            helper.make_tensor_value_info(length, TensorProto.INT32, ["batch"]),
        ]
        for x, length in (("x", "length"), ("seen", "ends"))
    ]
    nodes = [helper.make_node("Identity", [a], [b]) for a, b in (("x", "seen"), ("length", "ends"))]
    graph = helper.make_graph(nodes, "g", *sides)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    path = tmp_path / layout.graph("score")
    path.parent.mkdir()
    onnx.save(model, path)
    endpoint = Endpoint(
        "score",
        (
            Tensor("x", "float32", ("batch", 3, 2)),
            Tensor("length", "int32", ("batch",), below=4),
        ),
        (Tensor("seen", "float32", ("batch", 3, 2)), Tensor("ends", "int32", ("batch",))),
    )

    def make(low=None):
        schema = Schema("sequence", (3, 2), low, None, lengths=True)
        return Call(endpoint, Sessions(Reader(tmp_path)), schema=schema)

    return make


def of_objects(*each):
    made = np.empty(len(each), object)
    made[:] = each
    return made


@pytest.mark.parametrize("given", [[SHORT, LONG], (SHORT, LONG), of_objects(SHORT, LONG)])
def test_a_list_of_sequences_is_filled_up_and_its_lengths_are_told(call, given):
    for answer in (call()(given), call()(x=given)):
        assert answer.ends.tolist() == [1, 3]
        np.testing.assert_array_equal(answer.seen, [[[1, 2], [0, 0], [0, 0]], LONG])


def test_what_fills_up_lies_in_the_range_of_the_data(call):
    assert call(low=0.5)([SHORT]).seen[0, 1:].tolist() == [[0.5, 0.5]] * 2


def test_one_array_and_its_lengths_are_taken_as_they_are(call):
    x = np.ones((2, 3, 2))
    assert call()(x, [2, 3]).ends.tolist() == [2, 3]
    assert call()([*x], length=[2, 3]).ends.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([SHORT, np.zeros((4, 2))], "score: sequence 1 has 4 steps, and this model takes 1 to 3"),
        ([np.zeros((0, 2))], "sequence 0 has 0 steps"),
        ([SHORT[:, :1]], r"sequence 0 is float64 \[1, 1\]; wanted are numbers \[steps, 2\]"),
        (of_objects(SHORT, "a"), r"sequence 1 is <U1 \[\]"),
        ([np.array([[np.nan, 1.0]])], r"score\(x\): nan at \[0, 0, 0\]"),
        (np.ones((1, 3, 2)), "score takes x, length; .* A list of arrays .* stands for x and"),
    ],
)
def test_what_is_no_sequence_is_refused_in_a_sentence(call, given, sentence):
    with pytest.raises(InputError, match=sentence):
        call()(given)


def test_a_list_by_position_and_by_name_is_refused(call):
    with pytest.raises(InputError, match="score takes x, length"):
        call()([SHORT], x=[SHORT])
