"""What a model's weights are, bit by bit, in a few bytes each."""

import hashlib

import numpy as np
from keras import ops

from zoo.errors import ExportError


def of(model):
    """[[dtype, shape, sha256 of the bytes]] of a model's weights, in their order; plain values."""
    return [_of_array(ops.convert_to_numpy(weight)) for weight in model.weights]


def require_equal(trained, model):
    """Raises an `ExportError` unless a model's weights have the fingerprint of the trained one's.

    A file that a layer writes in its own way, or reads back in another order, would be found here,
    whatever the answers' tolerances.
    """
    found = of(model)
    differing = [
        weight.path
        for weight, mine, theirs in zip(model.weights, found, trained, strict=False)
        if mine != theirs
    ]
    if differing or len(found) != len(trained):
        raise ExportError(
            f"model.keras does not hold the trained weights: {len(found)} were read back, "
            f"{len(trained)} were trained; not equal bit by bit: {', '.join(differing) or 'none'}. "
            "Look at the save_own_variables, load_own_variables and get_config of its layers."
        )


def _of_array(array):
    content = np.ascontiguousarray(array).tobytes()
    return [str(array.dtype), list(array.shape), hashlib.sha256(content).hexdigest()]
