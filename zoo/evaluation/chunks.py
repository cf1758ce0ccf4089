"""How many examples, and samples of each, are handled at once: as many as fit a stated memory.

A model states the largest tensor that it makes of an example and of a draw; of such tensors a few
are alive at once, and more of what a density is made of. So the memory of an evaluation is about
the same whatever the model, K, n and the pictures' size are, until one draw of one example is
larger than the bound.
"""

import math

import keras
import numpy as np

BYTES = 2**27
"""Of the tensors that are alive in a call, at most, as far as they are estimated."""

BYTES_OF_A_GPU = 2**31
"""The same on a device other than a CPU, which is idle between small calls."""

ALIVE = 4
"""Tensors of the largest size that are alive while a network computes."""

DENSITY = 14
"""Tensors of the size of the raw output that are alive while log p(x|z) is computed; this and
`ALIVE` are what `python benchmarks/evaluation_memory.py` measured, rounded up."""

_FLOAT = 4  # bytes


def examples(model, draws=1):
    """Examples a call, each of which is encoded once and decoded `draws` times; 1 or more."""
    return max(1, _room() // (_of_example(model) + draws * _of_draw(model)))


def decoded(model):
    """Latents a call that are decoded or generated; 1 or more."""
    return max(1, _room() // _of_draw(model))


def shared(model, draws):
    """(examples, draws of each) a call, for so many draws in all: as few calls as fit."""
    most = min(draws, max(1, (_room() - _of_example(model)) // _of_draw(model)))
    width = math.ceil(draws / math.ceil(draws / most))  # of one shape: each is compiled
    return examples(model, width), width


def of(count, step):
    """Rows from 0 to `count`, at most `step` at a time, each an int64 array."""
    return (np.arange(first, min(first + step, count)) for first in range(0, count, step))


def _of_example(model):
    """Values alive while an example is encoded."""
    return ALIVE * model.widest_encoding


def _of_draw(model):
    """Values alive while a draw is decoded and its density computed."""
    raw = math.prod(model.likelihood.raw_shape(model.event_shape))
    return max(ALIVE * model.widest_decoding, DENSITY * raw)


def _room():
    """Values that may be alive."""
    on_cpu = keras.distribution.list_devices()[0].startswith("cpu")
    return (BYTES if on_cpu else BYTES_OF_A_GPU) // _FLOAT
