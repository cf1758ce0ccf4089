"""From a traced function to an ONNX graph; refuses what a converter lets pass.

tf2onnx reports an operator that it cannot convert to its log and writes the invalid file all the
same; here any such report is an error, and so is a graph that the ONNX checker does not accept.
"""

import contextlib
import gc
import logging
import os

import onnx
import tf2onnx

from zoo.artifact.endpoints import BATCH
from zoo.errors import ExportError
from zoo.export.onnx_graph import kernels
from zoo.export.onnx_graph.narrowing import narrowed
from zoo.export.onnx_graph.optimize import optimized
from zoo.export.onnx_graph.recurrent import native

OPSET = 18
IR_VERSION = 8  # what opset 18 came with; ONNX Runtime reads it since 1.14

# tf2onnx copies the whole graph before each of its optimisers, to go on without one that fails.
# Told not to, it is faster, and what fails is an error here, as anything else is.
os.environ[tf2onnx.constants.ENV_TF2ONNX_CATCH_ERRORS] = "FALSE"


def graphs(model, contract, trace, traced=None):
    """{endpoint: its graph, optimized}, weights inside, with the contract's names and axes.

    Args:
        model: the model on TensorFlow.
        contract: {name: Endpoint}.
        trace: () -> {name: (function, signature)}, as `saved_model.functions` gives it.
        traced: what `trace` gave, if it has been called; a model with layers that have an operator
            of their own in ONNX is traced anew.
    """
    with native(model) as handlers:
        functions = trace() if handlers or traced is None else traced
        found = {}
        for name in contract:
            graph = _converted(name, *functions[name], handlers)
            found[name] = narrowed(optimized(_settled(graph, contract[name])))
            del graph
            gc.collect()  # tf2onnx's graphs refer to themselves, and each holds all weights
    return found


def checked(name, model):
    """The graph with our name on it, once the ONNX checker and a GPU accept it."""
    model.ir_version, model.producer_name, model.producer_version = IR_VERSION, "vae-zoo", ""
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ExportError(f"{name}: not a valid ONNX graph: {error}") from error
    kernels.require(name, model)
    return model


def _converted(name, function, specs, handlers):
    """The graph as tf2onnx gives it."""
    with _errors_raised(name):
        graph, _ = tf2onnx.convert.from_function(
            function, specs, opset=OPSET, custom_op_handlers=handlers
        )
    return graph


def _settled(model, endpoint):
    """The model with the contract's names, order and batch axis, and with our versions."""
    graph, inputs = model.graph, [t.name for t in endpoint.inputs]
    by_name = {value.name.split(":")[0]: value for value in (*graph.input, *graph.output)}
    wanted = [t.name for t in (*endpoint.inputs, *endpoint.outputs)]
    if sorted(by_name) != sorted(wanted):
        raise ExportError(
            f"{endpoint.name}: the converted graph has the tensors {sorted(by_name)}, the "
            f"contract wants {sorted(wanted)}."
        )
    _rename(graph, {value.name: name for name, value in by_name.items()})
    for tensor in (*endpoint.inputs, *endpoint.outputs):
        _set_shape(by_name[tensor.name], tensor)
    for side, names in ((graph.input, inputs), (graph.output, wanted[len(inputs) :])):
        ordered = [by_name[name] for name in names]
        copies = [onnx.ValueInfoProto.FromString(v.SerializeToString()) for v in ordered]
        del side[:]
        side.extend(copies)
    graph.name, graph.doc_string, model.ir_version = endpoint.name, "", IR_VERSION
    return model


def _rename(graph, names):
    for node in graph.node:
        for side in (node.input, node.output):
            side[:] = [names.get(name, name) for name in side]
    for value in (*graph.input, *graph.output):
        value.name = names.get(value.name, value.name)


def _set_shape(value, tensor):
    dims = value.type.tensor_type.shape.dim
    del dims[:]
    for size in tensor.shape:
        dim = dims.add()
        if size == BATCH:
            dim.dim_param = BATCH
        else:
            dim.dim_value = size


@contextlib.contextmanager
def _errors_raised(name):
    """Turns what tf2onnx only logs as an error into an exception that quotes it."""
    records = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: records.append(record.getMessage())
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    try:
        yield
    except ExportError:
        raise
    except Exception as error:
        quoted = "; ".join([*records, str(error)])
        raise ExportError(f"{name}: conversion to ONNX failed: {quoted}") from error
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    if records:
        raise ExportError(f"{name}: conversion to ONNX reported: {'; '.join(records)}")
