"""Loops that feed back what they choose, as a runtime runs them fast: fewer nodes, fewer rows.

What `zoo.networks.autoregressive` unrolls comes from the converter as a Loop that hands all that it
reads from step to step, and adds a step's output to those of all steps. Here

- what no step changes is read from outside,
- steps are counted by the Loop itself,
- outputs of steps are stacked by the Loop instead of being added to all that were made before,
- rows that have ended leave the Loop: their outputs are 0, which the graph says itself,
- a product with a vector that is 1 at one place is the row of the factor at that place,
- a product and what is added to it are one node.

Each rewrite is done where the graph says that it answers the same, and else left.
"""

import numpy as np
from onnx import TensorProto, helper

from zoo.export.onnx_graph.lookups import rows_looked_up
from zoo.export.onnx_graph.loop import Carried, Loop, sizes_of
from zoo.export.onnx_graph.order import remove_unread, sort
from zoo.export.onnx_graph.passes import Graph, of_type


def rewritten(model):
    """A model whose Loops are so; inputs, outputs and opset are as before."""
    graph = Graph(model)
    for node in of_type(graph, "Loop"):
        loop = Loop(graph, node)
        for rewrite in REWRITES:
            rewrite(loop)
            loop.write()
    sort(graph.graph)
    remove_unread(graph.graph)
    return graph.model


def _read_from_outside(loop):
    """What every step hands on as it was given is not carried."""
    for each in list(loop.carried):
        if each.given.name == each.handed.name and not loop.is_read(each.last):
            loop.replace(each.given.name, each.outer)
            loop.carried.remove(each)


def _counted(loop):
    """Steps that the body counts, from 0 to a constant, are the Loop's own."""
    for each in loop.carried:
        add, both = loop.maker(each.handed.name, "Add"), loop.maker(loop.condition, "And")
        if add is None or both is None or loop.is_read(each.last):
            continue
        given, one = add.input
        limit = _limit(loop, both.input[0], each.handed.name)
        if (
            given == each.given.name
            and loop.is_number(one, 1)
            and loop.is_number(each.outer, 0)
            and limit
        ):
            loop.carried.remove(each)
            loop.count, loop.goes_on = loop.add_constant("steps", limit), ""
            loop.condition = both.input[1]
            kind = each.given.type.tensor_type.elem_type
            _never_negative(loop, given)
            loop.add("Cast", [loop.index], given, to=kind)
            return


def _limit(loop, name, counted):
    """The number below which a condition wants a counted value, as a number or as a float."""
    less = loop.maker(name, "Less")
    if less is None or loop.constant(less.input[1]) is None:
        return None
    compared = less.input[0] if less.input[0] == counted else loop.chain(less.input[0], "Cast")
    return int(loop.constant(less.input[1])) if compared == counted else None


def _never_negative(loop, index):
    """Removes what would count from the end where an index, which is none, were below 0."""
    below = [
        node.output[0]
        for node in loop.body.node
        if node.op_type == "Less"
        and index in (node.input[0], loop.chain(node.input[0], "Cast"))
        and loop.is_number(node.input[1], 0)
    ]
    for node in list(loop.body.node):
        if node.op_type == "Add":
            parts = [loop.maker(name, "Mul") for name in node.input]
            if None not in parts and index in parts[1].input:
                (choice,) = (name for name in parts[1].input if name != index)
                if loop.chain(choice, "Cast", "Not") in below:
                    loop.replace(node.output[0], index)


def _stacked(loop):
    """Steps that are put where they belong, among zeros, are stacked; those not run are zeros."""
    for each in loop.carried:
        add = loop.maker(each.handed.name, "Add")
        product = None if add is None else loop.maker(add.input[1], "Mul")
        if (
            product is None
            or add.input[0] != each.given.name
            or not loop.is_filled(each.outer, 0.0)
        ):
            continue
        place, value = loop.chain(product.input[0], "Cast"), product.input[1]
        step, sizes = loop.chain(value, "Unsqueeze"), sizes_of(each.given)
        equal = loop.maker(place, "Equal")
        if equal is None or step is None or len(loop.readers(each.given.name)) > 1:
            continue
        counted, steps = loop.constant(equal.input[0]), loop.constant(loop.count)
        if counted is None or steps is None or loop.chain(equal.input[1], "Cast") != loop.index:
            continue
        if counted.shape != (1, int(steps), 1) or not (counted.ravel() == np.arange(steps)).all():
            continue
        loop.carried.remove(each)
        stack = f"{each.last}/stacked"
        loop.stacks.append(
            (helper.make_tensor_value_info(step, TensorProto.FLOAT, [None, sizes[2]]), stack)
        )
        _filled_up(loop, stack, each.last, int(steps))
        return


def _filled_up(loop, stack, name, steps):
    """[steps run, batch, width] -> [batch, steps, width]."""
    turned = loop.add_outside("Transpose", [stack], f"{name}/turned", perm=[1, 0, 2])
    run = loop.add_outside("Shape", [turned], f"{name}/run", start=1, end=2)
    all_steps = loop.add_constant("all_steps", [steps])
    missing = loop.add_outside("Sub", [all_steps, run], f"{name}/missing")
    before, after = loop.add_constant("before", [0] * 4), loop.add_constant("after", [0])
    pads = loop.add_outside("Concat", [before, missing, after], f"{name}/pads", axis=0)
    loop.add_outside("Pad", [turned, pads], name)


def _ended_rows_left_out(loop):
    """Rows whose outputs are 0 from now on leave the loop, and it ends with the last of them."""
    found = _ending(loop)
    if found is None:
        return
    going, goes_on, value = found
    others = [each for each in loop.carried if each is not going]
    shapes = {name: loop.graph.shapes.get(name) for name in loop.outer_names()}
    if not others or None in shapes.values() or any(loop.is_read(e.last) for e in loop.carried):
        return
    name = loop.node.name
    zero, one = loop.add_constant("zero", 0), loop.add_constant("one", 1)
    axis = loop.add_constant("axis", [1])
    batch = loop.add_outside("Shape", [going.outer], f"{name}/batch", start=0, end=1)
    (step, stack) = loop.stacks[0]
    width = sizes_of(step)[1]
    sizes = loop.add_outside(
        "Concat", [batch, loop.add_constant("width", [width])], f"{name}/sizes", axis=0
    )
    nothing = helper.make_tensor("nothing", TensorProto.FLOAT, [1], [0.0])
    zeros = loop.add_outside("ConstantOfShape", [sizes], f"{name}/zeros", value=nothing)
    count = loop.add_outside("Squeeze", [batch], f"{name}/rows")
    every = loop.add_outside("Range", [zero, count, one], f"{name}/every_row")
    rows = f"{name}/row"
    for outer, shape in shapes.items():
        if shape and shape[0] is None:
            _of_rows(loop, outer, rows)
    loop.carried.remove(going)
    for each in others:
        each.handed = loop.left(each.handed, goes_on)
    given = helper.make_tensor_value_info(rows, TensorProto.INT64, [None])
    handed = helper.make_tensor_value_info(rows, TensorProto.INT64, [None])
    handed = loop.left(handed, goes_on)
    loop.carried.append(Carried(every, given, handed, f"{name}/last_rows"))
    places = loop.add("Unsqueeze", [rows, axis], f"{name}/places")
    placed = loop.add("ScatterND", [zeros, places, value], f"{name}/placed")
    loop.stacks[0] = (
        helper.make_tensor_value_info(placed, TensorProto.FLOAT, [None, width]),
        stack,
    )
    left = loop.add("Size", [handed.name], f"{name}/left")
    loop.condition = loop.add("Greater", [left, zero], f"{name}/goes_on")


def _ending(loop):
    """(what says which rows go on, which do after this step, their outputs); None where none says.

    A row goes on as long as its number is 1: the loop ends where all are 0, and outputs are
    multiplied by it.
    """
    if len(loop.stacks) != 1:
        return None
    product = loop.maker(loop.stacks[0][0].name, "Mul")
    asked = loop.chain(loop.condition, "Greater", "ReduceSum", "Cast", "Greater")
    for each in loop.carried:
        least = loop.maker(each.handed.name, "Min")
        if product is None or least is None or asked != each.handed.name:
            continue
        value, number = product.input
        goes_on = loop.chain(least.input[1], "Cast")
        if (
            loop.is_filled(each.outer, 1.0)
            and loop.chain(number, "Unsqueeze") == each.given.name == least.input[0]
            and loop.maker(goes_on, "Less") is not None
            and len(loop.readers(each.given.name)) == 2
        ):
            return each, goes_on, value
    return None


def _of_rows(loop, outer, rows):
    """Lets the body read the rows that are left of a value outside."""
    for node in loop.readers(outer):
        before = f"{outer}/left"
        of_step = node.op_type == "Gather" and any(
            each.name == "axis" and each.i > 0 for each in node.attribute
        )
        if of_step and node.input[0] == outer:  # first the step, which is less
            after = node.output[0]
            node.output[0] = f"{after}/all"
            loop.add("Gather", [node.output[0], rows], after, axis=0)
            continue
        if loop.maker(before, "Gather") is None:
            loop.add("Gather", [outer, rows], before, axis=0)
            loop.ranks[before] = len(loop.graph.shapes[outer])
        node.input[:] = [before if name == outer else name for name in node.input]


def _summed_at_once(loop):
    """A product in float64 and what is added to it are one node, as ONNX Runtime has it itself of
    float32."""
    for node in [each for each in loop.body.node if each.op_type == "Add"]:
        for product, added in (node.input, reversed(node.input)):
            matmul = loop.maker(product, "MatMul")
            factor = None if matmul is None else loop.constant(matmul.input[1])
            bias = loop.constant(added)
            rank = loop.ranks.get(added) if bias is None else bias.ndim
            if (
                factor is not None
                and factor.dtype == np.float64
                and factor.ndim == loop.ranks.get(matmul.input[0]) == 2
                and rank in (1, 2)
                and loop.readers(product) == [node]
            ):
                inputs = [*matmul.input, added]
                node.CopyFrom(helper.make_node("Gemm", inputs, node.output, node.name))
                break


REWRITES = (
    _read_from_outside,
    _counted,
    _stacked,
    _ended_rows_left_out,
    rows_looked_up,
    _summed_at_once,
)
