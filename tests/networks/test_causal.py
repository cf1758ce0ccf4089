"""Causal dilated convolutions: what a step sees, and that it is the same one by one."""

import contextlib
import os
import subprocess
import sys

import keras
import numpy as np
import processes
import pytest
from keras import ops

from zoo import catalog
from zoo.catalog import sequences
from zoo.errors import InputError
from zoo.likelihoods import Tokens
from zoo.networks import causal, recurrent

STEPS, COUNT = 9, 5
DECODERS = ["recurrent", "convolutional"]


def built(seed=0, decoder="convolutional", steps=STEPS, **options):
    """A tiny model of strings with weights large enough that everything shows in its outputs."""
    keras.utils.set_random_seed(seed)
    small = {"width": 6} if decoder == "convolutional" else {"units": 6, "context": 4}
    small |= {"latent": 2, "encoder_units": 4, "likelihood": Tokens(COUNT), "decoder": decoder}
    model = catalog.molecule_vae((steps,), **small | options)
    random = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        weight.assign(random.normal(0.0, 0.6, weight.shape))
    return model


def latents(count=4, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)


def strings(count=4, steps=STEPS, seed=0):
    """One-hot rows of tokens, none of which ends: [count, steps, COUNT]."""
    drawn = np.random.default_rng(seed).integers(0, COUNT - 1, (count, steps))
    return np.eye(COUNT, dtype=np.float32)[drawn]


def taught(decoder, z, x):
    return ops.convert_to_numpy(decoder([z, x]))


@pytest.mark.parametrize("kernel", [2, 3, 4])
def test_a_taught_step_sees_all_steps_before_it_and_no_other(kernel):
    keras.utils.set_random_seed(0)
    decoder = causal.CausalDecoder((STEPS, COUNT), 2, width=6, kernel=kernel)
    z, x = latents(), strings()
    before = taught(decoder, z, x)
    for step in range(STEPS):
        changed = x.copy()
        changed[:, step] = 1 - x[:, step]
        differs = taught(decoder, z, changed) != before
        assert not differs[:, : step + 1].any()
        assert differs[:, step + 1 :].any(axis=(0, 2)).all()


def test_as_many_blocks_as_let_the_last_step_see_the_first():
    assert [causal.blocks_of(steps) for steps in (1, 2, 4, 5, 8, 9, 16, 38, 64, 65)] == [
        *(1, 1, 1, 2, 2, 3, 3, 5, 5, 6)
    ]
    fewer = causal.CausalDecoder((9, COUNT), 2, width=4, blocks=2)
    z, x = latents(), strings()
    changed = x.copy()
    changed[:, 0] = 1 - x[:, 0]
    differs = (taught(fewer, z, changed) != taught(fewer, z, x)).any(axis=(0, 2))
    assert differs.tolist() == [step in range(1, 8) for step in range(9)]


def test_any_number_of_steps_gives_the_same_first_steps():
    decoder = built().decoder
    z, x = latents(), strings(steps=2 * STEPS)
    longest = taught(decoder, z, x)
    for steps in (1, 4, STEPS):
        np.testing.assert_allclose(taught(decoder, z, x[:, :steps]), longest[:, :steps], atol=1e-6)


@pytest.mark.parametrize("kernel", [2, 3])
def test_what_is_fed_the_true_steps_one_by_one_is_what_the_taught_decoder_gives(kernel):
    keras.utils.set_random_seed(1)
    decoder = causal.CausalDecoder((STEPS, COUNT), 2, width=6, kernel=kernel)
    z, x = latents(), strings()
    fed = decoder.unroll(z, lambda output, step: step, x)  # the noise of a step is the step
    np.testing.assert_allclose(fed, taught(decoder, z, x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("decoder", DECODERS)
def test_steps_taken_alone_are_those_of_the_loop(decoder):
    network = built(decoder=decoder).decoder
    z, x = latents(), strings()
    wanted = ops.convert_to_numpy(network.unroll(z, lambda output, step: step, x))
    last, state = np.zeros_like(x[:, 0]), np.zeros((4, sum(network.state_sizes)), np.float32)
    for step in range(STEPS):
        output, state = network.step(z, last, state)
        np.testing.assert_allclose(output, wanted[:, step], rtol=1e-5, atol=1e-6)
        last = x[:, step]


@pytest.mark.parametrize("decoder", DECODERS)
def test_outputs_after_the_end_of_a_row_are_0_while_others_go_on(decoder):
    network, x = built(decoder=decoder).decoder, strings()
    whole, x[0, 2:] = x.copy(), np.eye(COUNT)[-1]
    ended, wanted = (
        ops.convert_to_numpy(network.unroll(latents(), lambda output, step: step, each))
        for each in (x, whole)
    )
    wanted[0, 3:] = 0.0
    np.testing.assert_array_equal(ended, wanted)


@pytest.mark.parametrize("decoder", DECODERS)
def test_the_likeliest_steps_one_by_one_are_what_decode_answers(decoder):
    model, z = built(4, decoder), latents(20)
    wanted = np.asarray(model.decode(z)["tokens_mode"])
    token, state = np.full(20, -1, np.int32), np.zeros((20, sum(model.decoder.state_sizes)))
    going = np.ones(20, bool)
    for step in range(STEPS - 1):
        answer = model.decode_step(token, np.float32(state), z)
        token, state = np.asarray(answer["logits"]).argmax(axis=1), answer["next_state"]
        np.testing.assert_array_equal(token[going], wanted[going, step])
        going &= token != COUNT - 1
    assert 0 < going.sum() < 20


def test_only_decoders_of_tokens_from_z_alone_give_single_steps():
    assert built().decodes_steps
    strokes = catalog.stroke_vae((8, 3), latent=2, units=4)
    assert strokes.autoregressive and not strokes.decodes_steps
    options = {"latent": 2, "units": 4, "autoregressive": True, "likelihood": Tokens(COUNT)}
    assert catalog.rnn_vae((8,), **options).decodes_steps
    assert not catalog.rnn_vae((8,), **options, lengths=True).decodes_steps
    assert not catalog.rnn_vae((8,), **options | {"autoregressive": False}).decodes_steps


def test_what_is_unrolled_is_rounded_once_and_not_at_every_layer():
    decoder, z, x = built(steps=40).decoder, latents(16), strings(16, 40)
    fed = ops.convert_to_numpy(decoder.unroll(z, lambda output, step: step, x))
    with double_precision():
        twin = causal.CausalDecoder.from_config(decoder.get_config())
    twin.set_weights(decoder.get_weights())
    exact, single = (taught(each, z, x) for each in (twin, decoder))
    np.testing.assert_allclose(fed, exact, rtol=1e-7, atol=1e-6)
    assert 2 * np.abs(fed - exact).mean() < np.abs(single - exact).mean()


@contextlib.contextmanager
def double_precision():
    """Layers that are built meanwhile compute in float64."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def test_a_string_that_has_ended_goes_on_where_others_do_not_and_the_loop_stops_with_the_last():
    model = built()
    answer = model.generate(np.arange(16, dtype=np.int64))
    tokens = np.asarray(answer["tokens"])
    again = model.generate(np.arange(16, dtype=np.int64)[::-1].copy())
    np.testing.assert_array_equal(np.asarray(again["tokens"])[::-1], tokens)
    end = np.eye(COUNT, dtype=np.float32)[[-1] * 4]
    output = ops.convert_to_numpy(model.decoder.unroll(latents(), lambda raw, noise: end))
    assert np.abs(output[:, 0]).min() > 0 and (output[:, 1:] == 0).all()


def test_training_hides_whole_steps_from_the_decoder_and_evaluation_none():
    keras.utils.set_random_seed(0)
    decoder = causal.CausalDecoder((50, 3), 2, 4, teacher_dropout=0.4)
    teacher = keras.Model(decoder.inputs, decoder.get_layer("teacher").output)
    z, x = np.zeros((8, 2), np.float32), np.ones((8, 50, 3), np.float32)
    seen = ops.convert_to_numpy(teacher([z, x], training=True))[:, 1:]
    hidden = (seen == 0).all(axis=2)
    np.testing.assert_array_equal((seen == 0).any(axis=2), hidden)
    assert abs(hidden.mean() - 0.4) < 5 * np.sqrt(0.4 * 0.6 / hidden.size)
    assert (ops.convert_to_numpy(teacher([z, x], training=False))[:, 1:] == 1).all()


def test_every_layer_survives_its_own_config():
    decoder = causal.CausalDecoder((6, 3), 2, 4, blocks=2, kernel=2, ends=True, event_shape=(6, 4))
    for layer in (decoder, *decoder.layers):
        copy = type(layer).from_config(layer.get_config())
        assert copy.get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"latent": 0}, "latent=0"),
        ({"width": 0}, "width=0"),
        ({"blocks": 0}, "blocks=0"),
        ({"kernel": 1}, "kernel=1"),
        ({"teacher_dropout": 1.0}, "teacher_dropout=1.0"),
        ({"shape": (8, 8, 1)}, r"events of shape \(8, 8, 1\)"),
    ],
)
def test_bad_sizes_are_refused(arguments, said):
    given = {"shape": (8, 8), "latent": 2} | arguments
    with pytest.raises(InputError, match=said):
        causal.CausalDecoder(given.pop("shape"), **given)


def test_an_option_of_the_other_decoder_is_refused_by_name():
    with pytest.raises(InputError, match="units=8 is no option of a convolutional decoder"):
        built(units=8)
    with pytest.raises(InputError, match="blocks=2 is no option of a recurrent decoder"):
        built(decoder="recurrent", blocks=2)
    with pytest.raises(InputError, match="decoder 'attention' is unknown"):
        catalog.molecule_vae((9,), decoder="attention")


def test_both_decoders_of_strings_are_about_equally_large_by_default():
    sizes = sequences.STRING_DECODERS
    recurrent_one = recurrent.AutoregressiveDecoder((38, 26), 64, **sizes["recurrent"], ends=True)
    causal_one = causal.CausalDecoder((38, 26), 64, **sizes["convolutional"], ends=True)
    assert causal_one.count_params() == pytest.approx(recurrent_one.count_params(), rel=0.05)


@pytest.mark.slow
def test_jax_draws_and_decodes_as_tensorflow_does(tmp_path):
    model = built()
    model.save(tmp_path / "model.keras")
    x = np.argmax(strings(), axis=-1).astype(np.int32)
    x[:, -1] = COUNT - 1
    answers = [model.generate(np.arange(4)), model.reconstruct(np.float32(x))]
    answers = [ops.convert_to_numpy(each["probabilities"]) for each in answers]
    np.savez(tmp_path / "given.npz", x=x, generate=answers[0], decode=answers[1])
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
x = np.float32(given["x"])
print(np.abs(model.generate(np.arange(4))["probabilities"] - given["generate"]).max())
print(np.abs(model.reconstruct(x)["probabilities"] - given["decode"]).max())
model.compile("adam")
print(model.fit(x, x, verbose=0).history["elbo"][0])
"""
