"""Fewer nodes that do the same: what a runtime need not find out, a GPU need not wait for.

ONNX Runtime's own *basic* optimisation folds constants and removes what does nothing; it is the
level that is written for any hardware, in operators of the standard. `passes` and `layouts` add
what it leaves. The result is put in order and renamed, so that a graph depends on the model alone:
converters number their names from one conversion to the next, and sort by them.
"""

import tempfile
from pathlib import Path

import onnx
import onnxruntime

from zoo.errors import ExportError
from zoo.export.onnx_graph import loops
from zoo.export.onnx_graph.layouts import LAYOUTS
from zoo.export.onnx_graph.order import remove_unread, sort
from zoo.export.onnx_graph.passes import PASSES, Graph

ROUNDS = 50
"""Far more than any graph has taken; passes that undo each other must end all the same."""


def optimized(model):
    """A smaller model that computes the same; inputs, outputs and opset are as before."""
    model = loops.rewritten(_rewritten(_basic(model)))
    return finished(_rewritten(_basic(model)))


def finished(model):
    """The model without what nobody reads, in order and renamed; changed in place."""
    remove_unread(model.graph)
    sort(model.graph)
    _name(model.graph)
    del model.graph.value_info[:]
    used = {node.domain for node in model.graph.node}
    imports = [each for each in model.opset_import if each.domain in used | {""}]
    del model.opset_import[:]
    model.opset_import.extend(imports)
    return model


def _basic(model):
    """The model after ONNX Runtime's basic optimisation."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "optimized.onnx"
        options.optimized_model_filepath = str(path)
        try:
            onnxruntime.InferenceSession(
                model.SerializeToString(), options, ["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's exceptions share no base of their own
            raise ExportError(f"{model.graph.name}: ONNX Runtime refuses it: {error}") from error
        return onnx.load(path)


def _rewritten(model):
    for _ in range(ROUNDS):
        graph = Graph(model)
        changed = any(
            rewrite(graph) for rewrite in (*PASSES, *LAYOUTS)
        )  # one at a time: shapes are read anew
        model = graph.model
        sort(model.graph)
        remove_unread(model.graph)
        if not changed:
            break
    return model


def _name(graph):
    """Nodes are called Conv_3, what they give too; a constant after its first reader: Conv_3.W."""
    if any(attribute.HasField("g") for node in graph.node for attribute in node.attribute):
        return  # names that branches and loops read from outside are left alone
    constants = {each.name: each for each in graph.initializer}
    names = {value.name: value.name for value in (*graph.input, *graph.output)}
    for i, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{i}"
        formal = onnx.defs.get_schema(node.op_type, onnx.defs.onnx_opset_version()).inputs
        for place, name in enumerate(node.input):
            if name in constants and name not in names:
                role = formal[min(place, len(formal) - 1)].name
                names[name] = f"{node.name}.{role}" + (f"{place}" if place >= len(formal) else "")
        for place, name in enumerate(node.output):
            names.setdefault(name, f"{node.name}:{place}" if place else node.name)
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for each in constants.values():
        each.name = names[each.name]
    ordered = sorted(constants.values(), key=lambda each: each.name)
    copies = [onnx.TensorProto.FromString(each.SerializeToString()) for each in ordered]
    del graph.initializer[:]
    graph.initializer.extend(copies)
