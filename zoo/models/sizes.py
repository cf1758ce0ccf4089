"""The largest tensor that a network makes of a row: what bounds how many rows fit a memory."""

import math

import keras


def largest(network):
    """Values, of a row, of the largest input or output of a network's layers.

    Args:
        network: a Keras model that was built of symbolic inputs; models within are looked into.
    """
    tensors = keras.tree.flatten([network.inputs, network.outputs])
    found = [_values(tensor) for tensor in tensors]
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            found.append(largest(layer))
        else:
            found += [_values(tensor) for tensor in keras.tree.flatten(layer.output)]
    return max(found)


def _values(tensor):
    """Of a row; an axis of unknown length counts for one."""
    return math.prod(size or 1 for size in tensor.shape[1:])
