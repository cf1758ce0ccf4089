"""Libraries of counts, refused where they are below 0, and named where they are not given."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from zoo.artifact import layout
from zoo.artifact.endpoints import Endpoint, Tensor
from zoo.artifact.reading import Reader
from zoo.errors import InputError
from zoo.runtime.calls import Call
from zoo.runtime.sessions import Sessions


@pytest.fixture
def generate(tmp_path):
    """The call of a graph that answers the library which it was given."""
    sides = [
        [helper.make_tensor_value_info(name, dtype, ["batch"]) for name, dtype in side]
        for side in (
            (("seed", TensorProto.INT64), ("library", TensorProto.FLOAT)),
            (("seen", TensorProto.FLOAT),),
        )
    ]
    graph = helper.make_graph([helper.make_node("Identity", ["library"], ["seen"])], "g", *sides)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    path = tmp_path / layout.graph("generate")
    path.parent.mkdir()
    onnx.save(model, path)
    given = (Tensor("seed", "int64", ("batch",)), Tensor("library", "float32", ("batch",)))
    endpoint = Endpoint("generate", given, (Tensor("seen", "float32", ("batch",)),))
    return Call(endpoint, Sessions(Reader(tmp_path)))


def test_a_library_of_nothing_is_one(generate):
    assert generate([1, 2], [0.0, 30.0]).seen.tolist() == [0.0, 30.0]


def test_sums_of_counts_are_taken_as_they_are(generate):
    counts = np.array([[3, 4], [0, 300]], np.int32)
    assert generate([1, 2], counts.sum(axis=1)).seen.tolist() == [7.0, 300.0]
    with pytest.raises(InputError, match=r"generate\(library\): given 16777217 at \[0\]"):
        generate([1], np.array([2**24 + 1]))


def test_a_library_below_0_is_refused_with_its_row(generate):
    with pytest.raises(InputError, match=r"generate\(library\): given -5 in row 1, wanted 0 or"):
        generate([1, 2], [1.0, -5.0])


def test_numbers_on_a_device_are_not_looked_at(generate):
    library = onnxruntime.OrtValue.ortvalue_from_numpy(np.float32([-5.0]))
    assert generate.on_device([1], library).seen.numpy().tolist() == [-5.0]


def test_who_gives_no_library_is_told_what_it_is(generate):
    with pytest.raises(InputError, match=r"takes seed, library; .* add up to, such as x\.sum"):
        generate([1, 2])
