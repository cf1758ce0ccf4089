"""Rewrites of an ONNX graph that ONNX Runtime's own basic optimisation leaves out.

Each takes a `Graph`, changes its nodes and says whether it changed any; what is left without a
reader is removed afterwards. Two of them move a layout change into the weights of a dense layer:
between a dense and a convolutional layer, values change from [height, width, channels] to
[channels, height, width], and a dense layer may give or take them in either order.
"""

import math

import numpy as np
import onnx
from onnx import numpy_helper

ELEMENTWISE = {"Add", "Sub", "Mul", "Div", "Min", "Max", "Sigmoid", "Tanh", "Relu", "LeakyRelu"}
ELEMENTWISE |= {"Elu", "Selu", "Softplus", "Softsign", "Erf", "Clip", "HardSigmoid", "HardSwish"}


class Graph:
    """A model with what one asks of its tensors: shape, producer, readers, constant value."""

    def __init__(self, model):
        del model.graph.value_info[:]  # may be of tensors that were changed since
        self.model = onnx.shape_inference.infer_shapes(model, data_prop=True)
        graph = self.graph = self.model.graph
        values = (*graph.input, *graph.output, *graph.value_info)
        self.shapes = {value.name: _sizes(value.type.tensor_type) for value in values}
        self.constants = {each.name: each for each in graph.initializer}
        self.shapes |= {name: tuple(each.dims) for name, each in self.constants.items()}
        self.outputs = {value.name for value in graph.output}
        self.producers = {name: node for node in graph.node for name in node.output}
        self.readers = {}
        for node in graph.node:
            for name in read(node):
                self.readers.setdefault(name, []).append(node)

    def only_reader(self, name):
        """The one node that reads a tensor; None if there are more, or it is an output."""
        readers = self.readers.get(name, [])
        return readers[0] if len(readers) == 1 and name not in self.outputs else None

    def value(self, name):
        """A constant's array."""
        return numpy_helper.to_array(self.constants[name])

    def constant(self, name, array):
        """Adds a constant; returns its name."""
        while name in self.constants:
            name += "'"
        tensor = numpy_helper.from_array(np.asarray(array, order="C"), name)
        self.graph.initializer.append(tensor)
        self.constants[name] = tensor
        return name

    def reshape(self, node, sizes):
        """Makes a node a Reshape of its first input to sizes, of which one may be None: -1."""
        target = np.array([-1 if size is None else size for size in sizes], np.int64)
        name = self.constant(f"{node.output[0]}/shape", target)
        changed = onnx.helper.make_node(
            "Reshape", [node.input[0], name], node.output, name=node.name
        )
        node.CopyFrom(changed)

    def bypass(self, node):
        """Lets everybody read a node's input instead of its output, which is no graph output."""
        for reader in self.readers.get(node.output[0], []):
            rename_read(reader, node.output[0], node.input[0])


def read(node):
    """Names that a node reads, those of its branches and loops included."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from read(inner)


def rename_read(node, before, after):
    """Lets a node, its branches and loops included, read another value."""
    node.input[:] = [after if name == before else name for name in node.input]
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                rename_read(inner, before, after)


def constant_reshapes(graph):
    """A Reshape of which all sizes but one are known needs no computed shape."""
    changed = False
    for node in of_type(graph, "Reshape"):
        sizes = graph.shapes.get(node.output[0])
        if node.input[1] not in graph.constants and _at_most_one_free(sizes):
            graph.reshape(node, sizes)
            changed = True
    return changed


def transposes_of_nothing(graph):
    """A Transpose that moves no axis longer than 1 past another is a Reshape, which is free."""
    changed = False
    for node in of_type(graph, "Transpose"):
        before, after = (graph.shapes.get(name) for name in (node.input[0], node.output[0]))
        moved = [axis for axis in permutation(node) if before and before[axis] != 1]
        if moved == sorted(moved) and before and _at_most_one_free(after):
            graph.reshape(node, after)
            changed = True
    return changed


def chained_reshapes(graph):
    """Of two Reshapes in a row the second is enough; one that changes no size is none."""
    changed = False
    for node in of_type(graph, "Reshape"):
        before, after = (graph.shapes.get(name) for name in (node.input[0], node.output[0]))
        above = graph.producers.get(node.input[0])
        if above is not None and above.op_type == "Reshape" and _at_most_one_free(after):
            graph.reshape(node, after)
            node.input[0] = above.input[0]
            changed = True
        elif before == after and _at_most_one_free(after) and node.output[0] not in graph.outputs:
            graph.bypass(node)
            changed = True
    return changed


def layout_before_dense(graph):
    """Transpose -> Reshape to [batch, n] -> dense: the weight's rows change place instead."""
    for transpose in of_type(graph, "Transpose"):
        flat = graph.only_reader(transpose.output[0])
        dense = graph.only_reader(flat.output[0]) if flat and flat.op_type == "Reshape" else None
        sizes = graph.shapes.get(transpose.output[0])
        axes = permutation(transpose)
        if not dense or not _is_dense(graph, dense) or not _keeps_batch(axes, sizes):
            continue
        weight = graph.value(dense.input[1])
        if weight.shape[0] != math.prod(sizes[1:]):
            continue
        back = [axis - 1 for axis in np.argsort(axes)[1:]]
        rows = np.arange(len(weight)).reshape(sizes[1:]).transpose(back).ravel()
        dense.input[1] = graph.constant(f"{dense.input[1]}/rows", weight[rows])
        flat.input[0] = transpose.input[0]
        graph.reshape(flat, graph.shapes[flat.output[0]])
        return True  # what was read of the graph no longer holds
    return False


def layout_after_dense(graph):
    """Dense -> elementwise -> Reshape to [batch, ...] -> Transpose: its columns change place."""
    for transpose in of_type(graph, "Transpose"):
        grid = graph.producers.get(transpose.input[0])
        sizes, axes = graph.shapes.get(transpose.input[0]), permutation(transpose)
        if grid is None or grid.op_type != "Reshape" or not _keeps_batch(axes, sizes):
            continue
        width = math.prod(sizes[1:])
        region = _elementwise_region(graph, grid, width)
        if graph.only_reader(grid.output[0]) is None or region is None:
            continue
        columns = np.arange(width).reshape(sizes[1:]).transpose([a - 1 for a in axes[1:]]).ravel()
        for node, place in region:
            value = graph.value(node.input[place])
            name = f"{node.input[place]}/columns"
            node.input[place] = graph.constant(name, value[..., columns])
        transpose.input[0] = grid.input[0]
        graph.reshape(transpose, [sizes[axis] for axis in axes])
        return True
    return False


def _elementwise_region(graph, end, width):
    """[(node, input)] of the constants of `width` columns that `end`'s values are made of.

    None unless these are made of dense layers and elementwise steps, for nobody but `end`.
    """
    constants, nodes, waiting = [], [end], [end.input[0]]
    while waiting:
        node = graph.producers.get(waiting.pop())
        if node is None or graph.shapes.get(node.output[0], ())[1:] != (width,):
            return None
        if any(node is known for known in nodes):
            continue
        nodes.append(node)
        dense = _is_dense(graph, node)
        if not dense and node.op_type not in ELEMENTWISE:
            return None
        for place, name in list(enumerate(node.input))[int(dense) :]:
            if name not in graph.constants:
                waiting.append(name)
            elif graph.shapes[name][-1:] == (width,):
                constants.append((node, place))
            elif math.prod(graph.shapes[name]) != 1:
                return None
    inside = {id(node) for node in nodes}
    read_within = all(
        id(reader) in inside
        for node in nodes[1:]
        for reader in graph.readers.get(node.output[0], [])
    )
    hidden = not any(node.output[0] in graph.outputs for node in nodes[1:])
    return constants if read_within and hidden else None


PASSES = (
    constant_reshapes,
    transposes_of_nothing,
    chained_reshapes,
    layout_before_dense,
    layout_after_dense,
)


def of_type(graph, kind):
    """Nodes of an operator."""
    return [node for node in graph.graph.node if node.op_type == kind]


def _sizes(tensor):
    """A tuple of int, None where a size is free; None if the rank is unknown."""
    if not tensor.HasField("shape"):
        return None
    return tuple(d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim)


def _at_most_one_free(sizes):
    return sizes is not None and sizes.count(None) <= 1 and 0 not in sizes


def permutation(node):
    """A Transpose's axes."""
    return list(node.attribute[0].ints) if node.attribute else []


def _keeps_batch(axes, sizes):
    return bool(axes) and axes[0] == 0 and bool(sizes) and None not in sizes[1:]


def _is_dense(graph, node):
    """Whether a node multiplies by a constant [n, m], whose rows and columns can be moved."""
    return (
        node.op_type in ("MatMul", "Gemm")
        and not any(each.i for each in node.attribute if each.name in ("transA", "transB"))
        and node.input[0] not in graph.constants
        and len(graph.shapes.get(node.input[1], ())) == 2
        and all(name in graph.constants for name in node.input[1:])
    )
