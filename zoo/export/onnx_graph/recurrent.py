"""LSTM and GRU layers as ONNX's own operators of these names, where tf2onnx would leave a Loop.

A recurrent layer in TensorFlow is a while loop. tf2onnx recognises one kind of it, the LSTM without
a mask. So while a model is traced for ONNX, and for nothing else, its layers put a placeholder into
the graph, which already holds the weights as ONNX wants them; a handler of tf2onnx then turns the
placeholder into the operator. A layer that ONNX could not compute as Keras does keeps its loop.
"""

import contextlib
import logging

import keras
import numpy as np
import tensorflow as tf

PLACEHOLDER = "PyFuncStateless"
_KINDS = {keras.layers.LSTM: "LSTM", keras.layers.GRU: "GRU"}
_GATES = {"LSTM": (0, 3, 1, 2), "GRU": (0, 1, 2)}  # ONNX: i, o, f, c of Keras's i, f, c, o; z, r, h


@contextlib.contextmanager
def native(model):
    """While it lasts, recurrent layers of the model trace to placeholders.

    Yields:
        tf2onnx's `custom_op_handlers` for them; empty where there is none.
    """
    layers = [layer for layer in model._flatten_layers() if _is_native(layer)]
    for layer in layers:
        object.__setattr__(layer, "inner_loop", _replacement(layer))
    logger = logging.getLogger("tf2onnx.shape_inference")  # knows the operator, not the placeholder
    logger.addFilter(_says_nothing_of_placeholders)
    try:
        yield {PLACEHOLDER: (_to_onnx, [])} if layers else {}
    finally:
        logger.removeFilter(_says_nothing_of_placeholders)
        for layer in layers:
            object.__delattr__(layer, "inner_loop")


def _is_native(layer):
    """Whether ONNX Runtime's operator, with its default activations, is this layer."""
    return (
        type(layer) in _KINDS
        and not layer.stateful
        and layer.activation is keras.activations.tanh
        and layer.recurrent_activation is keras.activations.sigmoid
        and layer.compute_dtype == "float32"
    )


def _replacement(layer):
    """What the layer's `inner_loop` is replaced by: the same arguments, the same answers."""
    loop = layer.inner_loop

    def inner_loop(sequences, initial_state, mask, training=False):
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        states = initial_state if isinstance(initial_state, list | tuple) else [initial_state]
        begun = not all(map(_is_zero, states))
        # A mask that is no prefix is no length. For an empty sequence with a state to begin with,
        # Keras answers zeros and ONNX Runtime that state.
        if training or (mask is not None and (begun or not _is_prefix(mask))):
            return loop(sequences, initial_state, mask, training=training)
        return _placeholder(layer, sequences, states if begun else [], mask)

    return inner_loop


def _placeholder(layer, sequences, states, mask):
    """(last output, outputs, states) as `keras.layers.RNN.inner_loop` returns them."""
    kind, units = _KINDS[type(layer)], layer.units
    steps, absent = sequences.shape[1], tf.zeros([])
    with tf.init_scope():  # where variables have values
        weights = _weights(kind, layer)
    lengths = None if mask is None else tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    optional = [absent if lengths is None else lengths]
    optional += [tf.expand_dims(state, 0) for state in states]
    facts = [kind, units, layer.go_backwards, kind == "GRU" and layer.reset_after]
    facts += [lengths is not None]
    outputs = tf.numpy_function(
        _not_to_be_run,
        [
            tf.transpose(sequences, [1, 0, 2]),
            *weights,
            *optional,
            tf.constant([str(each) for each in facts]),
        ],
        [tf.float32] * (1 + _states(kind)),
        stateful=False,
    )
    every = tf.ensure_shape(outputs[0], [steps, 1, None, units])
    every = tf.transpose(tf.squeeze(every, 1), [1, 0, 2])
    last = [tf.squeeze(tf.ensure_shape(state, [1, None, units]), 0) for state in outputs[1:]]
    output = last[0]
    if layer.go_backwards:
        every = tf.reverse(every, [1])  # Keras: in the order in which they were computed
    elif mask is not None and not layer.zero_output_for_mask:
        every = tf.where(mask[:, :, None], every, output[:, None])  # the last one is held
    if mask is not None and layer.zero_output_for_mask:
        output = every[:, -1]
    return output, every if layer.return_sequences else output[:, None], last


def _to_onnx(context, node, name, arguments):
    """tf2onnx's handler: the placeholder becomes the operator; inputs that are absent are ""."""
    kind, units, backwards, after, masked = (
        text.decode() if isinstance(text, bytes) else text
        for text in node.inputs[-1].get_tensor_value()
    )
    inputs = list(node.input[:-1])
    if masked == "False":
        inputs[4] = ""  # how ONNX writes an optional input that is absent
    inputs = inputs if any(inputs[4:]) else inputs[:4]
    attributes = {"hidden_size": int(units)}
    attributes["direction"] = "reverse" if backwards == "True" else "forward"
    if kind == "GRU":
        attributes["linear_before_reset"] = int(after == "True")
    shapes, dtypes = node.output_shapes, node.output_dtypes
    outputs = list(node.output)
    context.remove_node(node.name)
    context.make_node(
        kind, inputs, attributes, outputs=outputs, name=node.name, shapes=shapes, dtypes=dtypes
    )


def _weights(kind, layer):
    """W [1, gates * units, features], R [1, gates * units, units], B [1, 2 * gates * units]."""
    cell, order = layer.cell, _GATES[kind]
    kernel, recurrent = (
        _reordered(keras.ops.convert_to_numpy(each), order).T[None]
        for each in (cell.kernel, cell.recurrent_kernel)
    )
    biases = np.zeros((2, len(order) * layer.units), np.float32)  # of the input, of the state
    if cell.use_bias:
        given = keras.ops.convert_to_numpy(cell.bias)
        biases[: np.atleast_2d(given).shape[0]] = _reordered(given, order)
    return kernel, recurrent, biases.reshape(1, -1)


def _reordered(weight, order):
    """The gates along the last axis in another order."""
    gates = np.split(weight, len(order), axis=-1)
    return np.concatenate([gates[i] for i in order], axis=-1)


def _states(kind):
    return 2 if kind == "LSTM" else 1


def _is_prefix(mask):
    """Whether a mask is provably steps < length: True up to somewhere, False from there on."""
    if mask.op.type != "Less":
        return False
    counted, length = mask.op.inputs
    value = tf.get_static_value(counted)
    return (
        value is not None
        and value.ndim == 2
        and len(value) == 1
        and bool((np.diff(value[0]) >= 0).all())
        and length.shape.rank == 2
        and length.shape[1] == 1
    )


def _is_zero(state):
    """Whether a state is provably zero, as `get_initial_state` makes it."""
    if state.op.type == "Fill":
        value = tf.get_static_value(state.op.inputs[1])
    else:
        value = tf.get_static_value(state)
    return value is not None and not np.any(value)


def _says_nothing_of_placeholders(record):
    return PLACEHOLDER not in record.getMessage()


def _not_to_be_run(*inputs):
    raise NotImplementedError("This stands for an ONNX operator; it is traced, never run.")
