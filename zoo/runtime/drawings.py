"""Drawings as an app has them: as many steps each as it takes, with no steps after their ends."""

from typing import Any

import numpy as np

from zoo.artifact.endpoints import Tensor
from zoo.artifact.schema import Schema
from zoo.errors import InputError
from zoo.runtime.inputs import sizes
from zoo.runtime.sessions import Array

_ENDED = (0.0, 0.0, 2.0)  # dx, dy, pen of every step after the end
_STILL = 2  # steps of zeros at the end, of which a drawing has none


def padded(what: str, tensor: Tensor, value: Any, schema: Schema | None) -> Any:
    """A list of drawings [steps, 3] as one array; whatever else it is, as it was given.

    Args:
        what: the endpoint and the input, for errors.
        tensor: what is wanted, [batch, steps, 3].
        value: what was given; drawings may be shorter than the tensor's steps.
        schema: of the values; None where they are no data.

    Raises:
        InputError: for a drawing of more steps, one that is none, and one that is filled up with
            zeros, which say that the pen draws on.
    """
    if schema is None or not schema.is_strokes:
        return value
    steps, features = sizes(tensor)
    if not _is_list_of_drawings(value):
        if isinstance(value, np.ndarray) and value.dtype.kind in "iuf" and value.ndim == 3:
            _require_ends(what, value)
        return value
    made = np.full((len(value), steps, features), _ENDED, np.float32)
    for row, each in enumerate(value):
        drawing = np.asarray(each)
        if drawing.dtype.kind not in "iuf" or drawing.shape[1:] != (features,):
            raise InputError(
                f"{what}: drawing {row} is {drawing.dtype} {list(drawing.shape)}; wanted are "
                f"numbers [steps, {features}]: {', '.join(schema.features)} of each step."
            )
        if len(drawing) > steps:
            raise InputError(
                f"{what}: drawing {row} has {len(drawing)} steps, and this model takes {steps} at "
                "most. Simplify it, or train with longer drawings."
            )
        made[row, : len(drawing)] = drawing
    _require_ends(what, made)
    return made


def _is_list_of_drawings(value: Any) -> bool:
    """Whether it is a list, a tuple or an object array of arrays."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "O" and value.ndim == 1 and len(value) > 0
    return (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(isinstance(each, np.ndarray) and each.ndim == 2 for each in value)
    )


def _require_ends(what: str, drawings: Array) -> None:
    if drawings.shape[1] < _STILL:
        return
    still = ~drawings[:, -_STILL:].any(axis=(1, 2))
    if still.any():
        raise InputError(
            f"{what}: the last steps of drawing {int(still.argmax())} are zeros, which say that "
            "the pen draws on where it stands. Give a list of drawings [steps, 3], each as long as "
            "it is; in one array, all steps after the end are (0, 0, 2)."
        )
