"""A hierarchical VAE's run: its warm-up goes on where it was when it is resumed."""

import os
import signal

import keras
import numpy as np
import pytest

import zoo
from zoo import training
from zoo.datasets import binarize
from zoo.objectives import GroupFreeBits
from zoo.schedules import Linear

SETTINGS = training.Settings(epochs=2, batch_size=256, validation_share=0.1, patience=0)
STEP = 3  # of the six of the first epoch
OPTIONS = {"groups": (1, 1), "top": 2, "channels": 1, "filters": (3,), "dense": 4}


class Stop(keras.callbacks.Callback):
    """Sends this process SIGTERM at a step."""

    def on_train_batch_begin(self, batch, logs=None):
        if batch == STEP:
            os.kill(os.getpid(), signal.SIGTERM)


def fitted(folder, *callbacks, resume=False):
    """(weights, steps that the warm-up has counted) that the model ends with."""
    data = binarize(zoo.datasets.load("digits"), "dynamic")
    training.seed_everything(0)
    objective = GroupFreeBits(0.5, Linear(0.0, 1.0, 9))
    model = zoo.catalog.hierarchical_vae((8, 8, 1), **OPTIONS, objective=objective)
    fit = model.fit
    model.fit = lambda *a, callbacks, **k: fit(*a, callbacks=[*mine, *callbacks], **k)
    mine = callbacks
    training.fit(model, data, SETTINGS, folder, resume=resume)
    return [keras.ops.convert_to_numpy(w) for w in model.weights], int(model.step)


@pytest.mark.slow
def test_an_interrupted_run_resumes_to_the_same_weights_and_warm_up(tmp_path):
    wanted, steps = fitted(tmp_path / "whole")
    with pytest.raises(training.Interrupted):
        fitted(tmp_path / "cut", Stop())
    resumed, resumed_steps = fitted(tmp_path / "cut", resume=True)
    assert resumed_steps == steps
    for a, b in zip(resumed, wanted, strict=True):
        np.testing.assert_array_equal(a, b)
