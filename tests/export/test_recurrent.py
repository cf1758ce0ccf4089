"""Recurrent layers in ONNX: which operators they become, and that these answer as Keras does."""

import collections

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx
from keras import layers
from publishing import make_here, rows_of

from zoo import catalog
from zoo.artifact.endpoints import PROOF_BATCHES
from zoo.datasets import Dataset, Schema, Split, binarize
from zoo.export import test_data
from zoo.export.onnx_graph.conversion import OPSET
from zoo.export.onnx_graph.recurrent import native
from zoo.runtime import replay

LOOPS = ("Loop", "Scan", "If")


def nodes(graph):
    """Operators and how many of them, those of branches and loops included."""
    found = collections.Counter()
    for node in graph.node:
        found[node.op_type] += 1
        for attribute in node.attribute:
            if attribute.HasField("g"):
                found += nodes(attribute.g)
    return found


def recurrences(graph):
    """{operator: count} of LSTM, GRU and whatever loops."""
    return {name: n for name, n in nodes(graph).items() if name in ("LSTM", "GRU", *LOOPS)}


@pytest.fixture(scope="module")
def sequences():
    """Sequences [6, 3] of zeros and ones, of 0 to 6 steps."""
    x = np.random.default_rng(0).integers(0, 2, (80, 6, 3)).astype(np.float32)
    split = Split(x, None, np.arange(80) % 7)
    return binarize(
        Dataset("toy", split, split, Schema("sequence", (6, 3)), "made here", "none", "the same"),
        "none",
    )


@pytest.fixture(scope="module")
def proven(sequences, tmp_path_factory):
    """Exports a model in every format, proves it; ({endpoint: recurrences}, rows)."""

    def prove(**options):
        keras.utils.set_random_seed(1)
        model = catalog.rnn_vae((6, 3), latent=3, units=7, likelihood="bernoulli", **options)
        random = np.random.default_rng(1)
        for weight in model.trainable_weights:
            weight.assign(random.normal(0.0, 0.5, weight.shape))
        stage = tmp_path_factory.mktemp("stage")
        rows = rows_of(make_here(model, sequences, stage))
        loaded = {name: onnx.load(stage / "onnx" / f"{name}.onnx") for name in model.endpoints()}
        return {name: recurrences(each.graph) for name, each in loaded.items()}, rows

    return prove


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "bidirectional", "lengths"),
    [("lstm", True, False), ("lstm", False, True), ("gru", True, True)],
)
def test_every_recurrent_layer_is_one_operator_and_equal(proven, cell, bidirectional, lengths):
    found, rows = proven(cell=cell, bidirectional=bidirectional, lengths=lengths)
    kind, reading = cell.upper(), 1 + bidirectional
    assert found == {
        "encode": {kind: reading},
        "decode": {kind: 1},
        "reconstruct": {kind: reading + 1},
        "generate": {kind: 1},
        "score": {kind: reading + 1},
    }
    assert_equal_at_every_batch(rows)


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "lengths"), [("lstm", True), ("gru", False)])
def test_what_feeds_itself_back_is_one_loop_and_equal(proven, cell, lengths):
    found, rows = proven(cell=cell, lengths=lengths, autoregressive=True)
    kind = cell.upper()
    assert found == {
        "encode": {kind: 1},
        "decode": {"Loop": 1},
        "reconstruct": {kind: 1, "Loop": 1},
        "generate": {"Loop": 1},
        "score": {kind: 2},
    }
    assert_equal_at_every_batch(rows)
    by_runtime = {
        runtime: [r.max_abs for r in rows if (r.runtime, r.endpoint) == (runtime, "generate")]
        for runtime in ("onnx", "onnx float16")
    }
    assert by_runtime["onnx"] == by_runtime["onnx float16"]  # no draw is rounded to another


def assert_equal_at_every_batch(rows):
    assert all(row.ok for row in rows)
    runtimes = ("keras", "saved_model", "onnx", "onnx float16")
    for runtime in runtimes:
        assert {row.batch for row in rows if row.runtime == runtime} == set(PROOF_BATCHES)
    exact = [row.max_abs for row in rows if (row.endpoint, row.output) == ("generate", "z")]
    assert exact == [0.0] * len(runtimes) * len(PROOF_BATCHES)


def test_test_data_hangs_on_no_step_that_rounding_could_turn(tmp_path):
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).integers(0, 2, (80, 60, 60)).astype(np.float32)
    split = Split(x)
    data = binarize(
        Dataset("toy", split, split, Schema("sequence", (60, 60)), "made here", "none", "the same"),
        "none",
    )
    model = catalog.rnn_vae((60, 60), latent=2, units=3, autoregressive=True)
    endpoints = {"generate": model.endpoints()["generate"]}
    test_data.write(model, endpoints, test_data.examples(model, data, 64), tmp_path)
    given, answer = replay.read(tmp_path, endpoints["generate"])
    seed, x_mean, z = given["seed"], answer["x_mean"], answer["z"]
    np.testing.assert_allclose(model.generate(seed)["x_mean"], x_mean, atol=1e-6)
    margin = model.margin({"seed": seed}, {"x_mean": x_mean, "z": z})
    assert keras.ops.convert_to_numpy(margin).min() > 1e-5
    # The border seeds repeat one; the others would all differ, had none been replaced.
    assert 32 < len(np.unique(seed)) < 63


X = np.random.default_rng(2).normal(size=(5, 4, 3)).astype(np.float32)
LENGTHS = np.int32([4, 0, 2, 1, 3])


class _Prefix(layers.Layer):
    """Lengths [batch] -> mask [batch, 4]."""

    def call(self, length):
        return keras.ops.less(np.arange(4, dtype=np.int32)[None], length[:, None])


class _Holes(layers.Layer):
    """Lengths [batch] -> a mask [batch, 4] of every other step."""

    def call(self, length):
        return keras.ops.equal(np.arange(4, dtype=np.int32)[None] % 2, length[:, None] % 2)


def converted(make, mask=None, state=False):
    """(graph's recurrences, ONNX Runtime's answers, Keras's) of one layer on X."""
    x, length = keras.Input((4, 3), name="x"), keras.Input((), dtype="int32", name="length")
    layer = make()
    options = {} if mask is None else {"mask": mask()(length)}
    if state:
        options["initial_state"] = [layers.Dense(5)(x[:, 0])] * (1 + isinstance(layer, layers.LSTM))
    answers = layer(x, **options)
    model = keras.Model([x, length], answers)
    random = np.random.default_rng(3)
    for weight in model.weights:
        weight.assign(random.normal(0.0, 0.7, weight.shape))
    specs = [tf.TensorSpec([None, 4, 3], name="x"), tf.TensorSpec([None], tf.int32, name="length")]

    @tf.function(input_signature=specs, autograph=False)
    def function(x, length):
        found = [*listed(model([x, length], training=False)), tf.identity(length)]
        return {f"y{i}": value for i, value in enumerate(found)}

    with native(model) as handlers:
        graph, _ = tf2onnx.convert.from_function(
            function, specs, opset=OPSET, custom_op_handlers=handlers
        )
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    wanted = listed(model([X, LENGTHS], training=False))
    found = session.run([f"y{i}" for i in range(len(wanted))], {"x": X, "length": LENGTHS})
    return recurrences(graph.graph), found, [keras.ops.convert_to_numpy(each) for each in wanted]


def listed(value):
    return [*value] if isinstance(value, list | tuple) else [value]


LAYERS = {
    "last state": {},
    "sequence": {"return_sequences": True},
    "sequence and state": {"return_sequences": True, "return_state": True},
    "backwards": {"go_backwards": True},
    "sequence backwards": {"return_sequences": True, "go_backwards": True, "return_state": True},
    "zeros in the padding": {"return_sequences": True, "zero_output_for_mask": True},
    "zeros at the end": {"zero_output_for_mask": True},
    "zeros backwards": {"zero_output_for_mask": True, "return_sequences": True}
    | {"go_backwards": True},
    "no bias": {"use_bias": False, "return_sequences": True},
    "dropout": {"dropout": 0.3, "recurrent_dropout": 0.3},
    "gate before": {"reset_after": False, "return_sequences": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("mask", [None, _Prefix])
@pytest.mark.parametrize("kind", [layers.LSTM, layers.GRU])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_of_any_kind_answers_as_in_keras(name, kind, mask):
    options = LAYERS[name]
    if kind is layers.LSTM and "reset_after" in options:
        pytest.skip("an LSTM has no reset gate")
    found, answers, wanted = converted(lambda: kind(5, use_cudnn=False, **options), mask)
    assert found == {kind.__name__: 1}
    for answer, value in zip(answers, wanted, strict=True):
        np.testing.assert_allclose(answer, value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [layers.LSTM, layers.GRU])
def test_a_state_to_begin_with_is_passed_on(kind):
    def make():
        return kind(5, return_sequences=True, return_state=True, use_cudnn=False)

    found, answers, wanted = converted(make, state=True)
    assert found == {kind.__name__: 1}
    for answer, value in zip(answers, wanted, strict=True):
        np.testing.assert_allclose(answer, value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mask", [None, _Prefix])
def test_both_directions_over_sequences(mask):
    def make():
        return layers.Bidirectional(layers.GRU(5, return_sequences=True, use_cudnn=False))

    found, [answer], [wanted] = converted(make, mask)
    assert found == {"GRU": 2}
    np.testing.assert_allclose(answer, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "mask", "state"),
    [
        ({"activation": "relu"}, None, False),
        ({"recurrent_activation": "hard_sigmoid"}, None, False),
        ({}, _Holes, False),
        ({"return_sequences": True}, _Prefix, True),
    ],
)
def test_what_the_operator_could_not_compute_alike_keeps_its_loop(options, mask, state):
    found, answers, wanted = converted(
        lambda: layers.GRU(5, use_cudnn=False, **options), mask, state
    )
    assert found.get("Loop") == 1 and "GRU" not in found
    np.testing.assert_allclose(answers[0], wanted[0], rtol=1e-5, atol=1e-6)


def test_layers_are_as_before_once_the_model_is_traced():
    model = keras.Sequential([keras.Input((4, 3)), layers.GRU(5), layers.Dense(1)])
    layer = model.layers[0]
    with pytest.raises(RuntimeError), native(model):
        assert "inner_loop" in vars(layer)
        raise RuntimeError
    assert "inner_loop" not in vars(layer)
    assert model(X).shape == (5, 1)
