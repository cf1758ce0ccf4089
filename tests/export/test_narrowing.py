"""float64 constants that are float32's values are kept as such, and compute the same."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from zoo.export.onnx_graph.narrowing import SMALLEST, narrowed


def graph(**constants):
    """The sum of x and each constant [n]."""
    nodes, last = [], "x"
    for name in constants:
        nodes.append(helper.make_node("Add", [last, name], [f"with_{name}"], name))
        last = f"with_{name}"
    nodes[-1].output[0] = "y"
    n = len(next(iter(constants.values())))
    values = [helper.make_tensor_value_info(each, TensorProto.DOUBLE, [n]) for each in ("x", "y")]
    kept = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    made = helper.make_graph(nodes, "sum", values[:1], values[1:], kept)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_what_is_float32_is_kept_so_and_the_rest_as_it_is():
    random = np.random.default_rng(0)
    trained = random.normal(size=SMALLEST).astype(np.float32).astype(np.float64)
    exact = random.normal(size=SMALLEST)
    model = graph(trained=trained, exact=exact, huge=np.full(SMALLEST, 1e300))
    smaller = narrowed(onnx.ModelProto.FromString(model.SerializeToString()))
    onnx.checker.check_model(smaller)
    kinds = {each.name: each.data_type for each in smaller.graph.initializer}
    assert kinds == {
        "trained_single": TensorProto.FLOAT,
        "exact": TensorProto.DOUBLE,
        "huge": TensorProto.DOUBLE,
    }
    x = random.normal(size=SMALLEST)
    answers = [
        onnxruntime.InferenceSession(each.SerializeToString()).run(None, {"x": x})[0]
        for each in (model, smaller)
    ]
    np.testing.assert_array_equal(*answers)


def test_a_small_one_is_left_alone():
    model = narrowed(graph(few=np.ones(SMALLEST - 1)))
    assert [node.op_type for node in model.graph.node] == ["Add"]
