"""Constants in float64 whose values are those of float32, kept as float32 and a Cast.

What an autoregressive decoder computes in float64 begins at weights that were trained in float32:
they take half the bytes, and are the same bytes as in the graphs that compute in float32, so that
an artifact holds them once. A runtime casts them when it loads the graph.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALLEST = 64
"""Values of a constant, below which nothing is won."""


def narrowed(model):
    """The model with such constants narrowed; changed in place."""
    graph, casts = model.graph, []
    for place, each in enumerate(graph.initializer):
        if each.data_type != TensorProto.DOUBLE:
            continue
        values = numpy_helper.to_array(each)
        with np.errstate(over="ignore"):
            single = values.astype(np.float32)
        if values.size < SMALLEST or not np.array_equal(single.astype(np.float64), values):
            continue
        name = each.name + "_single"
        casts.append(helper.make_node("Cast", [name], [each.name], name, to=TensorProto.DOUBLE))
        graph.initializer[place].CopyFrom(numpy_helper.from_array(single, name))
    nodes = [*casts, *(onnx.NodeProto.FromString(n.SerializeToString()) for n in graph.node)]
    del graph.node[:]
    graph.node.extend(nodes)
    return model
