"""Compares answers with an artifact's test data: names, order, dtypes, axes, then values."""

import math
import zipfile
import zlib
from dataclasses import dataclass

import numpy as np

from zoo.artifact.endpoints import (
    HALF_TOLERANCES,
    PARITY_BATCHES,
    PROBABILITY,
    SAMPLED,
    TOLERANCES,
    WHOLE,
)
from zoo.errors import ArtifactError, ExportError

ONNX, ONNX_HALF = "onnx", "onnx float16"
"""Runtimes of the parity table; the graphs of the second hold float16, on the CPU computed in
float32 with casts in between, since ONNX Runtime has no float16 kernels of most operators there."""


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


def replay(runtime, run, endpoint, test_data):
    """Rows for every output and batch size of one endpoint.

    Args:
        runtime: its name, for the rows.
        run: (endpoint name, {input: array}) -> {output: array}.
        endpoint: the `Endpoint`.
        test_data: the .npz of this endpoint.
    """
    given, wanted = read(test_data, endpoint)
    rows = []
    for batch in PARITY_BATCHES:
        answer = run(endpoint.name, {name: value[:batch] for name, value in given.items()})
        if sorted(answer) != sorted(wanted):
            raise ExportError(
                f"{runtime} {endpoint.name}: it answers {sorted(answer)}, "
                f"the contract wants {sorted(wanted)}."
            )
        for tensor in endpoint.outputs:
            expected, beside = wanted[tensor.name][:batch], None
            if tensor.kind == SAMPLED:
                beside = np.stack([wanted[t.name][:batch] for t in endpoint.outputs], axis=1)
            rows.append(_compare(runtime, endpoint, tensor, expected, answer[tensor.name], beside))
    return rows


def read(test_data, endpoint):
    """({input: array}, {output: array}) of one endpoint's .npz."""
    try:
        with np.load(test_data, allow_pickle=False) as file:
            data = dict(file)
        given = {t.name: data[f"input.{t.name}"] for t in endpoint.inputs}
        wanted = {t.name: data[f"output.{t.name}"] for t in endpoint.outputs}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise ArtifactError(f"{test_data} cannot be replayed: {error}") from error
    return given, wanted


def require_same_interface(endpoint, inputs, outputs):
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


def errors(expected, actual, beside=None):
    """(largest absolute, largest relative error) of two arrays [batch, ...].

    Relative to the largest magnitude of the same example: the error's maximum norm over the
    vector's. An example of zeros has no scale; any error in it is infinite. `beside`, where given,
    [batch, n], is what is looked for that magnitude in the expected values' place.
    """
    expected = expected.astype(np.float64).reshape(len(expected), math.prod(expected.shape[1:]))
    difference = np.abs(actual.astype(np.float64).reshape(expected.shape) - expected)
    measure = expected if beside is None else beside.astype(np.float64)
    scale = np.max(np.abs(measure), axis=1, keepdims=True, initial=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(difference == 0.0, 0.0, difference / scale)
    return float(np.max(difference, initial=0.0)), float(np.max(relative, initial=0.0))


def _compare(runtime, endpoint, tensor, expected, actual, beside=None):
    where = f"{runtime} {endpoint.name}.{tensor.name} at batch {len(expected)}"
    if actual.dtype != expected.dtype or actual.shape != expected.shape:
        raise ExportError(
            f"{where}: it gives {actual.dtype} {list(actual.shape)}, "
            f"wanted is {expected.dtype} {list(expected.shape)}."
        )
    absolute, relative = errors(expected, actual, beside)
    measured = absolute if tensor.kind == PROBABILITY else relative
    return Row(
        runtime,
        endpoint.name,
        tensor.name,
        len(expected),
        absolute,
        relative,
        tolerance(tensor.kind, runtime),
        ok=bool(measured <= _tolerances(runtime)[tensor.kind]),  # False for NaN
    )


def tolerance(kind, runtime=ONNX):
    """The tolerance of a kind of tensor in a runtime, in words."""
    if kind == WHOLE:
        return "none"
    measured = {PROBABILITY: "absolute", SAMPLED: "of the bound"}.get(kind, "relative")
    return f"{_tolerances(runtime)[kind]:.0e} {measured}"


def _tolerances(runtime):
    return HALF_TOLERANCES if runtime == ONNX_HALF else TOLERANCES


def table(rows, markdown=False):
    """The rows as a table for people."""
    head = ("runtime", "endpoint", "output", "batch", "max abs", "max rel", "tolerance", "verdict")
    body = [
        (
            row.runtime,
            row.endpoint,
            row.output,
            str(row.batch),
            f"{row.max_abs:.1e}",
            f"{row.max_rel:.1e}",
            row.tolerance,
            "equal" if row.ok else "DIFFERS",
        )
        for row in rows
    ]
    if markdown:
        lines = [head, ("---",) * len(head), *body]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return columns((head, *body))


def columns(lines):
    """Lines of cells, the first one the heading, as columns for people."""
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
