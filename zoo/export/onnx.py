"""onnx/: a graph an endpoint, in float32 and in float16, and every weight once beside them."""

import onnx
import onnxruntime

from zoo.artifact import layout
from zoo.artifact.endpoints import HALF_TOLERANCES
from zoo.errors import ExportError
from zoo.export.formats import Format, Opened
from zoo.export.onnx_graph import conversion, half, swish
from zoo.export.onnx_graph.weights import WeightsFile, move_out
from zoo.export.source import Source

DTYPES = {"tensor(float)": "float32", "tensor(int64)": "int64", "tensor(int32)": "int32"}
"""ONNX Runtime's names of the dtypes that the contract has."""


class Onnx(Format):
    """The graphs that compute in float32."""

    name = "onnx"
    precision = layout.FLOAT32

    def write(self, source, endpoints):
        written = {
            name: conversion.checked(name, swish.by_exponential(source.graphs[name]))
            for name in endpoints
        }
        files = [WeightsFile(source.stage / layout.WEIGHTS[self.precision])]
        self._save(source, written, files)
        return {}

    def open(self, stage):
        return OpenedOnnx(stage, self.precision)

    def _save(self, source, written, files):
        """Writes {endpoint: checked graph} and their weights, in place of what there was."""
        (source.stage / layout.ONNX).mkdir(exist_ok=True)
        (source.stage / layout.WEIGHTS[self.precision]).unlink(missing_ok=True)
        for name in source.contract:
            (source.stage / layout.graph(name, self.precision)).unlink(missing_ok=True)
        for name, graph in written.items():
            move_out(graph, files)
            onnx.save(graph, source.stage / layout.graph(name, self.precision))


class OnnxFloat16(Onnx):
    """The graphs that compute in float16 where that is as good; written after those of float32."""

    name = "onnx float16"
    precision = layout.FLOAT16
    tolerances = HALF_TOLERANCES
    required = False

    def write(self, source, endpoints):
        written, left_out = {}, {}
        for name in endpoints:
            try:
                written[name] = conversion.checked(name, half.of(source.graphs[name]))
            except ExportError as error:
                left_out[name] = str(error)
        singles = WeightsFile.written(
            source.stage / layout.WEIGHTS[layout.FLOAT32],
            [source.stage / layout.graph(name) for name in source.contract],
            kinds={onnx.TensorProto.FLOAT},
        )
        halves = WeightsFile(source.stage / layout.WEIGHTS[self.precision])
        self._save(source, written, [singles, halves])
        return left_out


def write(model, contract, stage):
    """onnx/ of a model in a folder, in both precisions, as an export writes it; unproven."""
    source = Source(model, contract, stage)
    for each in (Onnx(), OnnxFloat16()):
        each.write(source, list(contract))


class OpenedOnnx(Opened):
    """The graphs of a precision in ONNX Runtime alone, on the CPU, opened by their paths.

    One at a time: a session keeps the memory of the largest batch that it answered.
    """

    def __init__(self, stage, precision):
        self._stage = stage
        self._precision = precision
        self._name = self._opened = None

    def run(self, name, inputs):
        session = self._session(name)
        names = [value.name for value in session.get_outputs()]
        try:
            return dict(zip(names, session.run(names, inputs), strict=True))
        except Exception as error:  # onnxruntime's exceptions share no base of their own
            raise ExportError(f"ONNX Runtime fails to run {name}: {error}") from error

    def require(self, endpoint):
        session = self._session(endpoint.name)
        for side, values, wanted in (
            ("inputs", session.get_inputs(), endpoint.inputs),
            ("outputs", session.get_outputs(), endpoint.outputs),
        ):
            found = [(v.name, DTYPES.get(v.type, v.type), tuple(v.shape)) for v in values]
            contract = [(t.name, t.dtype, t.shape) for t in wanted]
            if found != contract:
                raise ExportError(
                    f"{endpoint.name}: its {side} are {found}, the contract wants {contract}."
                )

    def _session(self, name):
        if name != self._name:
            self._name = self._opened = None
            path = self._stage / layout.graph(name, self._precision)
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            try:
                self._opened = onnxruntime.InferenceSession(
                    str(path), options, ["CPUExecutionProvider"]
                )
            except Exception as error:  # onnxruntime's exceptions share no base of their own
                raise ExportError(f"ONNX Runtime cannot load {path.name}: {error}") from error
            self._name = name
        return self._opened
