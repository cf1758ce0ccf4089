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


def slow(folder, name="slow"):
    """`decode` gives z, after z[0, 0] rounds of adding 1 to something: the client says how long."""
    decode = Endpoint("decode", (Z,), (Tensor(SUM, "float32", ("batch", 4)),))
    rounds, more = (helper.make_tensor_value_info(n, k, [])
                    for n, k in (("i", TensorProto.INT64), ("on", TensorProto.BOOL)))  # fmt: skip
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in ("seen", "next")]
    on = helper.make_tensor_value_info("on_out", TensorProto.BOOL, [])
    steps = [
        helper.make_node("Add", ["seen", "one"], ["next"]),
        helper.make_node("Identity", ["on"], ["on_out"]),
    ]
    loop = helper.make_graph(steps, "loop", [rounds, more, ends[0]], [on, ends[1]])
    nodes = [
        helper.make_node("Gather", ["z", "first"], ["row"], axis=0),
        helper.make_node("Gather", ["row", "first"], ["count"], axis=0),
        helper.make_node("Cast", ["count"], ["rounds"], to=TensorProto.INT64),
        helper.make_node("Loop", ["rounds", "true", "one"], ["all"], body=loop),
        helper.make_node("Mul", ["all", "zero"], ["nothing"]),
        helper.make_node("Add", ["z", "nothing"], [SUM]),
    ]
    constants = [
        helper.make_tensor("first", TensorProto.INT64, [], [0]),
        helper.make_tensor("true", TensorProto.BOOL, [], [True]),
        helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]),
        helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0]),
    ]
    _write(folder, name, Schema("vector", (4,)), {decode: (nodes, constants)})


def sequences(folder, name="sequences"):
    """`score` gives back x, and after how many of its 4 steps each sequence ends."""
    inputs = (
        Tensor("x", "float32", ("batch", 4, 2)),
        Tensor("length", "int32", ("batch",), below=5),
    )
    _gives_back(
        folder, name, Schema("sequence", (4, 2), None, None, lengths=True), inputs, ("seen", "ends")
    )


def drawings(folder, name="drawings"):
    """`score` gives back drawings of up to 4 steps."""
    of = Schema("sequence", (4, 3), None, None, features=("dx", "dy", "pen"))
    _gives_back(folder, name, of, (Tensor("x", "float32", ("batch", 4, 3)),), ("seen",))


def _gives_back(folder, name, of, inputs, answers):
    outputs = tuple(Tensor(each, t.dtype, t.shape) for each, t in zip(answers, inputs, strict=True))
    nodes = [
        helper.make_node("Identity", [t.name], [each])
        for t, each in zip(inputs, answers, strict=True)
    ]
    _write(folder, name, of, {Endpoint("score", inputs, outputs): (nodes, [])})


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
