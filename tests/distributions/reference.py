"""What tests of distributions share: noise as an even grid, gradients, seeded noise, ONNX."""

import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
import tf2onnx

from zoo.export.onnx_graph import kernels

SIDE_BY_SIDE = np.arange(50_000)  # seeds


def midpoints(count):
    """float32 [count, 1]: uniform noise as an even grid, whose mean is nearly an integral."""
    return ((np.arange(count) + 0.5) / count).astype(np.float32)[:, None]


def gradients(function, *parameters):
    """A scalar function's value and gradients: floats or arrays -> (float, list of arrays)."""
    watched = [tf.constant(each, tf.float32) for each in parameters]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        value = function(*watched)
    return float(value), [np.asarray(each) for each in tape.gradient(value, watched)]


def assert_onnx_agrees(function, *arguments):
    """ONNX Runtime gives what TensorFlow gives, to 1e-5 of it, by operators that CUDA runs.

    `function` returns a dict of tensors; what is 0 in both agrees, too.
    """
    arguments = [np.asarray(each, np.float32) for each in arguments]
    specs = [
        tf.TensorSpec([None, *each.shape[1:]], tf.float32, name=f"input_{place}")
        for place, each in enumerate(arguments)
    ]
    compiled = tf.function(function, input_signature=specs)
    graph, _ = tf2onnx.convert.from_function(compiled, specs, opset=18)
    graph.ir_version = 8
    onnx.checker.check_model(graph, full_check=True)
    assert kernels.without_kernel(graph) == []
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    given = {each.name: value for each, value in zip(specs, arguments, strict=True)}
    names = [output.name for output in session.get_outputs()]
    answers = dict(zip(names, session.run(names, given), strict=True))
    for name, wanted in compiled(*arguments).items():
        wanted = np.asarray(wanted)
        assert np.isfinite(wanted).all(), name
        np.testing.assert_allclose(answers[name], wanted, rtol=1e-5, atol=1e-6, err_msg=name)
