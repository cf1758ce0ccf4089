import os
import subprocess
import sys

import keras
import numpy as np
import processes
import pytest
from keras import ops

from zoo import catalog
from zoo.datasets import Dataset, Schema, Split, binarize
from zoo.errors import InputError
from zoo.networks import recurrent
from zoo.training import Settings, fit
from zoo.training.checkpoint import snapshot

SHAPES = [(5, 3), (6, 4, 1), (4, 3, 2)]
LAYERS = ("dense", "recurrent", "output")  # of an autoregressive decoder
SIDES = [recurrent.encoder, recurrent.decoder, recurrent.AutoregressiveDecoder]


def binary(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 2, shape).astype(np.float32)


def built(event_shape=(5, 3), seed=0, **options):
    """A tiny model with weights large enough that everything shows in its outputs."""
    keras.utils.set_random_seed(seed)
    model = catalog.rnn_vae(event_shape, latent=2, units=6, likelihood="bernoulli", **options)
    random = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        weight.assign(random.normal(0.0, 0.6, weight.shape))
    return model


def given(model, count=4, seed=0):
    """z, x and, where the model takes them, lengths from 1 to all steps."""
    random, steps = np.random.default_rng(seed), model.event_shape[0]
    z = random.normal(size=(count, model.latent)).astype(np.float32)
    lengths = (np.arange(count) % steps + 1).astype(np.int32)
    return z, binary(count, *model.event_shape), ([lengths] if model.conditions else [])


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("autoregressive", [False, True])
def test_both_sides_keep_the_event_shape(shape, cell, lengths, autoregressive):
    model = built(shape, cell=cell, lengths=lengths, autoregressive=autoregressive)
    z, x, length = given(model)
    posterior = model.encode(x, *length)
    assert {name: tuple(v.shape) for name, v in posterior.items()} == {
        "mean": (4, 2),
        "log_var": (4, 2),
    }
    assert tuple(model.decode(z, *length)["x_mean"].shape) == (4, *shape)
    assert tuple(model.raw(z, length, x).shape) == (4, *shape)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_padded_sequence_is_encoded_as_the_sequence_without_its_padding(cell, bidirectional):
    options = {"cell": cell, "bidirectional": bidirectional}
    padded, short = built((5, 3), **options, lengths=True), built((3, 3), **options)
    for mine, theirs in zip(short.encoder.weights, padded.encoder.weights, strict=True):
        mine.assign(theirs)
    x = binary(4, 5, 3)
    found = padded.encode(x, np.full(4, 3, np.int32))["mean"]
    np.testing.assert_allclose(found, short.encode(x[:, :3])["mean"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("autoregressive", [False, True])
def test_nothing_depends_on_what_the_padding_holds(autoregressive):
    model = built(lengths=True, bidirectional=True, autoregressive=autoregressive)
    _, x, [length] = given(model)
    other = np.where(np.arange(5)[None, :, None] < length[:, None, None], x, 1 - x)
    assert not np.array_equal(x, other)
    for name in ("encode", "reconstruct", "score"):
        answers = [getattr(model, name)(values, length) for values in (x, other)]
        for key, value in answers[0].items():
            np.testing.assert_array_equal(value, answers[1][key], err_msg=f"{name}.{key}")


def test_means_are_zero_past_the_end_of_a_sequence():
    model = built(lengths=True, autoregressive=True)
    z, _, [length] = given(model)
    mean = ops.convert_to_numpy(model.decode(z, length)["x_mean"])
    past = np.arange(5)[None] >= length[:, None]
    assert (mean[past] == 0).all() and (mean[~past] > 0).all()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_taught_step_sees_the_steps_before_it_and_no_other(cell):
    model = built((5, 3), cell=cell, autoregressive=True)
    z, x, _ = given(model)
    before = ops.convert_to_numpy(model.raw(z, (), x))
    for step in range(5):
        changed = x.copy()
        changed[:, step] = 1 - x[:, step]
        differs = ops.convert_to_numpy(model.raw(z, (), changed)) != before
        assert not differs[:, : step + 1].any()
        assert differs[:, step + 1 :].any(axis=(0, 2)).all()


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_what_was_drawn_step_by_step_teaches_the_same_outputs(shape, lengths, cell):
    model = built(shape, cell=cell, lengths=lengths, autoregressive=True)
    z, _, length = given(model)
    noise = model.likelihood.noise(np.arange(4), shape, stream=1)
    inputs = [z, *length] if length else z
    for choose, heard in ((model.likelihood.sample, noise), (model.likelihood.mode, None)):
        output = model.decoder.unroll(inputs, choose, heard)
        drawn = choose(output, heard)
        taught = model.raw(z, length, drawn)
        # The taught pass rounds to float32 at every step, unroll at the end alone.
        np.testing.assert_allclose(output, taught, rtol=1e-5, atol=4e-6)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_what_is_fed_back_is_rounded_once_and_not_at_every_step(cell):
    model = built((60, 5), cell=cell, autoregressive=True)
    for weight in model.decoder.weights:
        weight.assign(2 * weight)  # roundings grow from step to step
    z, choose = given(model)[0], model.likelihood.mode
    output = model.decoder.unroll(z, choose)
    drawn = choose(output)
    double = {name: in_double(model.decoder.get_layer(name)) for name in LAYERS}
    told = ops.repeat(double["dense"](z)[:, None], 60, axis=1)
    before = ops.pad(drawn[:, :-1], ((0, 0), (1, 0), (0, 0)))
    heard = ops.concatenate([ops.cast(before, "float64"), told], axis=-1)
    exact = ops.convert_to_numpy(double["output"](double["recurrent"](heard)))
    np.testing.assert_allclose(output, exact, rtol=1e-7, atol=1e-12)
    taught = ops.convert_to_numpy(model.raw(z, (), drawn))
    assert not np.allclose(taught, exact, rtol=1e-7, atol=1e-12)


def in_double(layer):
    """The layer with the same weights, which computes in float64."""
    twin = type(layer).from_config({**layer.get_config(), "dtype": "float64"})
    twin.build((None, 60, layer.input.shape[-1]))
    twin.set_weights(layer.get_weights())
    return twin


def test_a_row_of_generate_depends_on_its_seed_alone():
    model = built(autoregressive=True)
    together = model.generate(np.array([3, 9, 3]))["x_mean"]
    # Not to the bit: a kernel rounds by a row's place in its vector registers, and CPUs differ.
    np.testing.assert_allclose(together[0], together[2], rtol=0, atol=1e-6)
    assert np.abs(together[0] - together[1]).max() > 1e-3
    np.testing.assert_allclose(model.generate(np.array([9]))["x_mean"][0], together[1], atol=1e-6)


def test_the_decoder_is_told_how_long_the_sequence_is():
    model = built(lengths=True)
    z = np.zeros((2, 2), np.float32)
    mean = model.decode(z, np.array([4, 5], np.int32))["x_mean"]
    assert np.abs(mean[0, :4] - mean[1, :4]).max() > 1e-3


def test_training_hides_whole_steps_from_the_decoder_and_evaluation_none():
    keras.utils.set_random_seed(0)
    decoder = recurrent.AutoregressiveDecoder((50, 3), 2, 4, teacher_dropout=0.4)
    teacher = keras.Model(decoder.inputs, decoder.get_layer("teacher").output)
    z, x = np.zeros((8, 2), np.float32), np.ones((8, 50, 3), np.float32)
    heard = ops.convert_to_numpy(teacher([z, x], training=True))[:, 1:]
    hidden = (heard == 0).all(axis=2)
    np.testing.assert_array_equal((heard == 0).any(axis=2), hidden)
    assert abs(hidden.mean() - 0.4) < 5 * np.sqrt(0.4 * 0.6 / hidden.size)
    assert (ops.convert_to_numpy(teacher([z, x], training=False))[:, 1:] == 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("autoregressive", [False, True])
@pytest.mark.parametrize("lengths", [False, True])
def test_a_saved_model_comes_back_with_its_weights(tmp_path, autoregressive, lengths):
    model = built(
        cell="lstm", bidirectional=True, lengths=lengths, autoregressive=autoregressive, seed=3
    )
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    z, x, length = given(model)
    for name, first in (("score", x), ("decode", z), ("generate", np.arange(4))):
        wanted, found = (getattr(each, name)(first, *length) for each in (model, copy))
        for key, value in wanted.items():
            np.testing.assert_array_equal(found[key], value, err_msg=f"{name}.{key}")


def test_every_layer_survives_its_own_config():
    networks = [side((5, 3), 2, lengths=True) for side in SIDES]
    for layer in [layer for network in networks for layer in network.layers] + networks[2:]:
        copy = type(layer).from_config(layer.get_config())
        assert copy.get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"latent": 0}, "latent=0"),
        ({"units": 0}, "units=0"),
        ({"units": (8, 8)}, r"units=\(8, 8\)"),
        ({"cell": "rnn"}, "cell 'rnn' is unknown; there are lstm, gru"),
        ({"shape": (64,)}, r"events of shape \(64,\)"),
        ({"shape": (2, 3, 4, 5)}, r"events of shape \(2, 3, 4, 5\)"),
    ],
)
@pytest.mark.parametrize("side", SIDES)
def test_bad_sizes_are_refused(side, arguments, said):
    with pytest.raises(InputError, match=said):
        given = {"shape": (8, 8), "latent": 2, "units": 4} | arguments
        side(given.pop("shape"), **given)


def test_what_tells_the_steps_of_z_may_be_several_layers():
    keras.utils.set_random_seed(3)
    decoder = recurrent.AutoregressiveDecoder((6, 4), 2, units=5, cell="gru", context=(7, 3))
    for weight in decoder.weights:
        weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    assert [layer.units for layer in decoder.context_layers] == [7, 3]
    assert decoder.get_layer("recurrent").cell.kernel.shape == (4 + 3, 15)
    z = ops.convert_to_tensor(np.random.default_rng(1).normal(size=(8, 2)), "float32")
    output = decoder.unroll(z, lambda output, noise: ops.cast(output > 0, "float32"))
    made = ops.cast(ops.convert_to_tensor(output) > 0, "float32")
    np.testing.assert_allclose(output, decoder([z, made]), atol=1e-4)
    again = recurrent.AutoregressiveDecoder.from_config(decoder.get_config())
    again.set_weights(decoder.get_weights())
    np.testing.assert_array_equal(again([z, made]), decoder([z, made]))


@pytest.mark.parametrize("context", [0, (), (8, 0), 2.5, "8"])
def test_a_context_that_is_no_width_is_refused(context):
    with pytest.raises(InputError, match="the width of each dense layer"):
        recurrent.AutoregressiveDecoder((8, 8), 2, context=context)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_teacher_who_is_never_heard_is_refused(share):
    with pytest.raises(InputError, match=f"teacher_dropout={share}"):
        recurrent.AutoregressiveDecoder((8, 8), 2, teacher_dropout=share)


def sequences(longest, count=40):
    """Data whose lengths go up to `longest`, of 5 steps."""
    lengths = np.arange(count) % (longest + 1)
    split = Split(binary(count, 5, 3), None, lengths)
    return binarize(
        Dataset("toy", split, split, Schema("sequence", (5, 3)), "made here", "none", "the same"),
        "none",
    )


def test_training_on_lengths_beyond_the_models_steps_is_refused(tmp_path):
    with pytest.raises(InputError, match="lengths from 0 to 6; the model takes 0 to 5"):
        fit(built(lengths=True), sequences(6), Settings(epochs=1), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("autoregressive", [False, True])
def test_a_model_of_padded_sequences_trains(tmp_path, autoregressive):
    model = built(lengths=True, autoregressive=autoregressive)
    before = snapshot(model.trainable_weights)
    run = fit(model, sequences(5), Settings(epochs=2, batch_size=8), tmp_path)
    assert all(np.isfinite(value) for row in run.history for value in row.values())
    after = snapshot(model.trainable_weights)
    assert all(np.abs(a - b).max() > 0 for a, b in zip(after, before, strict=True))


@pytest.mark.slow
def test_jax_draws_and_decodes_as_tensorflow_does(tmp_path):
    model = built(lengths=True, bidirectional=True, autoregressive=True)
    model.save(tmp_path / "model.keras")
    _, x, [length] = given(model)
    answers = [model.generate(np.arange(4), length), model.reconstruct(x, length)]
    answers = [ops.convert_to_numpy(each["x_mean"]) for each in answers]
    np.savez(tmp_path / "given.npz", x=x, length=length, generate=answers[0], decode=answers[1])
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX, str(tmp_path)],
        env=os.environ | processes.ON_JAX | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    *differences, elbo = map(float, done.stdout.split())
    assert max(differences) < 1e-5 and np.isfinite(elbo)


ON_JAX = """
import sys, keras, numpy as np
import zoo.catalog
model = keras.saving.load_model(sys.argv[1] + "/model.keras")
given = np.load(sys.argv[1] + "/given.npz")
x, length = given["x"], given["length"]
print(np.abs(model.generate(np.arange(4), length)["x_mean"] - given["generate"]).max())
print(np.abs(model.reconstruct(x, length)["x_mean"] - given["decode"]).max())
model.compile("adam")
print(model.fit((x, length), x, verbose=0).history["elbo"][0])
"""


def test_places_are_the_sums_of_offsets_and_an_end_is_where_the_last_feature_is_1():
    rows = np.random.default_rng(0).normal(size=(3, 5, 4)).astype(np.float32)
    places = ops.convert_to_numpy(recurrent.Places(2)(rows))
    np.testing.assert_allclose(places, np.cumsum(rows[..., :2], axis=1), rtol=1e-6)
    rows[..., -1] = np.arange(5) >= np.array([[5], [0], [2]])
    assert ops.convert_to_numpy(recurrent.BeforeEnd()(rows)).sum(1).tolist() == [5, 0, 2]


def test_every_step_is_given_where_the_steps_before_arrived():
    made = recurrent.AutoregressiveDecoder((5, 3), 2, units=4, offsets=2)
    z, x = np.ones((2, 2), np.float32), np.zeros((2, 5, 3), np.float32)
    x[0, :3, 0], x[1, :3, 0] = [1, 2, 3], [2, 1, 3]
    h = keras.Model(made.inputs, made.get_layer("with_before").output)([z, x])
    told = ops.convert_to_numpy(h)[..., 3:5]
    np.testing.assert_array_equal(told[0, :, 0], [0, 1, 3, 6, 6])
    np.testing.assert_array_equal(told[1, :, 0], [0, 2, 3, 6, 6])
