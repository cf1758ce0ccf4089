"""Compares answers with an artifact's test data: names, order, dtypes, axes, then values."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from zoo.artifact.endpoints import (
    BOUND,
    FEATURE,
    NATS,
    PROBABILITY,
    PROOF_BATCHES,
    TOLERANCES,
    Endpoint,
    Tensor,
    tolerance_in_words,
    tolerances_of,
)
from zoo.artifact.reading import Reader
from zoo.artifact.search_path import StrPath
from zoo.errors import ExportError
from zoo.runtime import test_data
from zoo.runtime.sessions import Array, Interface

Arrays: TypeAlias = Mapping[str, Array]
Run: TypeAlias = Callable[[str, dict[str, Array]], Arrays]


@dataclass(frozen=True)
class Row:
    """One output of one endpoint in one runtime at one batch size."""

    runtime: str
    endpoint: str
    output: str
    batch: int
    max_abs: float
    max_rel: float
    tolerance: str
    ok: bool


def replay(
    runtime: str,
    run: Run,
    endpoint: Endpoint,
    folder: StrPath,
    batches: Sequence[int] = PROOF_BATCHES,
    tolerances: dict[str, float] | None = None,
) -> list[Row]:
    """Rows for every output and batch size of one endpoint.

    Args:
        runtime: its name, for the rows.
        run: (endpoint name, {input: array}) -> {output: array}.
        endpoint: the `Endpoint`.
        folder: the artifact's, which holds the test data.
        batches: how many rows are asked at a time; where there are fewer, they are repeated.
        tolerances: {kind: largest error allowed}; None takes those that the runtime's name has.
    """
    return compare(runtime, run, endpoint, *read(folder, endpoint), batches, tolerances)


def compare(
    runtime: str,
    run: Run,
    endpoint: Endpoint,
    given: Arrays,
    wanted: Arrays,
    batches: Sequence[int] = PROOF_BATCHES,
    tolerances: dict[str, float] | None = None,
) -> list[Row]:
    """As `replay`, of inputs and answers by name, each [rows, ...]."""
    tolerances = tolerances_of(runtime) if tolerances is None else tolerances
    scales = {t.name: _scale(endpoint, t, wanted) for t in endpoint.outputs}
    rows = []
    for batch in batches:
        answer = run(
            endpoint.name, {name: _repeated(value, batch) for name, value in given.items()}
        )
        if sorted(answer) != sorted(wanted):
            raise ExportError(
                f"{runtime} {endpoint.name}: it answers {sorted(answer)}, "
                f"the contract wants {sorted(wanted)}."
            )
        for tensor in endpoint.outputs:
            expected, scale = (_repeated(each[tensor.name], batch) for each in (wanted, scales))
            actual = answer[tensor.name]
            rows.append(_compare(runtime, endpoint, tensor, expected, actual, scale, tolerances))
    return rows


def _repeated(rows: Array, batch: int) -> Array:
    """The first `batch` rows, from the first one again where there are fewer."""
    return np.ascontiguousarray(np.resize(rows, (batch, *rows.shape[1:])))


def read(folder: StrPath, endpoint: Endpoint) -> tuple[Arrays, Arrays]:
    """({input: array}, {output: array}) that a folder holds of one endpoint, [rows, ...].

    Whatever lies there is read; of an artifact, `test_data.read` is given a `Reader` that checks.
    """
    return test_data.read(Reader(folder), endpoint)


def require_same_interface(endpoint: Endpoint, inputs: Interface, outputs: Interface) -> None:
    """Raises where a graph's names, order, dtypes or axes are not the contract's."""
    for side, given, wanted in (
        ("inputs", inputs, endpoint.inputs),
        ("outputs", outputs, endpoint.outputs),
    ):
        contract = [(t.name, t.dtype, t.shape) for t in wanted]
        if given != contract:
            raise ExportError(
                f"{endpoint.name}: its {side} are {given}, the contract wants {contract}."
            )


def errors(expected: Array, actual: Array, scale: Array | None = None) -> tuple[float, float]:
    """(largest absolute, largest relative error) of two arrays [batch, ...].

    Relative to `scale`, [batch] or that of each value, [batch, values]; None takes the largest
    magnitude of the same example: the error's maximum norm over the vector's. An example of zeros
    has no scale; any error in it is infinite.
    """
    expected = _flat(expected)
    difference = np.abs(_flat(actual) - expected)
    scale = _largest(expected) if scale is None else scale
    scale = scale if scale.ndim == 2 else scale[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(difference == 0.0, 0.0, difference / scale)
    return float(np.max(difference, initial=0.0)), float(np.max(relative, initial=0.0))


def _flat(array: Array) -> Array:
    """[batch, ...] -> float64 [batch, values]."""
    return array.astype(np.float64).reshape(len(array), math.prod(array.shape[1:]))


def _largest(flat: Array) -> Array:
    """[batch, values] -> [batch]: the largest magnitudes."""
    return np.max(np.abs(flat), axis=1, initial=0.0)


def _scale(endpoint: Endpoint, tensor: Tensor, wanted: Arrays) -> Array:
    """What an output's errors are relative to; see `zoo.artifact.endpoints.TOLERANCES`.

    [rows], or [rows, values] where it is another for each feature.
    """
    if tensor.kind == FEATURE:
        values = np.abs(wanted[tensor.name].astype(np.float64))
        values = values.reshape(len(values), -1, values.shape[-1])
        of_row = np.max(values, axis=1, keepdims=True, initial=0.0)
        of_row = np.maximum(of_row, np.median(of_row, axis=0, keepdims=True))
        return np.broadcast_to(of_row, values.shape).reshape(len(values), -1)
    together = endpoint.outputs if tensor.kind == BOUND else (tensor,)
    own = _largest(np.concatenate([_flat(wanted[each.name]) for each in together], axis=1))
    scale = np.maximum(own, np.median(own))
    return np.maximum(scale, 1.0) if tensor.kind in (NATS, BOUND) else scale


def _compare(
    runtime: str,
    endpoint: Endpoint,
    tensor: Tensor,
    expected: Array,
    actual: Array,
    scale: Array | None = None,
    tolerances: dict[str, float] = TOLERANCES,
) -> Row:
    where = f"{runtime} {endpoint.name}.{tensor.name} at batch {len(expected)}"
    if actual.dtype != expected.dtype or actual.shape != expected.shape:
        raise ExportError(
            f"{where}: it gives {actual.dtype} {list(actual.shape)}, "
            f"wanted is {expected.dtype} {list(expected.shape)}."
        )
    absolute, relative = errors(expected, actual, scale)
    measured = absolute if tensor.kind == PROBABILITY else relative
    return Row(
        runtime,
        endpoint.name,
        tensor.name,
        len(expected),
        absolute,
        relative,
        tolerance_in_words(tensor.kind, tolerances),
        ok=bool(measured <= tolerances[tensor.kind]),  # False for NaN
    )
