"""Training on examples that lie on the device is training on those that the host hands over."""

import dataclasses

import keras
import numpy as np
import pytest

from zoo import catalog, datasets, training
from zoo.datasets import resident
from zoo.training import checkpoint

SETTINGS = training.Settings(epochs=2, batch_size=128, steps_per_epoch=4, seed=3)


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


def trained(model, data, folder, augment, **options):
    """(history, weights, how many examples were on the device at each step)."""
    training.seed_everything(0)
    model = catalog.build(model, data.event_shape, **options)
    held, original = [], type(model).make_train_function

    def noted(model, force=False):
        held.append(0 if model.feed is None else len(model.feed.values))
        original(model, force)

    model.make_train_function = noted.__get__(model)
    run = training.fit(model, data, dataclasses.replace(SETTINGS, augment=augment), folder)
    assert model.feed is None and model.train_function is None
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in run.history]
    return rows, checkpoint.snapshot(model.weights), held


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "binarization", "augment", "options"),
    [
        ("dense_vae", "dynamic", ("flip", "shift"), {"latent": 2, "units": (8,)}),
        ("conditional_vae", "static", (), {"latent": 2, "filters": (4,), "dense": 8}),
        ("dense_ae", "none", (), {"units": (8,), "likelihood": "continuous_bernoulli"}),
    ],
)
def test_training_does_not_depend_on_where_the_examples_lie(
    digits, tmp_path, monkeypatch, model, binarization, augment, options
):
    data = datasets.binarize(digits, binarization)
    rows, weights, held = trained(model, data, tmp_path / "device", augment, **options)
    assert held and all(each > 1000 for each in held)
    size = (tmp_path / "device" / checkpoint.FILE).stat().st_size
    monkeypatch.setattr(resident, "SHARE", 0.0)
    others, wanted, held = trained(model, data, tmp_path / "host", augment, **options)
    assert held and not any(held)
    # A compiler may sum the same numbers in another order.
    exact = keras.backend.backend() == "tensorflow"
    for row, other in zip(rows, others, strict=True):
        assert row == (other if exact else pytest.approx(other, rel=1e-4))
    for one, other in zip(weights, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=0 if exact else 1e-4)
    assert abs(size - (tmp_path / "host" / checkpoint.FILE).stat().st_size) < 4096


@pytest.mark.slow
def test_a_second_training_is_on_its_own_examples(digits, tmp_path):
    """What was compiled for the first refers to others of the same shape."""
    data = datasets.binarize(digits, "dynamic")
    zeros = np.zeros_like(digits.train.images)
    split = datasets.Split(zeros)
    other = datasets.Dataset("zeros", split, split, digits.schema, "made", "none", "the same")
    training.seed_everything(0)
    model = catalog.build("dense_vae", data.event_shape, latent=2, units=(8,))
    settings = training.Settings(epochs=1, batch_size=128, steps_per_epoch=30, learning_rate=0.02)
    first = training.fit(model, data, settings, tmp_path / "a").history[0]
    second = training.fit(
        model, datasets.binarize(other, "dynamic"), settings, tmp_path / "b"
    ).history[0]
    assert second["reconstruction"] < 0.5 * first["reconstruction"]
