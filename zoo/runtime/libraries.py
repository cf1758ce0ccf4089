"""Libraries of counts, which `decode` and `generate` take: what an example's counts add up to."""

from typing import Any

import numpy as np

from zoo.errors import InputError

LIBRARY = "library"
"""The input's name."""

MEANING = "library is what the counts of each row add up to, such as x.sum(axis=1)"


def require_libraries(what: str, given: Any) -> None:
    """Raises an `InputError` for a library below 0; what is on a device is not looked at.

    Args:
        what: the endpoint and the input.
        given: float32 [batch], or an OrtValue.
    """
    if isinstance(given, np.ndarray) and (given < 0).any():
        row = int((given < 0).argmax())
        raise InputError(f"{what}: given {given[row]:g} in row {row}, wanted 0 or more; {MEANING}.")
