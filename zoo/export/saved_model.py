"""Writes a SavedModel whose signatures are the contract's endpoints."""

import tensorflow as tf

from zoo.artifact import layout
from zoo.errors import ExportError
from zoo.export.formats import Format, Opened
from zoo.export.signatures import Signatures

DEFAULT = "reconstruct"


class SavedModel(Format):
    """A signature an endpoint, for TensorFlow without Keras."""

    name = "saved_model"

    def write(self, source, endpoints):
        traced = {name: source.functions[name] for name in endpoints}
        write(source.model, source.contract, source.stage / layout.SAVED_MODEL, traced)
        return {}

    def open(self, stage):
        return OpenedSavedModel(Signatures(stage / layout.SAVED_MODEL))


class OpenedSavedModel(Opened):
    """A SavedModel in plain TensorFlow."""

    def __init__(self, signatures):
        self._signatures = signatures

    def run(self, name, inputs):
        return self._signatures.run(name, inputs)

    def require(self, endpoint):
        if endpoint.name not in self._signatures.names():
            raise ExportError(f"The SavedModel has no signature {endpoint.name}.")
        # A signature's tensors have names and no order.
        contract = tuple(
            sorted((t.name, t.dtype, t.shape) for t in side)
            for side in (endpoint.inputs, endpoint.outputs)
        )
        found = self._signatures.interface(endpoint.name)
        if found != contract:
            raise ExportError(
                f"{endpoint.name}: the signature's tensors are {found}, the contract wants "
                f"{contract}."
            )


def functions(model, contract):
    """One tf.function an endpoint, with the contract's names: {name: (function, signature)}."""
    return {name: _function(model, endpoint) for name, endpoint in contract.items()}


def write(model, contract, path, traced=None):
    """SavedModel at `path`; `serving_default` answers as `reconstruct`.

    `traced` is what `functions` gave, if it has been called.
    """
    module = tf.Module()
    module.model_variables = [variable.value for variable in model.variables]
    signatures = {}
    for name, (function, specs) in (traced or functions(model, contract)).items():
        signatures[name] = function.get_concrete_function(*specs)
        _require_portable(name, signatures[name].graph)
    signatures["serving_default"] = signatures[DEFAULT]
    try:
        tf.saved_model.save(module, str(path), signatures)
    except tf.errors.OpError as error:  # what TensorFlow makes of a full disk
        raise OSError(error.message) from error


def _require_portable(name, graph):
    """Raises where a graph could not run on a CPU, whatever machine it was traced on.

    A graph that names a device runs there alone; cuDNN's own operators run on NVIDIA's GPUs alone.
    """
    operations = list(graph.get_operations())
    for function in graph.as_graph_def().library.function:
        operations += function.node_def
    for each in operations:
        kind = each.op if hasattr(each, "op") and isinstance(each.op, str) else each.type
        if each.device:
            raise ExportError(
                f"{name}: {kind} {each.name!r} is bound to {each.device}: a SavedModel that names "
                "a device runs there alone. Build the model without tf.device."
            )
        if "cudnn" in kind.lower():
            raise ExportError(
                f"{name}: {kind} {each.name!r} is an operator of cuDNN, which no CPU runs. Pass "
                "use_cudnn=False to the recurrent layers."
            )


def _function(model, endpoint):
    """A tf.function whose argument and result names are the endpoint's."""
    names = [t.name for t in endpoint.inputs]
    specs = [
        tf.TensorSpec([None if n == "batch" else n for n in t.shape], t.dtype, name=t.name)
        for t in endpoint.inputs
    ]

    # AutoGraph would rewrite all of the model's Python, which has no control flow on tensors.
    @tf.function(input_signature=specs, autograph=False)
    def function(*inputs):
        answer = model.ask(endpoint.name, dict(zip(names, inputs, strict=True)))
        return {
            t.name: tf.ensure_shape(answer[t.name], [None, *t.shape[1:]]) for t in endpoint.outputs
        }

    return function, specs
