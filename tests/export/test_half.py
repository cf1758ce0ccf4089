"""float16 inside, float32 outside: what is rounded, what is not, and what it does to answers."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

import zoo
from zoo import noise
from zoo.artifact import endpoints
from zoo.errors import ExportError
from zoo.export import onnx as writer
from zoo.export.onnx_graph import half
from zoo.runtime.sessions import Sessions

NATS = {"Softplus", "Exp", "Log", "ReduceSum", "ReduceMean"}
NAMES = ("encode", "decode", "reconstruct", "generate", "score")


@pytest.fixture(scope="module")
def variants(artifact):
    """{endpoint: its float16 model, types inferred}."""
    return {
        name: onnx.shape_inference.infer_shapes(onnx.load(artifact / "onnx" / f"{name}.fp16.onnx"))
        for name in NAMES
    }


@pytest.fixture(scope="module")
def run(artifact):
    return Sessions(artifact / "onnx").run


def types(model):
    graph = model.graph
    values = (*graph.input, *graph.output, *graph.value_info)
    return {value.name: value.type.tensor_type.elem_type for value in values}


@pytest.mark.parametrize("name", NAMES)
def test_inputs_and_outputs_stay_as_they_are(variants, name):
    graph = variants[name].graph
    kinds = {value.type.tensor_type.elem_type for value in (*graph.input, *graph.output)}
    assert kinds <= {TensorProto.FLOAT, TensorProto.INT64}


@pytest.mark.parametrize("name", NAMES)
def test_every_product_is_float16_and_everything_about_nats_float32(variants, name):
    kinds = types(variants[name])
    for node in variants[name].graph.node:
        if node.op_type in half.PRODUCTS:
            assert kinds[node.output[0]] == TensorProto.FLOAT16, node.name
        if node.op_type in NATS:
            assert kinds[node.output[0]] == TensorProto.FLOAT, node.name


@pytest.mark.parametrize("name", NAMES)
def test_every_weight_of_a_product_is_stored_in_two_bytes_and_once(variants, name, artifact):
    large = [each for each in variants[name].graph.initializer if np.prod(each.dims) > 200]
    noise_tables = (2**16, 2**14)
    assert {each.data_type for each in large if each.dims[0] not in noise_tables} == {
        TensorProto.FLOAT16
    }
    single = (artifact / "onnx" / f"{name}.onnx").stat().st_size
    assert (artifact / "onnx" / f"{name}.fp16.onnx").stat().st_size < single


def test_latents_of_generate_keep_every_bit(run):
    seeds = np.array([7, -1, 2**63 - 1, -(2**63), 2**32])
    answer = run("generate.fp16", {"seed": seeds})
    np.testing.assert_array_equal(answer["z"], np.asarray(noise.normal(seeds, (3,))))


def test_answers_err_as_float16_does_and_no_more(run, trained):
    x = trained.data.test.observe(range(300))
    single, double = run("score", {"x": x}), run("score.fp16", {"x": x})
    for name in ("elbo", "reconstruction", "kl"):
        # Rounded somewhere, so not equal; yet nats of hundreds keep three digits and more.
        assert 0 < np.max(np.abs(double[name] / single[name] - 1)) < 5e-3, name


def test_the_parity_table_has_float16_rows_with_their_own_tolerance(artifact):
    rows = json.loads((artifact / "manifest.json").read_text(encoding="utf-8"))["parity"]
    mine = [row for row in rows if row["runtime"] == "onnx float16"]
    kinds = {t.name: t.kind for e in zoo.load(artifact).endpoints.values() for t in e.outputs}
    assert {(row["endpoint"], row["batch"]) for row in mine} == {
        (name, batch) for name in NAMES for batch in (1, 3, 64)
    }
    for row in mine:
        absolute = kinds[row["output"]] == endpoints.PROBABILITY
        assert row["tolerance"] == ("5e-03 absolute" if absolute else "5e-03 relative")
        assert row["ok"] and row["max_abs" if absolute else "max_rel"] <= 5e-3
    assert max(row["max_rel"] for row in mine) > 1e-5, "nothing was rounded"


def with_offset(model, value):
    """The same model, whose decoder adds a value to its first features and takes it off again."""
    other = type(model).from_config(model.get_config())
    for mine, theirs in zip(other.weights, model.weights, strict=True):
        mine.assign(theirs)
    first, second = (other.decoder.get_layer(name) for name in ("dense", "expand"))
    first.bias.assign_add(np.full(first.bias.shape, value, np.float32))
    second.bias.assign_sub(value * np.sum(second.kernel, axis=0))
    return other


def test_a_weight_beyond_float16_is_refused_by_its_size(trained, tmp_path):
    model = with_offset(trained.model, 1e5)
    with pytest.raises(ExportError, match=r"decode: a weight of 1e\+05 is beyond .* float16"):
        writer.write(model, model.endpoints(), tmp_path / "onnx")


def test_a_model_that_float16_cannot_answer_for_is_refused(trained, tmp_path):
    """Rounding errs by up to 0.06 of 200, which the next layer does not take off again."""
    target = tmp_path / "exports" / "conv_vae-digits"
    with pytest.raises(ExportError, match=r"not equal to the trained model:\n(.|\n)*onnx float16"):
        trained.publish(target, model=with_offset(trained.model, 200.0))
    assert list(target.parent.iterdir()) == []


def test_constants_that_both_precisions_want_are_kept_in_both():
    value = onnx.helper.make_tensor_value_info
    weight = numpy_helper.from_array(np.eye(2, dtype=np.float32), "w")
    nodes = [
        onnx.helper.make_node("MatMul", ["x", "w"], ["m"], name="MatMul"),
        onnx.helper.make_node("Add", ["m", "w"], ["y"], name="Add"),
    ]
    sides = [value("x", TensorProto.FLOAT, [2, 2])], [value("y", TensorProto.FLOAT, [2, 2])]
    graph = onnx.helper.make_graph(nodes, "graph", *sides, [weight])
    opset = [onnx.helper.make_opsetid("", 18)]
    found = half.of(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8))
    onnx.checker.check_model(found, full_check=True)
    assert {each.name for each in found.graph.initializer} == {"w", "w.fp16"}
    assert [node.op_type for node in found.graph.node] == ["Cast", "MatMul", "Cast", "Add"]


def test_what_leads_to_a_choice_is_not_rounded_and_what_follows_it_is():
    value = onnx.helper.make_tensor_value_info
    make = onnx.helper.make_node
    weights = [
        numpy_helper.from_array(np.eye(4, dtype=np.float32), "w"),
        numpy_helper.from_array(np.int64([1]), "k"),
    ]
    nodes = [
        make("MatMul", ["x", "w"], ["a"], name="first"),
        make("MatMul", ["a", "w"], ["b"], name="second"),
        make("TopK", ["b", "k"], ["largest", "places"], name="choice"),
        make("MatMul", ["x", "w"], ["c"], name="beside"),
        make("MatMul", ["c", "w"], ["y"], name="last"),
    ]
    sides = (
        [value("x", TensorProto.FLOAT, [2, 4])],
        [value("y", TensorProto.FLOAT, [2, 4]), value("places", TensorProto.INT64, [2, 1])],
    )
    graph = onnx.helper.make_graph(nodes, "graph", *sides, weights)
    opset = [onnx.helper.make_opsetid("", 18)]
    found = half.of(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8))
    onnx.checker.check_model(found, full_check=True)
    halves = {node.name for node in found.graph.node if node.output[0].endswith(".fp16")}
    assert {"beside", "last"} <= halves and not halves & {"first", "second", "choice"}
