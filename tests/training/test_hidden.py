"""What training hides from an encoder: anew each step, and the same after a resume."""

import os
import signal

import keras
import numpy as np
import pytest
import tables

import zoo
from zoo import training
from zoo.datasets import binarize

SETTINGS = training.Settings(epochs=2, batch_size=32, validation_share=0.1, patience=0)
STEP = 3  # of the four or five of the first epoch


class Stop(keras.callbacks.Callback):
    """Sends this process SIGTERM at a step."""

    def on_train_batch_begin(self, batch, logs=None):
        if batch == STEP:
            os.kill(os.getpid(), signal.SIGTERM)


def fitted(folder, *callbacks, hidden=0.2, resume=False):
    """The weights that a table's model ends with."""
    data = binarize(tables.data(), "none")
    zoo.training.seed_everything(0)
    likelihood = zoo.likelihoods.of_schema("auto", data.schema)
    options = {"latent": 2, "units": (8,), "hidden": hidden, "likelihood": likelihood}
    model = zoo.catalog.build("table_vae", data.event_shape, **options)
    fit = model.fit
    model.fit = lambda *a, callbacks, **k: fit(*a, callbacks=[*mine, *callbacks], **k)
    mine = callbacks
    training.fit(model, data, SETTINGS, folder, resume=resume)
    return [keras.ops.convert_to_numpy(w) for w in model.weights]


@pytest.mark.slow
def test_an_interrupted_run_resumes_to_the_same_weights(tmp_path):
    wanted = fitted(tmp_path / "whole")
    with pytest.raises(training.Interrupted):
        fitted(tmp_path / "cut", Stop())
    resumed = fitted(tmp_path / "cut", resume=True)
    for a, b in zip(resumed, wanted, strict=True):
        np.testing.assert_array_equal(a, b)
    other = fitted(tmp_path / "other", hidden=0.1)
    assert any((a != b).any() for a, b in zip(other, wanted, strict=True))
