"""A training that was begun on another backend: what has ended goes on, what has not is refused."""

import json

import keras
import numpy as np
import pytest

from zoo import catalog, datasets, training
from zoo.errors import TrainingError
from zoo.training import checkpoint

SETTINGS = training.Settings(epochs=2, batch_size=128)


def model(units=4):
    training.seed_everything(0)
    return catalog.dense_vae((8, 8, 1), units=(units,), latent=2)


@pytest.fixture(scope="module")
def data():
    return datasets.binarize(datasets.load("digits"), "dynamic")


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    vae = model()
    run = training.fit(vae, data, SETTINGS, tmp_path_factory.mktemp("run"), verbose=0)
    return run, [keras.ops.convert_to_numpy(weight) for weight in vae.weights]


def on_another_backend(run, folder, **progress):
    """The run's folder as the other backend leaves it; `progress` is changed in the checkpoint."""
    other = "jax" if keras.backend.backend() == "tensorflow" else "tensorflow"
    with np.load(run.folder / checkpoint.FILE) as file:
        arrays = dict(file)
    identity = json.loads(str(arrays["identity"])) | {"backend": other}
    place = {"backend": other, "hardware": "another machine", "versions": {"python": "3.11"}}
    known = json.loads(str(arrays["progress"])) | {"place": place} | progress
    arrays |= {"identity": np.array(json.dumps(identity)), "progress": np.array(json.dumps(known))}
    np.savez(folder / checkpoint.FILE, **arrays)
    return other


def test_a_training_that_has_ended_gives_its_weights_and_says_where_it_was(data, trained, tmp_path):
    run, weights = trained
    other = on_another_backend(run, tmp_path)
    vae = model()
    again = training.fit(vae, data, SETTINGS, tmp_path, resume=True, verbose=0)
    assert again.history == run.history and again.best_epoch == run.best_epoch
    assert again.place["backend"] == other and again.place["hardware"] == "another machine"
    for mine, theirs in zip(vae.weights, weights, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(mine), theirs)


def test_a_training_knows_where_it_was_done(trained):
    assert trained[0].place["backend"] == keras.backend.backend()
    assert trained[0].place["versions"]["keras"] == keras.__version__


def test_a_training_that_has_not_ended_is_refused_with_what_is_possible(data, trained, tmp_path):
    other = on_another_backend(trained[0], tmp_path, epoch=1)
    with pytest.raises(TrainingError, match=f"Go on with KERAS_BACKEND={other}, here or where"):
        training.fit(model(), data, SETTINGS, tmp_path, resume=True, verbose=0)


def test_a_training_with_other_options_is_refused_by_their_names_alone(data, trained, tmp_path):
    on_another_backend(trained[0], tmp_path)
    other = training.Settings(epochs=3, batch_size=128)
    with pytest.raises(TrainingError, match="epochs: 2 then, 3 now") as raised:
        training.fit(model(), data, other, tmp_path, resume=True, verbose=0)
    assert "backend" not in str(raised.value)


def test_weights_that_do_not_fit_are_never_restored(trained, tmp_path):
    on_another_backend(trained[0], tmp_path)
    _, _, arrays = checkpoint.load(tmp_path)
    with pytest.raises(TrainingError, match="do not fit this model"):
        checkpoint.restore_best(model(units=5), arrays)
