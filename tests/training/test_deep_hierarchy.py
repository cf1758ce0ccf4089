"""More than twenty groups of latents train at the learning rate that recipes have."""

import dataclasses

import numpy as np
import pytest

import zoo
from zoo import training
from zoo.datasets import binarize
from zoo.objectives import GroupFreeBits

GROUPS = (1, 11, 10)
SIZES = {"top": 2, "channels": 1, "filters": (4, 4), "dense": 4}


def enlarged(data):
    """The same pictures, 2x2 pixels for each."""
    train, test = (
        zoo.datasets.Split(np.repeat(np.repeat(split.batch(range(len(split))), 2, 1), 2, 2))
        for split in (data.train, data.test)
    )
    schema = dataclasses.replace(data.schema, shape=(16, 16, 1))
    return dataclasses.replace(data, train=train, test=test, schema=schema)


@pytest.mark.slow
def test_more_than_twenty_groups_train_to_finite_nats(tmp_path):
    data = binarize(enlarged(zoo.datasets.load("digits")), "dynamic")
    training.seed_everything(0)
    model = zoo.catalog.hierarchical_vae(
        data.event_shape, groups=GROUPS, **SIZES, objective=GroupFreeBits(0.1)
    )
    assert len(model.latents.groups) == 22
    settings = training.Settings(epochs=2, batch_size=32, steps_per_epoch=15, validation_share=0.1)
    assert settings.learning_rate == 3e-3  # what recipes have unless told
    run = training.fit(model, data, settings, tmp_path)
    first, last = (row["elbo"] for row in run.history)
    assert np.isfinite(first) and last > first
    x = data.test.examples(np.arange(20))
    drawn = np.random.default_rng(0).standard_normal((20, model.latent)).astype(np.float32)
    draw = model.latents.infer(model.features(x, ()), drawn)
    kl = np.array([np.mean(each) for each in draw.kl.values()])
    assert np.isfinite(kl).all() and (kl >= 0).all() and kl.sum() > 0.1
    assert np.isfinite(np.asarray(draw.state)).all() and np.std(draw.state) < 20
    assert all(np.isfinite(np.asarray(weight)).all() for weight in model.weights)
