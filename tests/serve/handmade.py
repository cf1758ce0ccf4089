"""Artifacts made by hand, of graphs of two nodes: what they answer is known without a model."""

import json

import onnx
from onnx import TensorProto, helper
from tables import COLUMNS, schema

from zoo.artifact import checksums, layout
from zoo.artifact.endpoints import Endpoint, Tensor
from zoo.artifact.schema import Schema

_KINDS = {"float32": TensorProto.FLOAT, "int32": TensorProto.INT32, "int64": TensorProto.INT64}
Z = Tensor("z", "float32", ("batch", 4))
SUM, DIFFERENCE = "x_mean", "difference"


def marked(folder, mark, name="marked"):
    """`decode` gives z + mark and z - mark: answers say which version gave them."""
    outputs = tuple(Tensor(each, "float32", ("batch", 4)) for each in (SUM, DIFFERENCE))
    nodes = [
        helper.make_node("Add", ["z", "mark"], [SUM]),
        helper.make_node("Sub", ["z", "mark"], [DIFFERENCE]),
    ]
    constants = [helper.make_tensor("mark", TensorProto.FLOAT, [1], [mark])]
    endpoint = Endpoint("decode", (Z,), outputs)
    _write(folder, name, Schema("vector", (4,)), {endpoint: (nodes, constants)})


def table(folder, name="table"):
    """`reconstruct` gives the rows that it was given."""
    numbers = sum(column.is_number for column in COLUMNS)
    inputs = (
        Tensor("numbers", "float32", ("batch", numbers), missing=True),
        Tensor("categories", "int32", ("batch", len(COLUMNS) - numbers), missing=True),
    )
    answers = ("numbers_mean", "categories_mode")
    outputs = tuple(Tensor(each, t.dtype, t.shape) for each, t in zip(answers, inputs, strict=True))
    nodes = [
        helper.make_node("Identity", [t.name], [each])
        for t, each in zip(inputs, answers, strict=True)
    ]
    _write(folder, name, schema(), {Endpoint("reconstruct", inputs, outputs): (nodes, [])})


def _write(folder, name, of, endpoints):
    (folder / "onnx").mkdir(parents=True)
    for endpoint, (nodes, constants) in endpoints.items():
        sides = [
            [helper.make_tensor_value_info(t.name, _KINDS[t.dtype], list(t.shape)) for t in tensors]
            for tensors in (endpoint.inputs, endpoint.outputs)
        ]
        graph = helper.make_graph(nodes, "g", *sides, constants)
        opset = [helper.make_opsetid("", 18)]
        onnx.save(
            helper.make_model(graph, opset_imports=opset, ir_version=8),
            folder / layout.graph(endpoint.name),
        )
    files = {
        layout.graph(each.name): {
            "sha256": checksums.of_file(folder / layout.graph(each.name)),
            "bytes": (folder / layout.graph(each.name)).stat().st_size,
        }
        for each in endpoints
    }
    manifest = {
        "schema_version": 2,
        "name": name,
        "schema": of.to_json(),
        "endpoints": {each.name: each.to_json() for each in endpoints},
        "files": files,
    }
    manifest = json.loads(json.dumps(manifest))
    manifest[checksums.MANIFEST_KEY] = checksums.of_manifest(manifest)
    (folder / layout.MANIFEST).write_text(json.dumps(manifest))
