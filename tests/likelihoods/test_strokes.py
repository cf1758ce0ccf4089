"""Drawings of any length as one density: where the pen goes, its state, and where it ends."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from zoo import catalog, likelihoods
from zoo.artifact.schema import STROKES, Schema
from zoo.errors import InputError
from zoo.likelihoods.strokes import FINEST, WIDEST

STEPS, K, SCALE = 5, 2, 4.0
EVENT = (STEPS, 3)
LIKELIHOOD = likelihoods.Strokes(K, SCALE)


def raw(rows, seed=0):
    shape = (rows, *LIKELIHOOD.raw_shape(EVENT))
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def drawings(rows, lengths):
    x = np.random.default_rng(1).normal(0.0, SCALE, (rows, *EVENT)).astype(np.float32)
    x[..., 2] = np.random.default_rng(2).integers(0, 2, x.shape[:2])
    for row, length in zip(x, lengths, strict=True):
        row[length:] = [0, 0, 2]
    return x


def nats_of_step(x, output):
    """(of dx and dy, of the pen) of one step, float64, by scipy."""
    parts = np.split(output[: 6 * K].astype(float), 6)
    logits, *middle, first, second, below = parts
    scales = np.exp(np.log(FINEST) + np.log1p(np.exp(np.array([first, second]) - np.log(FINEST))))
    density = 0.0
    for k, weight in enumerate(special.softmax(logits)):
        factor = SCALE * np.array([[scales[0, k], 0.0], [below[k], scales[1, k]]])
        mean = SCALE * np.array([middle[0][k], middle[1][k]])
        density += weight * stats.multivariate_normal(mean, factor @ factor.T).pdf(x[:2])
    return np.log(density), special.log_softmax(output[6 * K :].astype(float))[int(x[2])]


def test_a_drawing_has_the_nats_of_its_steps_and_of_its_end_and_none_past_it():
    lengths = [5, 3, 1]
    x, output = drawings(3, lengths), raw(3)
    found = LIKELIHOOD.log_prob(x, output)
    for row, of_row, length, nats in zip(x, output, lengths, found, strict=True):
        each = [nats_of_step(*of_step) for of_step in zip(row, of_row, strict=True)]
        wanted = sum(map(sum, each[:length])) + sum(pen for _, pen in each[length : length + 1])
        assert float(nats) == pytest.approx(wanted, rel=1e-4)


def test_probabilities_of_all_pens_and_lengths_add_up_to_one():
    """Integrated over dx and dy, which a density's integral of 1 leaves out: of the pen alone."""
    output = raw(1)
    pen = special.softmax(output[0, :, 6 * K :], axis=-1)
    going_on = np.cumprod(1.0 - pen[:, 2])
    ends = pen[:, 2] * np.concatenate([[1.0], going_on[:-1]])
    for length in range(STEPS):
        x = drawings(1, [length])
        points = sum(nats_of_step(x[0, i], output[0, i])[0] for i in range(length))
        pens = 0.0
        for state in np.ndindex(*[2] * length):
            x[0, :length, 2] = state
            pens += np.exp(float(LIKELIHOOD.log_prob(x, output)[0]) - points)
        assert pens == pytest.approx(ends[length], rel=1e-3)


def test_a_weight_counts_steps():
    x, output = drawings(2, [4, 5]), raw(2)
    counted = np.float32([1, 0, 2, 0, 0]).reshape(1, 5, 1)
    wanted = [
        sum(np.sum(nats_of_step(x[i, j], output[i, j])) * n for j, n in ((0, 1), (2, 2)))
        for i in range(2)
    ]
    np.testing.assert_allclose(LIKELIHOOD.log_prob(x, output, counted), wanted, rtol=1e-4)


def test_networks_are_given_offsets_of_one_scale_and_the_pens_state():
    x = drawings(1, [2])
    seen = ops.convert_to_numpy(LIKELIHOOD.network_input(x))
    np.testing.assert_allclose(seen[..., :2], x[..., :2] / SCALE, rtol=1e-6)
    np.testing.assert_array_equal(seen[..., 2:].argmax(-1), x[..., 2])
    np.testing.assert_array_equal(seen[..., 2:].sum(-1), 1.0)
    assert LIKELIHOOD.network_shape(EVENT) == (STEPS, 5)
    assert LIKELIHOOD.event_shape((STEPS, 5)) == EVENT


def test_draws_follow_the_density():
    rows = 20_000
    output = np.repeat(raw(1, seed=4), rows, axis=0)
    noise = LIKELIHOOD.noise(np.arange(rows), EVENT, 1)
    drawn = ops.convert_to_numpy(LIKELIHOOD.sample(output, noise))
    states = special.softmax(output[0, :, 6 * K :], axis=-1)
    for step in range(STEPS):
        shares = np.bincount(drawn[:, step, 2].astype(int), minlength=3) / rows
        np.testing.assert_allclose(shares, states[step], atol=4.5 / 2 / rows**0.5)
    mean = ops.convert_to_numpy(LIKELIHOOD.mean(output[:1]))[0]
    error = drawn.std(axis=0) / rows**0.5
    assert (np.abs(drawn.mean(axis=0) - mean) < 4.5 * error).all()


def test_answers_end_where_the_drawing_does():
    output, noise = raw(50), LIKELIHOOD.noise(np.arange(50), EVENT, 1)
    steps = ops.convert_to_numpy(LIKELIHOOD.sample(output, noise))
    answer = {k: ops.convert_to_numpy(v) for k, v in LIKELIHOOD.drawn(output, noise).items()}
    assert [tensor.name for tensor in LIKELIHOOD.tensors(EVENT)] == list(answer)
    lengths = [np.append(np.flatnonzero(row[:, 2] == 2), STEPS)[0] for row in steps]
    assert len({*lengths}) > 3
    for i, length in enumerate(lengths):
        np.testing.assert_allclose(answer["strokes"][i, :length], steps[i, :length], rtol=1e-6)
        for name in answer:
            assert (answer[name][i, length:] == [0, 0, 2]).all()
    mean = LIKELIHOOD.mean(output)
    full = np.array(lengths) == STEPS
    np.testing.assert_allclose(answer["x_mean"][full], mean[full], rtol=1e-6)


@pytest.mark.parametrize("drawn", [False, True])
def test_no_state_or_component_turns_within_the_margin(drawn):
    output = raw(200)
    noise = LIKELIHOOD.noise(np.arange(200), EVENT, 1) if drawn else None
    margin = ops.convert_to_numpy(LIKELIHOOD.margin(output, noise))
    assert margin.shape == (200,) and margin.min() >= 0.0 and np.median(margin) > 1e-3

    def chosen(output):
        made = LIKELIHOOD.sample(output, noise) if drawn else LIKELIHOOD.mode(output)
        made = ops.convert_to_numpy(made)
        ended = np.cumsum(made[..., 2] == 2, axis=1) > 0
        return np.where(ended[..., None], [0, 0, 2], made)

    # A change of all logits by e moves each probability by e / 2 at most, and cumulated ones so.
    change = np.random.default_rng(3).choice([-1.0, 1.0], output.shape) * margin[:, None, None]
    moved = output.copy()
    logits = [*range(K), *range(6 * K, 6 * K + 3)]
    moved[..., logits] += 0.9 * change[..., logits]
    before, after = chosen(output), chosen(moved.astype(np.float32))
    np.testing.assert_allclose(before, after, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_decoder_is_fed_back_what_it_drew(cell):
    model = catalog.stroke_vae(EVENT, 2, units=4, cell=cell, likelihood=LIKELIHOOD)
    drawn = model.generate(np.arange(3))
    noise = LIKELIHOOD.noise(np.arange(3), EVENT, 1)
    output = model.decoder.unroll(
        drawn["z"], lambda raw, u: LIKELIHOOD.network_input(LIKELIHOOD.sample(raw, u)), noise
    )
    fed = LIKELIHOOD.network_input(LIKELIHOOD.sample(output, noise))
    ended = np.asarray(fed)[..., -1]  # of the pen's three states
    goes_on = np.cumsum(ended, axis=1) - ended == 0
    assert 0 < goes_on.sum() < goes_on.size
    wanted = np.where(goes_on[..., None], model.decoder([drawn["z"], fed]), 0.0)
    np.testing.assert_allclose(output, wanted, atol=1e-4)
    np.testing.assert_allclose(
        drawn["strokes"], LIKELIHOOD.drawn(output, noise)["strokes"], atol=1e-4
    )
    assert model.margin({"seed": np.arange(3)}, drawn).shape == (3,)


def test_the_encoder_reads_as_far_as_the_drawing_goes():
    model = catalog.stroke_vae(EVENT, 2, units=4, likelihood=LIKELIHOOD)
    longer = catalog.stroke_vae((9, 3), 2, units=4, likelihood=LIKELIHOOD)
    for mine, theirs in zip(longer.encoder.weights, model.encoder.weights, strict=True):
        mine.assign(theirs)
    x = drawings(3, [3, 1, 4])
    padded = np.concatenate([x, np.tile(np.float32([0, 0, 2]), (3, 4, 1))], axis=1)
    np.testing.assert_allclose(model.encode(x)["mean"], longer.encode(padded)["mean"], atol=1e-6)


def test_a_schema_of_drawings_gives_the_scale():
    schema = Schema(
        "sequence", EVENT, None, None, features=STROKES, center=(0,) * 3, scale=(7, 7, 1)
    )
    made = likelihoods.of_schema("strokes", schema)
    assert isinstance(made, likelihoods.Strokes) and made.scale == 7.0


def test_it_survives_its_config():
    config = keras.saving.serialize_keras_object(LIKELIHOOD)
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.get_config() == LIKELIHOOD.get_config()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="takes TensorFlow's gradients")
@pytest.mark.parametrize("size", [-1e3, 0.0, 1e3])
def test_no_gradient_is_lost_at_the_extremes(size):
    import tensorflow as tf

    output = tf.fill((2, *LIKELIHOOD.raw_shape(EVENT)), size)
    with tf.GradientTape() as tape:
        tape.watch(output)
        nats = LIKELIHOOD.log_prob(drawings(2, [5, 2]), output)
    assert np.isfinite(nats).all()
    assert np.isfinite(tape.gradient(nats, output)).all()
    drawn = LIKELIHOOD.sample(output, LIKELIHOOD.noise(np.arange(2), EVENT, 1))
    assert np.abs(drawn).max() < 1e3 * SCALE * WIDEST


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: likelihoods.Strokes(0), "components=0"),
        (lambda: likelihoods.Strokes(scale=0.0), "scale=0.0"),
        (lambda: LIKELIHOOD.raw_shape((28, 28, 1)), r"drawings \[steps, \(dx, dy, pen\)\]"),
    ],
)
def test_what_cannot_be_is_refused(make, match):
    with pytest.raises(InputError, match=match):
        make()
