"""Swish in float32 graphs: by way of its exponential, because ONNX Runtime's Sigmoid is coarser."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from zoo.export.onnx_graph import swish


def model_of(nodes, outputs=("y",)):
    """A model of one float input x [n]; nodes are (operator, inputs, output)."""

    def value(name):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"])

    made = [helper.make_node(kind, inputs.split(), [output]) for kind, inputs, output in nodes]
    graph = helper.make_graph(made, "g", [value("x")], [value(name) for name in outputs])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def operators(model):
    return [node.op_type for node in model.graph.node]


def run(model, x):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize("factors", ["x s", "s x"])
def test_it_is_nearer_to_float64_than_onnx_runtimes_own_sigmoid(factors):
    model = model_of([("Sigmoid", "x", "s"), ("Mul", factors, "y")])
    exact = swish.by_exponential(model)
    onnx.checker.check_model(exact, full_check=True)
    assert operators(exact) == ["Neg", "Exp", "Add", "Div"]
    assert operators(model) == ["Sigmoid", "Mul"]  # the given one is left alone
    x = np.linspace(-20, 20, 100_001).astype(np.float32)
    wanted = x / (1 + np.exp(-x.astype(np.float64)))
    np.testing.assert_allclose(run(exact, x), wanted, rtol=4e-7)
    small = x < -8  # should this fail, ONNX Runtime's Sigmoid has become exact: drop `swish`
    error = np.abs(np.stack([run(model, x), run(exact, x)]) - wanted)[:, small].max(axis=1)
    assert error[0] > 1e3 * error[1]


def test_far_from_zero_it_is_zero_or_x():
    exact = swish.by_exponential(model_of([("Sigmoid", "x", "s"), ("Mul", "x s", "y")]))
    x = np.array([-3e38, -1000.0, -100.0, 100.0, 1000.0, 3e38], np.float32)
    np.testing.assert_array_equal(run(exact, x), np.where(x > 0, x, 0))


@pytest.mark.parametrize(
    "nodes, outputs",
    [
        ([("Sigmoid", "x", "s"), ("Mul", "s s", "y")], ["y"]),
        ([("Sigmoid", "x", "y")], ["y"]),
        ([("Sigmoid", "x", "s"), ("Mul", "x s", "y")], ["y", "s"]),
        ([("Sigmoid", "x", "s"), ("Mul", "x s", "m"), ("Add", "m s", "y")], ["y"]),
        ([("Neg", "x", "n"), ("Sigmoid", "n", "s"), ("Mul", "x s", "y")], ["y"]),
    ],
)
def test_what_is_no_swish_or_is_read_besides_stays(nodes, outputs):
    model = model_of(nodes, outputs)
    assert operators(swish.by_exponential(model)) == operators(model)
