"""Models that take a label, or the length of a padded sequence, besides x and z."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import layers, ops

from zoo import catalog, datasets, training
from zoo.datasets import Dataset, Schema, Split
from zoo.errors import DatasetError, InputError
from zoo.evaluation import figures
from zoo.models.vae import VAE
from zoo.networks.output_layers import normal_posterior
from zoo.objectives import ImportanceWeighted

SETTINGS = training.Settings(epochs=1, batch_size=64, learning_rate=1e-2)


def tiny(**options):
    training.seed_everything(0)
    sizes = {"latent": 3, "filters": (8,), "dense": 32}
    return catalog.conditional_vae((8, 8, 1), **sizes | options)


@pytest.fixture(scope="module")
def untrained():
    return tiny()


@pytest.fixture(scope="module")
def conditional(digits, tmp_path_factory):
    """Trained on the digits for some seconds."""
    vae = tiny()
    data = datasets.binarize(digits, "dynamic")
    settings = dataclasses.replace(SETTINGS, epochs=12)
    training.fit(vae, data, settings, tmp_path_factory.mktemp("conditional"))
    return vae


# --- labels -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_is_decoded_for_a_label_looks_like_its_class(conditional, digits):
    x = digits.train.batch(np.arange(len(digits.train)))
    classes = np.stack([x[digits.train.labels == c].mean(axis=0).ravel() for c in range(10)])
    seeds = np.arange(50)
    for label in range(10):
        images = conditional.generate(seeds, np.full(50, label, np.int32))["x_mean"]
        mean = np.asarray(images).mean(axis=0).ravel()
        nearest = np.argmin(np.square(classes - mean).sum(axis=1))
        assert nearest == label


@pytest.mark.slow
def test_one_latent_decodes_to_another_image_for_another_label(conditional):
    z = np.random.default_rng(0).standard_normal((10, 3)).astype(np.float32)
    images = [
        np.asarray(conditional.decode(z, np.full(10, label, np.int32))["x_mean"])
        for label in (0, 1)
    ]
    assert (np.abs(images[0] - images[1]).max(axis=(1, 2, 3)) > 0.3).all()


@pytest.mark.slow
def test_the_grid_of_prior_samples_has_one_label_a_column(conditional):
    grid = figures.prior_grid(conditional, seed=3, rows=2)
    assert grid.shape == (2, 10, 8, 8, 1)
    for column in range(10):
        seeds = [3 * 20 + column, 3 * 20 + 10 + column]
        wanted = conditional.generate(seeds, np.full(2, column, np.int32))["x_mean"]
        np.testing.assert_allclose(grid[:, column], wanted, atol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda vae, x, z: vae.encode(x),
        lambda vae, x, z: vae.decode(z),
        lambda vae, x, z: vae.reconstruct(x),
        lambda vae, x, z: vae.generate([1, 2]),
        lambda vae, x, z: vae.score(x),
        lambda vae, x, z: vae(x),
    ],
)
def test_a_missing_label_is_named(untrained, call):
    x, z = np.zeros((2, 8, 8, 1), np.float32), np.zeros((2, 3), np.float32)
    with pytest.raises(InputError, match="conditional_vae takes label besides x or z"):
        call(untrained, x, z)


def test_a_label_for_a_model_that_takes_none_is_refused():
    vae = catalog.dense_vae((8, 8, 1), latent=2, units=(4,))
    with pytest.raises(InputError, match="takes nothing besides"):
        vae.decode(np.zeros((2, 2), np.float32), np.zeros(2, np.int32))


def test_labels_out_of_range_are_refused_before_training(digits, tmp_path):
    data = datasets.binarize(digits, "dynamic")
    with pytest.raises(InputError, match="labels from 0 to 9; the model takes 0 to 4"):
        training.fit(tiny(classes=5), data, SETTINGS, tmp_path)
    assert not list(tmp_path.iterdir())


def test_data_without_labels_is_refused_for_a_conditional_model(digits, untrained, tmp_path):
    bare = dataclasses.replace(
        digits, train=Split(digits.train.images), test=Split(digits.test.images)
    )
    with pytest.raises(DatasetError, match=r"no label.*\.npz with y"):
        training.fit(tiny(), datasets.binarize(bare, "dynamic"), SETTINGS, tmp_path)
    with pytest.raises(DatasetError, match="digits has no labels"):
        datasets.label_count(bare)
    assert datasets.label_count(digits) == 10


def test_one_class_tells_nothing():
    with pytest.raises(InputError, match="classes=1"):
        tiny(classes=1)


# --- lengths ----------------------------------------------------------------------------------

STEPS, FEATURES = 6, 2
LENGTHS = np.array([0, 1, 4, 6], np.int32)


def sequential(**options):
    """A VAE of sequences whose encoder does not look past their end."""
    keras.utils.set_random_seed(0)
    x, length = keras.Input((STEPS, FEATURES)), keras.Input((), dtype="int32")
    counts = ops.greater(ops.expand_dims(length, 1), np.arange(STEPS, dtype=np.int32)[None])
    h = layers.Flatten()(x * ops.expand_dims(ops.cast(counts, "float32"), 2))
    encoder = keras.Model([x, length], normal_posterior(layers.Dense(8)(h), 2))
    z, other = keras.Input((2,)), keras.Input((), dtype="int32")
    h = layers.Dense(STEPS * FEATURES)(z) + 0.0 * ops.expand_dims(ops.cast(other, "float32"), 1)
    decoder = keras.Model([z, other], layers.Reshape((STEPS, FEATURES))(h))
    vae = VAE(encoder, decoder, conditions={"length": STEPS + 1}, **options)
    vae.compile(run_eagerly=True)  # a step or two: tracing would take longer
    return vae


@pytest.fixture(scope="module")
def padded():
    """Two arrays that differ past the ends of their sequences only."""
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 2, (2, 4, STEPS, FEATURES)).astype(np.float32)
    counts = np.arange(STEPS)[None, :, None] < LENGTHS[:, None, None]
    other = np.where(counts, one, 1 - one)
    assert (one != other).sum() == (STEPS - LENGTHS).sum() * FEATURES
    return one, other


def test_the_weight_is_one_before_the_end_and_zero_after():
    weight = np.asarray(sequential()._step_weight((LENGTHS,)))
    assert weight.shape == (4, STEPS, 1)
    np.testing.assert_array_equal(
        weight[..., 0],
        [[0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]],
    )


def test_what_lies_past_the_end_changes_no_score_and_no_weight(padded):
    vae = sequential()
    noise = np.random.default_rng(1).standard_normal((4, 5, 2)).astype(np.float32)
    for method, more in (("score", ()), ("terms", (noise,)), ("log_weight", (noise,))):
        one, other = (getattr(vae, method)(x, *more, LENGTHS) for x in padded)
        if not isinstance(one, dict):
            one, other = {"": one}, {"": other}
        for key in one:
            np.testing.assert_array_equal(np.asarray(one[key]), np.asarray(other[key]), key)
    empty = np.asarray(vae.score(padded[0], LENGTHS)["reconstruction"])[0]
    assert empty == 0.0  # a sequence without steps has nothing to tell


@pytest.mark.slow
@pytest.mark.parametrize("draws", [1, 3])
def test_what_lies_past_the_end_changes_no_loss(padded, draws):
    losses = []
    for x in padded:
        vae = sequential(objective=ImportanceWeighted(draws))
        losses.append(vae.train_on_batch((x, LENGTHS), x, return_dict=True))
    assert losses[0] == losses[1]
    longer = sequential(objective=ImportanceWeighted(draws)).train_on_batch(
        (padded[0], np.minimum(LENGTHS + 1, STEPS)), padded[0], return_dict=True
    )
    assert longer["reconstruction"] > losses[0]["reconstruction"]


def test_what_is_decoded_past_the_end_is_zero():
    vae = sequential()
    means = np.asarray(vae.generate(np.arange(4), LENGTHS)["x_mean"])
    for row, length in zip(means, LENGTHS, strict=True):
        assert (row[:length] > 0).all() and (row[length:] == 0).all()


@pytest.mark.slow
def test_lengths_train_from_a_split_that_has_them(padded, tmp_path):
    x = np.tile(padded[0], (16, 1, 1))
    split = Split(x, lengths=np.tile(LENGTHS, 16).astype(np.int64))
    data = Dataset(
        "toy", split, split, Schema("sequence", (STEPS, FEATURES), lengths=True), "-", "-", "-"
    )
    vae = sequential()
    run = training.fit(vae, datasets.binarize(data, "none"), SETTINGS, tmp_path)
    assert np.isfinite(run.history[-1]["val_elbo"])
    bad = dataclasses.replace(split, lengths=split.lengths + 1)
    data = dataclasses.replace(data, train=bad)
    with pytest.raises(InputError, match="lengths from 1 to 7; the model takes 0 to 6"):
        training.fit(vae, datasets.binarize(data, "none"), SETTINGS, tmp_path / "other")
