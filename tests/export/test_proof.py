"""The proof fails where something differs, and says where. Files are spoilt, never the check."""

import re
import shutil

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from zoo.artifact.endpoints import PROOF_BATCHES
from zoo.errors import ExportError
from zoo.export import proof, saved_model

RUNTIMES = ("keras", "saved_model", "onnx", "onnx float16")


@pytest.fixture
def prove(copied_artifact, trained):
    """Proves the copied artifact, as it lies there, against its test data."""
    contract = trained.model.endpoints()

    def prove():
        rows = []
        for each in proof.FORMATS:
            sizes = dict.fromkeys(contract, PROOF_BATCHES)
            rows += proof.compare(each, copied_artifact, contract, sizes)
        proof.require_equal([row for row in rows if not row.ok])
        return rows

    return prove


def with_another_bias(model):
    """The same model but for 0.001 in the logits of one pixel in four: 0.00025 at most."""
    other = type(model).from_config(model.get_config())
    for mine, theirs in zip(other.weights, model.weights, strict=True):
        mine.assign(theirs)
    bias = other.decoder.get_layer("output").bias
    bias.assign(np.asarray(bias) + np.float32([1e-3, 0, 0, 0]))
    return other


def rows_of(error):
    """{(runtime, endpoint, output, batch)} of the failures that an error lists."""
    lines = str(error.value).splitlines()[2:]
    assert lines and all("DIFFERS" in line for line in lines)
    return {tuple(re.split(r"  +", line.strip())[:4]) for line in lines}


def edit(path, change):
    """Rewrites an ONNX file."""
    model = onnx.load(path)
    change(model.graph)
    onnx.save(model, path)


def change_test_data(path, key, index, value):
    with np.load(path) as file:
        arrays = dict(file)
    arrays[key][index] = value
    np.savez(path, **arrays)


def test_an_untouched_artifact_is_proven_in_every_format_output_and_batch(prove):
    rows = prove()
    outputs = {("encode", "mean"), ("encode", "log_var"), ("decode", "x_mean")}
    outputs |= {("reconstruct", "x_mean")}
    proven = {(row.runtime, row.endpoint, row.output, row.batch) for row in rows if row.ok}
    assert len(proven) == len(rows) and proven >= {
        (runtime, *output, batch)
        for runtime in RUNTIMES
        for output in outputs
        for batch in (1, 3, 64)
    }


def test_a_changed_expectation_fails_where_it_lies_and_nowhere_else(prove, copied_artifact):
    path = copied_artifact / "test_data" / "encode.npz"
    change_test_data(path, "log_var", (2, 1), 7.0)
    with pytest.raises(ExportError) as error:
        prove()
    assert rows_of(error) == {
        (runtime, "encode", "log_var", batch) for runtime in RUNTIMES for batch in ("3", "64")
    }


def test_an_expectation_that_is_not_a_number_fails(prove, copied_artifact):
    path = copied_artifact / "test_data" / "decode.npz"
    change_test_data(path, "x_mean", (0, 0, 0, 0), np.nan)
    with pytest.raises(ExportError) as error:
        prove()
    assert {row[1:3] for row in rows_of(error)} == {("decode", "x_mean")}


def test_a_keras_file_that_answers_otherwise_is_named(prove, trained, copied_artifact):
    with_another_bias(trained.model).save(copied_artifact / "model.keras")
    with pytest.raises(ExportError) as error:
        prove()
    assert {row[:3] for row in rows_of(error)} == {
        ("keras", "decode", "x_mean"),
        ("keras", "reconstruct", "x_mean"),
        ("keras", "generate", "x_mean"),
        ("keras", "score", "elbo"),
        ("keras", "score", "reconstruction"),
    }


@pytest.mark.slow
def test_a_saved_model_that_answers_otherwise_is_named(prove, trained, copied_artifact):
    path = copied_artifact / "saved_model" / "1"
    shutil.rmtree(path)
    saved_model.write(with_another_bias(trained.model), trained.model.endpoints(), path)
    with pytest.raises(ExportError) as error:
        prove()
    assert {row[:3] for row in rows_of(error)} == {
        ("saved_model", "decode", "x_mean"),
        ("saved_model", "reconstruct", "x_mean"),
        ("saved_model", "generate", "x_mean"),
        ("saved_model", "score", "elbo"),
        ("saved_model", "score", "reconstruction"),
    }


@pytest.mark.slow
def test_an_onnx_graph_that_answers_otherwise_is_named(prove, trained, copied_artifact):
    bias = np.asarray(trained.model.decoder.get_layer("output").bias)

    def change(graph):
        (found,) = [
            each
            for each in graph.initializer
            if numpy_helper.to_array(each).size == bias.size
            and np.array_equal(numpy_helper.to_array(each).ravel(), bias)
        ]
        values = numpy_helper.to_array(found) + np.float32(1e-3)
        found.CopyFrom(numpy_helper.from_array(values, found.name))

    edit(copied_artifact / "onnx" / "decode.onnx", change)
    with pytest.raises(ExportError) as error:
        prove()
    assert {row[:3] for row in rows_of(error)} == {("onnx", "decode", "x_mean")}


def swap_outputs(graph):
    first, second = graph.output
    copies = [onnx.ValueInfoProto.FromString(v.SerializeToString()) for v in (second, first)]
    del graph.output[:]
    graph.output.extend(copies)


def fix_the_batch(graph):
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 3


def name_the_batch_otherwise(graph):
    graph.input[0].type.tensor_type.shape.dim[0].dim_param = "n"


def rename_the_input(graph):
    for node in graph.node:
        node.input[:] = ["image" if name == "x" else name for name in node.input]
    graph.input[0].name = "image"


@pytest.mark.slow
@pytest.mark.parametrize(
    "change, side",
    [
        (swap_outputs, "outputs"),
        (fix_the_batch, "inputs"),
        (name_the_batch_otherwise, "inputs"),
        (rename_the_input, "inputs"),
    ],
)
def test_a_graph_with_another_interface_is_refused(prove, copied_artifact, change, side):
    edit(copied_artifact / "onnx" / "encode.onnx", change)
    with pytest.raises(ExportError, match=f"encode: its {side} are .*, the contract wants"):
        prove()


@pytest.mark.slow
def test_a_collapsed_posterior_is_proven_too(trained, tmp_path):
    """KL of some 1e-6 nats: every digit of it must survive each runtime."""
    model = type(trained.model).from_config(trained.model.get_config())
    for mine, theirs in zip(model.weights, trained.model.weights, strict=True):
        mine.assign(theirs)
    for name in ("mean", "raw_log_var"):
        layer = model.encoder.get_layer(name)
        layer.kernel.assign(np.asarray(layer.kernel) * 1e-3)
        layer.bias.assign(np.asarray(layer.bias) * 1e-3)
    rows = trained.publish(tmp_path / "exports" / "collapsed", model=model).rows
    with np.load(tmp_path / "exports" / "collapsed" / "test_data" / "score.npz") as file:
        assert 0 < file["kl"].min() and file["kl"].max() < 1e-4
        smallest = file["kl"].min()
    kl = [row for row in rows if (row.endpoint, row.output) == ("score", "kl")]
    assert {row.runtime for row in kl} == set(RUNTIMES)
    # The tolerance is of a nat; every digit of what is far smaller is right all the same.
    assert max(row.max_abs for row in kl if row.runtime != "onnx float16") < 1e-5 * smallest
