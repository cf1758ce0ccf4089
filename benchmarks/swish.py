"""What x * sigmoid(x) costs in accuracy on ONNX Runtime, and what its exponential costs in time.

Run:       python benchmarks/swish.py ARTIFACT ...
Needs:     pip install -c constraints.txt -e ".[train]"
Prints:    a markdown table an artifact; docs/artifact.md keeps what it says

`reconstruct` of an artifact's own test data, 64 rows: the largest difference of a probability from
the same graph computed in float64 by ONNX's reference implementation, of the answers that the
trained model gave, of the exported graph, and of that graph with Sigmoid and Mul in the place of
Neg, Exp, Add and Div (`zoo.export.onnx_graph.swish`). Times are paired.
"""

import argparse
import shlex
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import paired
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

from zoo.artifact import manifest
from zoo.runtime import replay

ENDPOINT, OUTPUT = "reconstruct", "x_mean"
ROWS = 64


def with_sigmoid(model):
    """The graph with Sigmoid and Mul wherever it has x / (1 + exp(-x))."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    producers = {name: node for node in model.graph.node for name in node.output}

    def chain(node, *kinds):
        for kind in kinds:
            node = producers.get(node.input[0]) if node is not None else None
            if node is None or node.op_type != kind:
                return None
        return node

    for node in model.graph.node:
        if node.op_type != "Div" or node.input[1] not in producers:
            continue
        one_more = producers[node.input[1]]
        negative = chain(one_more, "Exp", "Neg")
        if (
            one_more.op_type == "Add"
            and negative is not None
            and negative.input[0] == node.input[0]
        ):
            gate = one_more.output[0]
            one_more.CopyFrom(onnx.helper.make_node("Sigmoid", [node.input[0]], [gate]))
            node.op_type = "Mul"
    return model


def in_float64(model):
    """The graph with float64 in the place of float32: weights, casts, input and outputs."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            value = numpy_helper.to_array(tensor).astype(np.float64)
            tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    for value in (*model.graph.input, *model.graph.output):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    return model


def session(model):
    """A function x -> what ONNX Runtime gives as `OUTPUT`."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # that a constant is unused needs no mention
    made = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda x: made.run([OUTPUT], {"x": x})[0]


def compare(folder, rounds):
    """Rows of the table of an artifact."""
    given, answers = replay.read(folder, manifest.endpoints(manifest.read(folder))[ENDPOINT])
    x, trained = given["x"], answers[OUTPUT]
    exported = onnx.load(folder / "onnx" / f"{ENDPOINT}.onnx")
    graphs = {"exported": exported, "with Sigmoid": with_sigmoid(exported)}
    reference = ReferenceEvaluator(in_float64(exported))
    (exact,) = reference.run([OUTPUT], {"x": x.astype(np.float64)})
    if exact.dtype != np.float64:
        raise RuntimeError(f"The reference was computed in {exact.dtype}.")
    ways = {name: session(graph) for name, graph in graphs.items()}
    times = paired.measure({n: lambda way=way: way(x) for n, way in ways.items()}, rounds)
    yield ["the trained model", f"{np.abs(trained - exact).max():.1e}", "-"]
    for name, way in ways.items():
        error = f"{np.abs(way(x) - exact).max():.1e}"
        yield [f"ONNX Runtime, {name}", error, times[name].against(times["exported"])]


def main():
    """Prints a table for each artifact given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifacts", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print(f"`{shlex.join(['python', 'benchmarks/swish.py', *sys.argv[1:]])}`\n")
    print(paired.machine("onnxruntime", "onnx"))
    for folder in given.artifacts:
        head = [f"{folder.name}, {ROWS} rows", "largest error", "ms (ratio)"]
        print(f"\n{paired.table(head, compare(folder, given.rounds))}")


if __name__ == "__main__":
    main()
