"""Small ONNX graphs made by hand, and that a rewritten one answers alike."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from zoo.export.onnx_graph.optimize import optimized


def model_of(nodes, sizes, **constants):
    """x [batch, *sizes] -> y, by nodes and named constants."""
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "graph",
        [value("x", TensorProto.FLOAT, ["batch", *sizes])],
        [value("y", TensorProto.FLOAT, None)],
        initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def answers(model, x):
    """y, by the graph as it is."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, ["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})[0]


def random(*sizes):
    """Normal noise, the same at each call."""
    return np.random.default_rng(0).normal(size=sizes).astype(np.float32)


def assert_same(model, sizes, kinds, any_order=False):
    """The optimized model has these operators, and the answers of the given one."""
    x = random(5, *sizes)
    wanted = answers(model, x)
    smaller = optimized(onnx.ModelProto.FromString(model.SerializeToString()))
    onnx.checker.check_model(smaller, full_check=True)
    np.testing.assert_allclose(answers(smaller, x), wanted, rtol=1e-5, atol=1e-5)
    found = [node.op_type for node in smaller.graph.node]
    if any_order:
        found, kinds = sorted(found), sorted(kinds)
    assert found == kinds


def node(kind, inputs, output, **attributes):
    """A node of inputs whose names spaces divide."""
    return helper.make_node(kind, inputs.split(), [output], **attributes)


def shape(*sizes):
    """Sizes as a constant."""
    return np.array(sizes, np.int64)
