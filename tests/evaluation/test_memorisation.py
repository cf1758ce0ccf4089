"""Errors of models whose reconstructions are known, and of one that learns by heart."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import layers, ops
from scipy import stats

from zoo import catalog, datasets
from zoo.datasets import Dataset, Schema, Split
from zoo.evaluation import memorisation
from zoo.models.autoencoder import Autoencoder

SIZE = 6


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    train, test = (rng.uniform(0.05, 0.95, (n, SIZE)).astype(np.float32) for n in (40, 30))
    return datasets.binarize(
        Dataset("grey", Split(train), Split(test), Schema("vector", (SIZE,)), "made", "", "all"),
        "none",
    )


@keras.saving.register_keras_serializable(package="tests")
class Logit(layers.Layer):
    def call(self, x):
        return ops.log(x) - ops.log1p(-x)


def identity(factor):
    """An autoencoder whose logits are `factor` times those of x."""
    x, z = keras.Input((SIZE,)), keras.Input((SIZE,))
    encoder = keras.Model(x, {"z": Logit()(x)})
    return Autoencoder(encoder, keras.Model(z, layers.Rescaling(factor)(z)))


def test_a_perfect_reconstruction_has_no_error(data):
    errors = dict(memorisation.errors(identity(1.0), data.train, data.test))
    for name in ("error_train", "error_test", "error_gap"):
        assert errors[name] == pytest.approx(0.0, abs=1e-5)


def test_the_error_of_grey_values_is_a_divergence(data):
    """A decoder that knows nothing says 1/2 everywhere: KL(x || 1/2) = ln 2 - H(x) a value."""
    errors = dict(memorisation.errors(identity(0.0), data.train, data.test))
    x = data.test.examples(np.arange(30))
    wanted = np.mean(np.sum(stats.entropy(np.stack([x, 1 - x]), np.full((2, 1, 1), 0.5)), axis=1))
    assert errors["error_test"] == pytest.approx(wanted, rel=1e-5)
    assert errors["error_gap"] == pytest.approx(errors["error_test"] - errors["error_train"])


def test_no_more_examples_are_taken_than_asked_for(data):
    train, test = data.train, data.test
    few = dict(memorisation.errors(identity(0.0), train, test, most=10))
    shorter = (dataclasses.replace(part, split=part.split.take(10)) for part in (train, test))
    assert few == pytest.approx(dict(memorisation.errors(identity(0.0), *shorter)))


@pytest.mark.slow
def test_what_has_nothing_to_generalise_is_learned_by_heart():
    rng = np.random.default_rng(1)
    train, test = (rng.integers(0, 2, (n, 64)).astype(np.float32) for n in (20, 200))
    noise = datasets.binarize(
        Dataset("noise", Split(train), Split(test), Schema("vector", (64,)), "made", "", "all"),
        "none",
    )
    keras.utils.set_random_seed(0)
    model = catalog.dense_ae((64,), latent=8, units=(64,))
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(train, train, batch_size=20, epochs=150, verbose=0)
    errors = dict(memorisation.errors(model, noise.train, noise.test))
    # Of 64 fair bits an honest code of 8 numbers cannot tell all: 64 ln 2 = 44 nats knowing none.
    assert errors["error_train"] < 5 and errors["error_test"] > 44
    assert errors["error_gap"] > 39
