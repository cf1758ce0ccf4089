"""Sequences of several lengths as an app has them: a list of arrays, each as long as it is."""

from typing import Any

import numpy as np

from zoo.artifact.endpoints import Tensor
from zoo.artifact.schema import Schema
from zoo.errors import InputError
from zoo.runtime.inputs import sizes
from zoo.runtime.sessions import Array

LENGTH = "length"
"""The input that says after how many steps each sequence ends."""


def is_ragged(value: Any) -> bool:
    """Whether it is a list, a tuple or an object array of arrays [steps, ...]."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "O" and value.ndim == 1 and len(value) > 0
    return (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(isinstance(each, np.ndarray) and each.ndim > 0 for each in value)
    )


def padded(what: str, tensor: Tensor, value: Any, schema: Schema) -> tuple[Array, Array]:
    """([rows, steps, ...], int32 [rows] of lengths) of a list of sequences, filled up with zeros.

    Zeros, or what of the schema's range is nearest to it: of what comes after a sequence's end a
    model knows nothing.

    Args:
        what: the endpoint, for errors.
        tensor: what is wanted of x, [batch, steps, ...features].
        value: what was given; see `is_ragged`. Sequences of one number a step may be [steps].
        schema: of the values.

    Raises:
        InputError: for a sequence of more steps, of none, or of other features.
    """
    steps, *features = sizes(tensor)
    low, high = schema.range
    made = np.full((len(value), steps, *features), min(max(0.0, low), high), np.float64)
    lengths = np.empty(len(value), np.int32)
    for row, each in enumerate(value):
        sequence = np.asarray(each)
        flat = sequence.ndim == 1 and features == [1]
        sequence = sequence[:, None] if flat else sequence
        if sequence.dtype.kind not in "biuf" or list(sequence.shape[1:]) != features:
            raise InputError(
                f"{what}: sequence {row} is {sequence.dtype} {list(sequence.shape)}; wanted are "
                f"numbers [steps, {', '.join(map(str, features))}]."
            )
        if not 1 <= len(sequence) <= steps:
            raise InputError(
                f"{what}: sequence {row} has {len(sequence)} steps, and this model takes 1 to "
                f"{steps}. Cut it, leave it out, or train with longer sequences."
            )
        made[row, : len(sequence)] = sequence
        lengths[row] = len(sequence)
    return made, lengths
