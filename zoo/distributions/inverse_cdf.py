"""What inverse distribution functions share: which tail a uniform number lies in, and how deep."""

import numpy as np
from keras import ops

from zoo.errors import InputError

_HALF_STEP = 2.0**-25  # `zoo.noise.uniform` gives multiples of 2**-24; its cells have midpoints


def tail(uniform):
    """(mass, below) of uniform noise on [0, 1), each of its shape.

    `mass`, in [2**-25, 1/2), is that of the nearer tail and exact to the last bit, where
    1 - uniform of a midpoint would round to 0. `below` is true for the lower tail.
    """
    below = uniform < 0.5
    return ops.where(below, uniform + _HALF_STEP, (1.0 - uniform) - _HALF_STEP), below


def standard_logistic(uniform):
    """Standard logistic noise from uniform noise on [0, 1): the same shape, within +-17.4."""
    mass, below = tail(uniform)
    depth = ops.log(1.0 - mass) - ops.log(mass)
    return ops.where(below, -depth, depth)


def require_positive(name, value):
    """Raises for a number or numpy array that is not positive; tensors pass: a graph has no value.

    Raises:
        InputError: naming what was given.
    """
    if isinstance(value, int | float | np.number | np.ndarray) and not np.all(value > 0):
        least = value if np.ndim(value) == 0 else f"an array with {np.min(value)}"
        raise InputError(f"{name}: given {least}, wanted a number above 0.")
