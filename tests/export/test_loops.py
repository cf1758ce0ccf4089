"""Loops that feed back what they choose: fewer rows and nodes a step, and the same answers."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_graphs import node, random

from zoo.export.onnx_graph import half, loops
from zoo.export.onnx_graph.optimize import optimized

STEPS, WIDTH, COUNT = 5, 2, 4
ROWS = 40


def loop_of(begin=0, ends=True, whole=True):
    """x [batch, 3] -> y [batch, 5, 2], as the converter leaves a decoder of tokens.

    Each step reads the token before, adds x, and chooses how many of three bounds lie below; the
    last token ends a row.

    Args:
        begin: where the steps are counted from.
        ends: whether outputs after a row's end are 0.
        whole: whether what is chosen is a whole number.
    """
    constants = {
        "factor": random(COUNT, 3).astype(np.float64),
        "output": random(3, WIDTH).astype(np.float64),
        "bias": random(WIDTH).astype(np.float64),
        "begin": np.int32(begin),
        "one": np.int32(1),
        "steps": np.float32(STEPS),
        "half": np.float32(0.5),
        "half_double": np.float64(0.5),
        "nothing": np.float32(0.0),
        "last_axis": np.array([-1]),
        "second": np.array([1]),
        "first": np.array([0]),
        "numbers": np.arange(COUNT, dtype=np.float64),
        "places": np.arange(STEPS, dtype=np.int32)[None, :, None],
        "starts": np.array([0, -1]),
        "stops": np.array([2**31 - 1] * 2),
        "axes": np.array([0, 1]),
        "bounds": np.array([[-0.5, 0.3, 1.0]]),
        "yes": np.bool_(True),
        "width": np.array([WIDTH]),
        "all": np.array([STEPS]),
        "count": np.array([COUNT]),
    }
    value = helper.make_tensor_value_info
    double, single = TensorProto.DOUBLE, TensorProto.FLOAT
    body = [
        node("MatMul", "last factor_in", "read"),
        node("Add", "read told", "state"),
        node("MatMul", "state output_in", "product"),
        node("Add", "product bias", "raw"),
        node("Cast", "raw", "raw_single", to=single),
        node("Unsqueeze", "going second", "going_column"),
        node("Mul", "raw_single going_column", "given"),
        node("Unsqueeze", f"{'given' if ends else 'raw_single'} second", "placed"),
        node("Equal", "places i", "here"),
        node("Cast", "here", "here_single", to=single),
        node("Mul", "here_single placed", "added"),
        node("Add", "made added", "made_out"),
        node("ReduceSum", "state last_axis", "sum", keepdims=1),
        node("LessOrEqual", "bounds sum", "below"),
        node("Cast", "below", "below_double", to=double),
        node("ReduceSum", "below_double last_axis", "number", keepdims=0),
        node("Mul", "number half_double", "part"),
        node("Unsqueeze", f"{'number' if whole else 'part'} second", "number_column"),
        node("Sub", "number_column numbers", "difference"),
        node("Abs", "difference", "distance"),
        node("Less", "distance half_double", "is_number"),
        node("Cast", "is_number", "last_out", to=double),
        node("Slice", "last_out starts stops axes", "ended_column"),
        node("Squeeze", "ended_column second", "ended"),
        node("Less", "ended half_double", "on"),
        node("Cast", "on", "on_single", to=single),
        node("Min", "going on_single", "going_out"),
        node("Greater", "going_out half", "asked"),
        node("Cast", "asked", "asked_single", to=single),
        node("ReduceSum", "asked_single first", "left", keepdims=0),
        node("Greater", "left nothing", "any"),
        node("Add", "i one", "i_out"),
        node("Cast", "i_out", "i_single", to=single),
        node("Less", "i_single steps", "before"),
        node("And", "before any", "goes_on"),
    ]
    carried = {
        "i": (TensorProto.INT32, []),
        "made": (single, [None, STEPS, WIDTH]),
        "going": (single, [None]),
        "last": (double, [None, COUNT]),
        "factor_in": (double, [COUNT, 3]),
        "output_in": (double, [3, WIDTH]),
        "told": (double, [None, 3]),
    }
    handed = [
        name if name in ("factor_in", "output_in", "told") else f"{name}_out" for name in carried
    ]
    given = [value("count_of_steps", TensorProto.INT64, []), value("cond", TensorProto.BOOL, [])]
    inner = helper.make_graph(
        body,
        "body",
        [*given, *(value(name, *kind) for name, kind in carried.items())],
        [
            value("goes_on", TensorProto.BOOL, []),
            *(value(n, *kind) for n, kind in zip(handed, carried.values(), strict=True)),
        ],
    )
    zeros = numpy_helper.from_array(np.zeros(1, np.float32))
    ones = numpy_helper.from_array(np.ones(1, np.float32))
    doubles = numpy_helper.from_array(np.zeros(1))
    nodes = [
        node("Cast", "x", "told_0", to=double),
        node("Shape", "x", "rows", start=0, end=1),
        helper.make_node("Concat", ["rows", "all", "width"], ["made_shape"], axis=0),
        helper.make_node("Concat", ["rows", "count"], ["last_shape"], axis=0),
        helper.make_node("ConstantOfShape", ["made_shape"], ["made_0"], value=zeros),
        helper.make_node("ConstantOfShape", ["rows"], ["going_0"], value=ones),
        helper.make_node("ConstantOfShape", ["last_shape"], ["last_0"], value=doubles),
        helper.make_node(
            "Loop",
            ["", "yes", "begin", "made_0", "going_0", "last_0", "factor", "output", "told_0"],
            ["r_i", "y", "r_going", "r_last", "r_factor", "r_output", "r_told"],
            name="loop",
            body=inner,
        ),
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [value("x", single, ["batch", 3])],
        [value("y", single, ["batch", STEPS, WIDTH])],
        [numpy_helper.from_array(np.asarray(each), name) for name, each in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def answers(model, rows=ROWS):
    """y of some rows."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, ["CPUExecutionProvider"]
    )
    return session.run(None, {"x": random(ROWS, 3)[:rows]})[0]


def rewritten(model):
    """The model after these rewrites alone."""
    return loops.rewritten(onnx.ModelProto.FromString(model.SerializeToString()))


def kinds(model):
    """Operators of the loop's body."""
    (loop,) = (each for each in model.graph.node if each.op_type == "Loop")
    return [each.op_type for each in loop.attribute[0].g.node]


def carried(model):
    """How many values a step hands to the next."""
    (loop,) = (each for each in model.graph.node if each.op_type == "Loop")
    return len(loop.input) - 2


@pytest.mark.parametrize("rewrite", [rewritten, optimized], ids=["alone", "with all others"])
@pytest.mark.parametrize("rows", [1, ROWS])
def test_a_loop_answers_the_same_in_fewer_rows_and_nodes(rewrite, rows):
    before = loop_of()
    after = rewrite(onnx.ModelProto.FromString(before.SerializeToString()))
    onnx.checker.check_model(after, full_check=True)
    np.testing.assert_array_equal(answers(after, rows), answers(before, rows))
    assert carried(after) == 2  # the token, and which rows there are
    found = kinds(after)
    assert found.count("Compress") == 2 and found.count("Gather") == 2
    assert not {"MatMul", "And", "Slice", "Abs"} & set(found) and found.count("Gemm") == 1


def test_rows_of_the_example_end_at_different_steps():
    steps = (answers(loop_of()) != 0.0).any(axis=-1).sum(axis=1)
    assert 1 <= steps.min() < steps.max() <= STEPS


def test_rows_whose_outputs_go_on_are_kept():
    before = loop_of(ends=False)
    after = rewritten(before)
    np.testing.assert_array_equal(answers(after), answers(before))
    assert "Compress" not in kinds(after) and "ScatterND" not in kinds(after)
    assert carried(after) == 2 and "MatMul" not in kinds(after)  # the token, and which go on


def test_steps_that_are_counted_from_elsewhere_are_left_where_they_are():
    before = loop_of(begin=1)
    after = rewritten(before)
    np.testing.assert_array_equal(answers(after), answers(before))
    assert {"And", "Equal"} < set(kinds(after)) and "Compress" not in kinds(after)


def test_what_is_no_whole_number_is_not_looked_up():
    before = loop_of(whole=False)
    after = rewritten(before)
    np.testing.assert_array_equal(answers(after), answers(before))
    assert "Abs" in kinds(after)


def test_in_half_precision_a_loop_keeps_the_constants_that_it_reads():
    after = half.of(optimized(loop_of()))
    onnx.checker.check_model(after, full_check=True)
    np.testing.assert_array_equal(answers(after), answers(loop_of()))
