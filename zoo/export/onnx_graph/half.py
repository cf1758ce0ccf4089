"""The float16 variant of a graph: half the weights to read, and the units that GPUs have for it.

Matrix products and convolutions take and give float16, and so do activations and the like on the
way from one of them to the next. What comes before the first and after the last stays float32, and
so do exponentials, logarithms, sums over many terms, and whatever is made of those or of noise. So
the noise and the latents of `generate` keep their bits, probabilities are made of float32 logits,
and nats are summed in float32. Inputs and outputs are those of the float32 graph. A graph with a
Loop stays as it is: an autoregressive decoder feeds back what it draws, computed in float64, and a
probability that is rounded is another draw now and then, and another image from there. What leads
to a choice, such as that of the nearest code, stays float32 for the same reason.

Ours, because `onnxruntime.transformers.float16` (1.31) rounds every value that passes from one
float32 node to another, and every output, to float16 on the way: `z` loses its bits, and sums of
nats 3 of their digits.
"""

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from zoo.errors import ExportError
from zoo.export.onnx_graph.passes import read

PRODUCTS = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
"""Where the time goes. GPUs multiply float16 and add up in float32."""

CHOICES = {"TopK"}
"""Where rounding is another answer altogether: whatever leads to one stays float32."""

SINGLE = {"Exp", "Log", "LogSoftmax", "Pow", "Reciprocal", "Softmax", "Softplus", "Sqrt", "CumSum"}
SINGLE |= {"Div", "InstanceNormalization", "LayerNormalization", "Range", "Cast", "Loop", "If"}
"""Kept in float32 wherever they stand, and whatever is called Reduce... besides."""


def of(model):
    """The float16 variant of a float32 model, as a new model.

    Raises:
        ExportError: if a weight is beyond the range of float16, 65504, or a type is unknown.
    """
    try:
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except onnx.shape_inference.InferenceError as error:
        raise ExportError(f"the types of its values cannot be inferred: {error}") from error
    variant = onnx.ModelProto.FromString(model.SerializeToString())
    graph, chosen = variant.graph, _between_products(inferred.graph)
    writer = _Writer(inferred.graph)
    for node in graph.node:
        writer.add(node, half=node.name in chosen)
    for value in graph.output:
        writer.as_single(value.name)
    named = {name for node in writer.nodes for name in read(node)}
    constants = [each for each in writer.constants.values() if each.name in named]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(writer.nodes)
    graph.initializer.extend(sorted(constants, key=lambda each: each.name))
    return variant


class _Writer:
    """Writes nodes anew, with a Cast wherever a value is wanted in the other precision."""

    def __init__(self, graph):
        values = (*graph.input, *graph.output, *graph.value_info)
        self.singles = {v.name for v in values if v.type.tensor_type.elem_type == TensorProto.FLOAT}
        self.constants = {each.name: each for each in graph.initializer}
        self.nodes = []
        self.there = set(self.constants) | {value.name for value in graph.input}

    def add(self, node, half):
        written = onnx.NodeProto.FromString(node.SerializeToString())
        wanted = self.as_half if half else self.as_single
        written.input[:] = [wanted(name) for name in node.input]
        if half:
            written.output[:] = [_half(n) if n in self.singles else n for n in node.output]
        self.there.update(written.output)
        self.nodes.append(written)

    def as_half(self, name):
        """The name of a float32 value's float16 twin, made if need be; other values' own."""
        if name in self.constants:
            return self._constant(name)
        if name in self.singles and _half(name) not in self.there:
            self._cast(name, _half(name), TensorProto.FLOAT16)
        return _half(name) if name in self.singles else name

    def as_single(self, name):
        """The name of a value in its own precision, made from its float16 twin if need be."""
        if name and name not in self.there:
            self._cast(_half(name), name, TensorProto.FLOAT)
        return name

    def _cast(self, source, target, to):
        self.nodes.append(
            onnx.helper.make_node("Cast", [source], [target], to=to, name=f"{target}/Cast")
        )
        self.there.add(target)

    def _constant(self, name):
        value = numpy_helper.to_array(self.constants[name])
        if value.dtype != np.float32:
            return name
        with np.errstate(over="ignore"):
            rounded = value.astype(np.float16)
        if not np.isfinite(rounded).all():
            raise ExportError(
                f"a weight of {np.abs(value).max():.3g} is beyond the range of float16 (65504)"
            )
        self.constants[_half(name)] = numpy_helper.from_array(rounded, _half(name))
        return _half(name)


def _between_products(graph):
    """Names of the nodes that compute in float16: the products, and what lies between two."""
    if any(node.op_type == "Loop" for node in graph.node):
        return set()
    chosen_by = _leading_to_choices(graph)
    # After: made of what products give and of constants alone, so that noise, and what is computed
    # from exponentials, is not rounded before the product that takes it in.
    floats, after, before = _floats(graph), set(), set()
    for node in graph.node:
        taken = [name for name in node.input if name in floats]
        between = taken and not _single(node) and after.issuperset(taken)
        if node.op_type in PRODUCTS or between:
            after.update(node.output)
    for node in reversed(graph.node):
        ahead = before.intersection(node.output) and after.intersection(node.output)
        if node.op_type in PRODUCTS or ahead:
            before.update(node.input)
    return {
        node.name
        for node in graph.node
        if not chosen_by.intersection(node.output)
        and (
            node.op_type in PRODUCTS
            or (after.intersection(node.output) and before.intersection(node.output))
        )
    }


def _leading_to_choices(graph):
    """Names of the tensors that a choice is made of."""
    names = set()
    for node in reversed(graph.node):
        if node.op_type in CHOICES or names.intersection(node.output):
            names.update(node.input)
    return names


def _single(node):
    return node.op_type in SINGLE or node.op_type.startswith("Reduce")


def _floats(graph):
    """Names of the float32 tensors that are no constants."""
    constants = {each.name for each in graph.initializer}
    values = (*graph.input, *graph.output, *graph.value_info)
    floats = {v.name for v in values if v.type.tensor_type.elem_type == TensorProto.FLOAT}
    return floats - constants


def _half(name):
    return f"{name}.fp16"
