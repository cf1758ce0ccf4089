"""Writes a SavedModel whose signatures are the contract's endpoints."""

import tensorflow as tf

DEFAULT = "reconstruct"


def functions(model, contract):
    """One tf.function an endpoint, with the contract's names: {name: (function, signature)}."""
    return {name: _function(model, endpoint) for name, endpoint in contract.items()}


def write(model, contract, path):
    """SavedModel at `path`; `serving_default` answers as `reconstruct`."""
    module = tf.Module()
    module.model_variables = [variable.value for variable in model.variables]
    signatures = {}
    for name, (function, specs) in functions(model, contract).items():
        signatures[name] = function.get_concrete_function(*specs)
    signatures["serving_default"] = signatures[DEFAULT]
    try:
        tf.saved_model.save(module, str(path), signatures)
    except tf.errors.OpError as error:  # what TensorFlow makes of a full disk
        raise OSError(error.message) from error


def _function(model, endpoint):
    """A tf.function whose argument and result names are the endpoint's."""
    method = getattr(model, endpoint.name)
    specs = [
        tf.TensorSpec([None if n == "batch" else n for n in t.shape], t.dtype, name=t.name)
        for t in endpoint.inputs
    ]

    @tf.function(input_signature=specs)
    def function(*inputs):
        answer = method(*inputs)
        return {
            t.name: tf.ensure_shape(answer[t.name], [None, *t.shape[1:]]) for t in endpoint.outputs
        }

    return function, specs
