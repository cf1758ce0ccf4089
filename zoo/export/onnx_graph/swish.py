"""Swish, x * sigmoid(x), as x / (1 + exp(-x)) in float32 graphs: a rounding is all that it errs by.

ONNX Runtime (1.31) computes Sigmoid on a CPU by a rational function that errs by up to 1.5e-7
however small the sigmoid is: at x = -12, where swish is -7e-5, it is 4e-7 off, and a float32 could
be 1e-12 off. Over the many inactive units of exports/dense_vae-mnist that made 1.1e-5 of its
probabilities, where the contract allows 1e-5; by way of the exponential they are 0.23e-5 from those
computed in float64, and the trained model's own are 0.19e-5 from them, at no measurable cost in
time (`python benchmarks/swish.py exports/dense_vae-mnist`).
float16 graphs keep Sigmoid: next to their own rounding it is exact, and their exponentials are
float32.
"""

import numpy as np
import onnx

from zoo.export.onnx_graph.optimize import finished
from zoo.export.onnx_graph.passes import Graph


def by_exponential(model):
    """A copy of an optimized model in which every swish is made of Neg, Exp, Add and Div.

    A Sigmoid that is read by anything else, such as a probability, stays.
    """
    graph = Graph(onnx.ModelProto.FromString(model.SerializeToString()))
    nodes = []
    for node in graph.graph.node:
        x = _argument(graph, node)
        nodes += [node] if x is None else _swish(graph, x, node.output[0])
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.graph.node[:]
    graph.graph.node.extend(copies)
    return finished(graph.model)


def _argument(graph, node):
    """x, where a node is x * sigmoid(x) and nobody else reads the sigmoid; None elsewhere."""
    if node.op_type != "Mul":
        return None
    for x, gate in (node.input, reversed(node.input)):
        sigmoid = graph.producers.get(gate)
        found = sigmoid is not None and sigmoid.op_type == "Sigmoid" and sigmoid.input[0] == x
        if found and graph.only_reader(gate) is node:
            return x
    return None


def _swish(graph, x, y):
    """The nodes of y = x / (1 + exp(-x)). Where the exponential is infinite, y is -0."""
    negative, exponential, denominator = (f"{y}/{i}" for i in range(3))
    one = graph.constant(f"{y}/one", np.ones((), np.float32))
    node = onnx.helper.make_node
    return [
        node("Neg", [x], [negative]),
        node("Exp", [negative], [exponential]),
        node("Add", [exponential, one], [denominator]),
        node("Div", [x, denominator], [y]),
    ]
