"""Which test examples are evaluated."""

import dataclasses

import numpy as np

from zoo.errors import InputError

STRINGS = 10_000
"""Test strings that are evaluated unless told otherwise: each is decoded token by token."""


def evaluated(data, count=None):
    """The data with so many of its test examples, evenly spaced, or with all if these are fewer.

    Args:
        data: what `zoo.datasets.binarize` gives.
        count: None: all, of strings `STRINGS` at most.

    Raises:
        InputError: for fewer than one.
    """
    if count is not None and count < 1:
        raise InputError(f"evaluated={count}: give the test examples to evaluate, 1 or more.")
    most = count or (STRINGS if data.schema.tokens else len(data.test))
    if most >= len(data.test):
        return data
    return dataclasses.replace(data, test=evenly_spaced(data.test, most))


def evenly_spaced(split, most):
    """A split of `most` examples at most, the first and the last among them where there are two."""
    return split.subset(np.linspace(0, len(split) - 1, min(len(split), most)).astype(int))
