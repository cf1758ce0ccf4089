"""Counts drawn by an answer's means and dispersions: numpy alone, outside of the graphs.

A graph of thousands of features cannot draw them to the contract's equality: its means are float32,
which two runtimes round differently, and of thousands of draws a row some lie where that makes one
count of another. What it answers is what the draw is made of, equal to a tolerance.
"""

from typing import Any

import numpy as np
import onnxruntime

from zoo.artifact.endpoints import Endpoint, Tensor
from zoo.errors import InputError
from zoo.runtime import inputs
from zoo.runtime.sessions import Array

MEAN, DISPERSION, ZERO = "x_mean", "dispersion", "zero_probability"
"""The answers that a draw is made of; the last where counts are zero for another reason besides."""

_SEED = Tensor("seed", "int64", ("batch",))
_LARGEST = 1e15  # of a mean whose draws int64 holds


def with_draw(endpoint: Endpoint, made: type[Any]) -> type[Any]:
    """The named tuple of an endpoint's answers with a method `draw`, where they tell of counts."""
    names = {tensor.name for tensor in endpoint.outputs}
    if not {MEAN, DISPERSION} <= names:
        return made

    def draw(self: Any, seed: Any) -> Array:
        """Counts int64 [batch, features], of negative binomial distributions.

        Row i depends on seed[i] and on its own means alone. The same seeds give the same counts
        again on one machine and version of numpy; elsewhere some differ by what means are rounded.

        Args:
            seed: whole numbers, one a row.

        Raises:
            InputError: for seeds that are none or not as many, and for means that are no number or
                beyond 1e15.
        """
        seeds = inputs.checked("draw(seed)", _SEED, seed)
        parts = [_home(getattr(self, n)) for n in (MEAN, DISPERSION, ZERO) if n in self._fields]
        if len(seeds) != len(parts[0]):
            raise InputError(f"draw(seed): given {len(seeds)} seeds for {len(parts[0])} rows.")
        if not (parts[0] <= _LARGEST).all():  # False for NaN
            raise InputError("draw: a mean is no number, or beyond 1e15: no count is drawn of it.")
        rows = [_row(int(number), *each) for number, *each in zip(seeds, *parts, strict=True)]
        return np.array(rows, np.int64).reshape(parts[0].shape)

    facts = {"__slots__": (), "draw": draw}
    return type(made.__name__, (made,), facts)


def _row(seed: int, mean: Array, dispersion: Array, zero: Array | None = None) -> Array:
    """One row's counts: Poisson, of rates that are gamma-distributed."""
    random = np.random.Generator(np.random.Philox(key=seed % 2**64))
    kept = 1.0 if zero is None else np.maximum(1.0 - zero.astype(np.float64), 1e-12)
    shape = dispersion.astype(np.float64)
    counts = random.poisson(random.gamma(shape, mean / kept / shape))
    return counts if zero is None else counts * (random.random(counts.shape) >= zero)


def _home(values: Any) -> Array:
    return values.numpy() if isinstance(values, onnxruntime.OrtValue) else np.asarray(values)
