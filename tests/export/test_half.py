"""float16 inside, float32 outside: what is rounded, what is not, and what it does to answers."""

import json
import re

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

import zoo
from zoo import noise
from zoo.artifact import endpoints, layout
from zoo.errors import InputError
from zoo.export.onnx_graph import half
from zoo.runtime import verify

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
    app = {precision: zoo.load(artifact, precision=precision) for precision in layout.GRAPHS}
    return lambda name, precision, x: getattr(app[precision], name)(x)._asdict()


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
    single = onnx.load(artifact / "onnx" / f"{name}.onnx").graph.initializer
    halves = [each for each in large if each.dims[0] not in noise_tables]
    assert sum(len(each.raw_data) for each in halves) * 2 == sum(
        numpy_helper.to_array(each).nbytes
        for each in single
        if np.prod(each.dims) > 200 and each.dims[0] not in noise_tables
    )


def test_latents_of_generate_keep_every_bit(run):
    seeds = np.array([7, -1, 2**63 - 1, -(2**63), 2**32])
    answer = run("generate", "float16", seeds)
    np.testing.assert_array_equal(answer["z"], np.asarray(noise.normal(seeds, (3,))))


def test_answers_err_as_float16_does_and_no_more(run, trained):
    x = trained.data.test.examples(range(300))
    single, double = run("score", "float32", x), run("score", "float16", x)
    for name in ("elbo", "reconstruction", "kl"):
        # Rounded somewhere, so not equal; yet nats of hundreds keep three digits and more.
        assert 0 < np.max(np.abs(double[name] / single[name] - 1)) < 5e-3, name


def test_the_comparisons_have_float16_rows_with_their_own_tolerance(artifact):
    rows = json.loads((artifact / "manifest.json").read_text(encoding="utf-8"))["comparisons"]
    mine = [row for row in rows if row["runtime"] == "onnx float16"]
    kinds = {t.name: t.kind for e in zoo.load(artifact).endpoints.values() for t in e.outputs}
    assert {(row["endpoint"], row["batch"]) for row in mine} == {
        (name, batch) for name in NAMES for batch in (1, 3, 64)
    }
    words = {
        endpoints.PROBABILITY: "absolute",
        endpoints.REAL: "relative",
        endpoints.NATS: "of the nats",
        endpoints.BOUND: "of the bound",
    }
    for row in mine:
        absolute = kinds[row["output"]] == endpoints.PROBABILITY
        assert row["tolerance"] == f"5e-03 {words[kinds[row['output']]]}"
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


def left_out(folder):
    """{endpoint: reason} in a manifest, of those that have no float16 graph."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    reasons = {name: why for name, why in manifest["float16"].items() if why is not None}
    card = (folder / "README.md").read_text(encoding="utf-8")
    for name in NAMES:
        there = (folder / "onnx" / f"{name}.fp16.onnx").exists()
        assert there == (name not in reasons)
        rows = [r for r in manifest["comparisons"] if r["runtime"] == "onnx float16"]
        assert there == (name in {row["endpoint"] for row in rows})
        assert all(row["ok"] for row in rows)
        assert name not in reasons or f"`{name}`: {reasons[name]}" in card
    assert ("Left out in float16" in card) == bool(reasons)
    return reasons


DECODING = {"decode", "reconstruct", "generate", "score"}


@pytest.mark.slow
def test_a_weight_beyond_float16_leaves_out_the_graphs_that_have_it(trained, tmp_path):
    target = tmp_path / "exports" / "conv_vae-digits"
    trained.publish(target, model=with_offset(trained.model, 1e5))
    reasons = left_out(target)
    assert reasons == dict.fromkeys(
        DECODING, "a weight of 1e+05 is beyond the range of float16 (65504)"
    )
    assert zoo.load(target, precision="float16").encode(np.zeros((1, 8, 8, 1), np.float32))
    assert verify.audit(target).findings == []


@pytest.fixture(scope="module")
def rounded(trained, tmp_path_factory):
    """The artifact of a model whose decoder float16 cannot compute.

    Rounding errs by up to 0.06 of 200, which the next layer does not take off again.
    """
    target = tmp_path_factory.mktemp("rounded") / "conv_vae-digits"
    trained.publish(target, model=with_offset(trained.model, 200.0))
    return target


@pytest.mark.slow
def test_what_float16_cannot_answer_for_is_left_out_and_the_artifact_stays(rounded):
    reasons = left_out(rounded)
    assert reasons.keys() == DECODING
    for reason in reasons.values():
        assert re.fullmatch(r"`\w+` differs by \S+ at batch \d+; allowed is 5e-03 [a-z ]+", reason)
    assert verify.audit(rounded).findings == []


def test_float16_weights_hold_nothing_of_the_graphs_that_were_left_out(rounded):
    (graph,) = (rounded / "onnx").glob("*.fp16.onnx")
    loaded = onnx.load(graph, load_external_data=False).graph.initializer
    places = [{e.key: e.value for e in each.external_data} for each in loaded]
    mine = [int(p["length"]) for p in places if p.get("location") == "weights.fp16.bin"]
    size = (rounded / "onnx" / "weights.fp16.bin").stat().st_size
    assert sum(mine) <= size < sum(mine) + 64 * len(mine)


@pytest.mark.slow
def test_no_float16_graph_is_written_where_none_is_wanted(trained, tmp_path):
    target = tmp_path / "exports" / "conv_vae-digits"
    rows = trained.publish(target, float16=False).rows
    assert {row.runtime for row in rows} == {"keras", "saved_model", "onnx"}
    assert left_out(target) == dict.fromkeys(NAMES, "float16 graphs were not wanted")
    assert not (target / "onnx" / "weights.fp16.bin").exists()
    assert verify.audit(target).findings == []
    with pytest.raises(InputError, match="no float16 graph"):
        zoo.load(target, precision="float16")


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
