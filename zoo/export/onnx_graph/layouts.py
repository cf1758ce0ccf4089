"""Rewrites that let a picture keep one layout where a hierarchy of latents comes in on its way.

A converter turns [height, width, channels] into [channels, height, width] before a convolution and
back after it, and takes out what meets in pairs. They do not meet where something of the other
layout comes in between, as a group's z does, or where what is turned is read twice.
"""

import math

import numpy as np
import onnx

from zoo.export.onnx_graph.passes import ELEMENTWISE, of_type, permutation

BINARY = {"Add", "Sub", "Mul", "Div", "Min", "Max"}
ALL = 2**31 - 1  # an end at or beyond it leaves nothing out
UNARY = ELEMENTWISE - BINARY - {"Clip"} | {"Exp", "Neg", "Sqrt"}


def turned_and_back(graph):
    """back(f(turn(a), b)) is f(a, back(b)), f elementwise: a Transpose less."""
    nodes = {}
    for back in of_type(graph, "Transpose"):
        axes, node = permutation(back), graph.producers.get(back.input[0])
        if node is None or node.op_type not in BINARY or len(node.input) != 2:
            continue
        for place, name in enumerate(node.input):
            turn, other = graph.producers.get(name), node.input[1 - place]
            if turn is None or turn.op_type != "Transpose" or other == name:
                continue
            inverse = permutation(turn) == np.argsort(axes).tolist()
            alone = graph.only_reader(name) is node and graph.only_reader(back.input[0]) is back
            if inverse and alone and len(graph.shapes.get(other) or ()) == len(axes):
                turned = f"{other}/turned/{back.output[0]}"
                given = [turned, turned]
                given[place] = turn.input[0]
                nodes[id(back)] = [
                    _transpose(other, turned, axes),
                    onnx.helper.make_node(node.op_type, given, back.output),
                ]
                break
    return _replaced(graph, nodes)


def turned_twice(graph):
    """Of turn(x) and turn(f(x)), f elementwise, the latter is f(turn(x)): a Transpose less."""
    nodes = {}
    for turn in of_type(graph, "Transpose"):
        region, x = _made_of_one(graph, turn)
        also = [
            node
            for node in graph.readers.get(x, [])
            if node.op_type == "Transpose" and permutation(node) == permutation(turn)
        ]
        if not region or not also:
            continue
        names = {x: also[0].output[0], turn.input[0]: turn.output[0]}
        names |= {
            node.output[0]: f"{node.output[0]}/turned"
            for node in region
            if node.output[0] not in names
        }
        nodes[id(turn)] = [_renamed(node, names) for node in reversed(region)]
    return _replaced(graph, nodes)


def layout_after_slice(graph):
    """Columns of [batch, n] -> Reshape to [batch, ...] -> Transpose: others are taken instead."""
    nodes = {}
    for transpose in of_type(graph, "Transpose"):
        grid, axes = graph.producers.get(transpose.input[0]), permutation(transpose)
        columns = graph.producers.get(grid.input[0]) if grid is not None else None
        sizes = graph.shapes.get(transpose.input[0])
        if columns is None or (columns.op_type, grid.op_type) != ("Slice", "Reshape"):
            continue
        taken = _columns(graph, columns)
        if taken is None or not axes or axes[0] != 0 or not sizes or None in sizes[1:]:
            continue
        if len(taken) != math.prod(sizes[1:]):
            continue
        taken = taken.reshape(sizes[1:]).transpose([axis - 1 for axis in axes[1:]]).ravel()
        name = transpose.output[0]
        shape = np.array([-1, *(sizes[axis] for axis in axes[1:])], np.int64)
        flat, indices = f"{name}/columns", graph.constant(f"{name}/indices", taken)
        nodes[id(transpose)] = [
            onnx.helper.make_node("Gather", [columns.input[0], indices], [flat], axis=1),
            onnx.helper.make_node("Reshape", [flat, graph.constant(f"{name}/to", shape)], [name]),
        ]
    return _replaced(graph, nodes)


LAYOUTS = (turned_and_back, turned_twice, layout_after_slice)


def _made_of_one(graph, turn):
    """([nodes], x): the elementwise steps from x to what is turned, last first; none for others.

    Everything on the way is read there alone, and constants on the way are single numbers.
    """
    region, sources, waiting = [], set(), [turn.input[0]]
    while waiting:
        name = waiting.pop(0)
        node = graph.producers.get(name)
        inside = [turn, *region]
        within = all(any(each is known for known in inside) for each in graph.readers[name])
        elementwise = node is not None and node.op_type in UNARY | BINARY
        if not elementwise or not within or name in graph.outputs:
            sources.add(name)
            continue
        if any(node is known for known in region):
            continue
        region.append(node)
        for each in node.input:
            if each not in graph.constants:
                waiting.append(each)
            elif math.prod(graph.shapes[each]) != 1:
                return [], None
    return (region, sources.pop()) if len(sources) == 1 and region else ([], None)


def _columns(graph, node):
    """Numbers of the columns that a Slice takes of [batch, n]; None where it takes others."""
    given = [graph.value(name).tolist() for name in node.input[1:] if name in graph.constants]
    before = graph.shapes.get(node.input[0])
    if len(given) != len(node.input) - 1 or len(before or ()) != 2 or before[1] is None:
        return None
    starts, ends, axes = given[:3]
    taken = {0: (0, ALL)} | dict(zip(axes, zip(starts, ends, strict=True), strict=True))
    steps = given[3] if len(given) > 3 else []
    if 1 not in taken or taken[0][0] != 0 or taken[0][1] < ALL or set(steps) - {1}:
        return None
    first, end = taken[1]
    return np.arange(before[1], dtype=np.int64)[first:end]


def _transpose(before, after, axes):
    return onnx.helper.make_node("Transpose", [before], [after], perm=axes)


def _renamed(node, names):
    """A copy that reads and gives tensors of other names."""
    copy = onnx.NodeProto.FromString(node.SerializeToString())
    for side in (copy.input, copy.output):
        side[:] = [names.get(name, name) for name in side]
    return copy


def _replaced(graph, nodes):
    """Puts nodes in the place of others, {id: [nodes]}; whether there were any."""
    if nodes:
        kept = [nodes.get(id(node), [node]) for node in graph.graph.node]
        copies = [_renamed(node, {}) for each in kept for node in each]
        del graph.graph.node[:]
        graph.graph.node.extend(copies)
    return bool(nodes)
