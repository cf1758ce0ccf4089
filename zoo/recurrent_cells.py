"""Keras's LSTM and GRU cells computed in float64, for networks that feed back what they choose.

In float32, roundings add up from step to step, in every runtime to something else: two of them gave
probabilities more than the contract's 1e-5 apart after the 28 steps of a decoder trained on MNIST,
each as far from the exact ones, and now and then they chose different steps. In float64, rounded at
the end, they are a rounding apart (`python benchmarks/autoregressive_draws.py`).
"""

import keras
from keras import layers, ops


def precision():
    """float64, or float32 on JAX, which has no float64 unless all that it computes has."""
    return "float32" if keras.backend.backend() == "jax" else "float64"


def step(cell, constant=None):
    """A step of a `keras.layers.LSTMCell` or `GRUCell` (reset after) in `precision()`.

    Args:
        cell: a built one.
        constant: [batch, n], the last n of the cell's inputs where these are the same at every
            step; what the cell makes of them is computed once.

    Returns:
        (inputs [batch, m], *states) -> the next states, in their order; the first is the output.
    """
    kernel, recurrent, bias = _weights(cell, "kernel", "recurrent_kernel", "bias")
    of_states = None
    if isinstance(cell, layers.GRUCell):
        # Of the update and reset gates both biases are added: one of them is, beforehand.
        gates = 2 * cell.units
        of_states = bias[1, gates:]
        bias = bias[0] + ops.concatenate([bias[1, :gates], ops.zeros_like(of_states)], axis=0)
    if constant is not None:
        varying = kernel.shape[0] - constant.shape[-1]
        bias = bias + ops.matmul(ops.cast(constant, precision()), kernel[varying:])
        kernel = kernel[:varying]

    def lstm(inputs, h, c):
        gates = ops.matmul(inputs, kernel) + bias + ops.matmul(h, recurrent)
        i, f, new, o = ops.split(gates, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * ops.tanh(new)
        return sigmoid(o) * ops.tanh(c), c

    if of_states is None:
        return lstm
    # Split and halved once, instead of what they give at every step: halves are exact.
    kernels, recurrents, biases = (
        ops.split(each, 3, axis=-1) for each in (kernel, recurrent, bias)
    )
    (of_update, of_reset, of_new), half_of_states = kernels, 0.5 * of_states
    of_update, of_reset = 0.5 * of_update, 0.5 * of_reset
    update_of_h, reset_of_h, half_of_h = (0.5 * each for each in recurrents)
    update_bias, reset_bias, new_bias = 0.5 * biases[0], 0.5 * biases[1], biases[2]

    def gru(inputs, h):
        # Twice each gate: `sigmoid` without its halves, one of which half_of_h and the other
        # 0.5 * (h - new) has.
        z = ops.tanh(ops.matmul(inputs, of_update) + update_bias + ops.matmul(h, update_of_h)) + 1.0
        r = ops.tanh(ops.matmul(inputs, of_reset) + reset_bias + ops.matmul(h, reset_of_h)) + 1.0
        held = r * (ops.matmul(h, half_of_h) + half_of_states)
        new = ops.tanh(ops.matmul(inputs, of_new) + new_bias + held)
        return (new + z * (0.5 * (h - new)),)

    return gru


def sigmoid(x):
    """1 / (1 + exp(-x)), written so that ONNX Runtime's float64 takes half the time or less."""
    return 0.5 * ops.tanh(0.5 * x) + 0.5


def dense(layer):
    """x -> what a `keras.layers.Dense` makes of it, in `precision()`."""
    kernel, bias = _weights(layer, "kernel", "bias")
    return lambda x: layer.activation(ops.matmul(ops.cast(x, precision()), kernel) + bias)


def _weights(layer, *names):
    return [ops.cast(getattr(layer, name), precision()) for name in names]
