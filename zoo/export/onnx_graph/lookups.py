"""Products in a Loop with vectors that are 1 at a number, and else 0: rows looked up by it.

A decoder of tokens feeds back the token that it chose as such a vector. Its number is handed on in
place of the vector where the graph says that there is one: a count of bounds that lie below
something, or the first of all numbers of which something holds.
"""

import numpy as np
from onnx import TensorProto, helper

from zoo.export.onnx_graph.loop import Carried


def rows_looked_up(loop):
    """What multiplies a vector that is 1 at a number, and else 0, is looked up by the number."""
    for each in list(loop.carried):
        handed, compress = each.handed.name, None
        compress = loop.maker(handed, "Compress")
        chosen = handed if compress is None else compress.input[0]
        number, count = _number(loop, chosen)
        readers = loop.readers(each.given.name)
        constants = [loop.constant(node.input[1]) for node in readers if node.op_type == "MatMul"]
        if (
            number is None
            or len(constants) < len(readers)
            or any(value is None for value in constants)
            or not loop.is_filled(each.outer, 0.0)
            or loop.is_read(each.last)
        ):
            continue
        _last_place(loop, chosen, number, count)
        name = f"{each.given.name}/number"
        batch = loop.add_outside("Shape", [each.outer], f"{name}/batch", start=0, end=1)
        none = loop.add_constant("none", count)
        loop.carried.remove(each)
        number = loop.add("Cast", [number], f"{name}/chosen", to=TensorProto.INT64)
        given = helper.make_tensor_value_info(name, TensorProto.INT64, [None])
        handed = helper.make_tensor_value_info(number, TensorProto.INT64, [None])
        if compress is not None:
            handed = loop.left(handed, compress.input[1])
        outer = loop.add_outside("Expand", [none, batch], f"{name}/none")
        loop.carried.append(Carried(outer, given, handed, f"{name}/last"))
        for node, value in zip(readers, constants, strict=True):
            rows = np.concatenate([value, np.zeros_like(value[:1])])
            rows = loop.graph.constant(f"{node.input[1]}/rows", rows)
            node.CopyFrom(helper.make_node("Gather", [rows, name], node.output, node.name, axis=0))


def _number(loop, vector):
    """([rows], count) of [rows, count] that is 1 where a whole number is, else 0: (None, None)."""
    less = loop.maker(loop.chain(vector, "Cast"), "Less")
    sub = loop.maker(loop.chain(vector, "Cast", "Less", "Abs"), "Sub")
    if sub is None or not loop.is_number(less.input[1], 0.5):
        return None, None
    numbers, number = loop.constant(sub.input[1]), loop.chain(sub.input[0], "Unsqueeze")
    counted = numbers is not None and (numbers == np.arange(numbers.size)).all()
    if not counted or not (_counts(loop, number) or _chooses(loop, number, numbers)):
        return None, None
    return number, numbers.size


def _counts(loop, number):
    """Whether a number is how many of the bounds between such numbers lie below something."""
    return loop.maker(loop.chain(number, "ReduceSum", "Cast"), "LessOrEqual") is not None


def _chooses(loop, number, numbers):
    """Whether a number is the first of these of which something holds, or how many there are."""
    add = loop.maker(loop.chain(number, "ReduceMin"), "Add")
    parts = [loop.maker(name, "Mul") for name in add.input] if add is not None else [None]
    if None in parts:
        return False
    (held, these), (none, unheld) = (each.input for each in parts)
    these, none = loop.constant(these), loop.constant(none)
    return (
        these is not None
        and none is not None
        and np.array_equal(these.ravel(), numbers.ravel())
        and (none == numbers.size).all()
        and loop.chain(held, "Cast") is not None
        and loop.chain(held, "Cast") == loop.chain(unheld, "Cast", "Not")
    )


def _last_place(loop, vector, number, count):
    """Whether the last value of such a vector is 1 is asked of the number."""
    for node in list(loop.readers(vector)):
        if node.op_type != "Slice":
            continue
        starts, ends, axes = (loop.constant(name) for name in node.input[1:4])
        squeeze = loop.readers(node.output[0])
        if [each.op_type for each in squeeze] != ["Squeeze"]:
            continue
        for less in loop.readers(squeeze[0].output[0]):
            last = starts.tolist() == [0, -1] and axes.tolist() == [0, 1] and ends.min() > count
            if less.op_type == "Less" and last and loop.is_number(less.input[1], 0.5):
                end = loop.graph.constant(f"{loop.node.name}/end", np.float64(count - 1))
                ended = loop.add("Equal", [number, end], f"{number}/ended")
                less.CopyFrom(helper.make_node("Not", [ended], less.output, less.name))
