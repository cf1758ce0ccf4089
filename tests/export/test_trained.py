"""The model that was trained, whatever it computes in, and the file that is made of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo import catalog
from zoo.errors import ExportError
from zoo.export import precision, test_data
from zoo.export.trained import require_same_answers


@pytest.fixture(params=["mixed_bfloat16", "mixed_float16"])
def mixed(request, digits):
    """A tiny model of a mixed policy."""
    keras.config.set_dtype_policy(request.param)
    try:
        zoo.training.seed_everything(1)
        yield catalog.dense_vae(digits.event_shape, latent=3, units=(16,))
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.slow
def test_a_model_of_mixed_precision_is_published_in_float32(mixed, trained, tmp_path):
    assert precision.is_mixed(mixed) and not precision.is_mixed(trained.model)
    done = trained.publish(tmp_path / "exports" / "dense_vae-digits", model=mixed)
    keras.config.set_dtype_policy("float32")  # where somebody else loads it
    copy = keras.saving.load_model(done.folder / "model.keras")
    assert not precision.is_mixed(copy)
    for mine, theirs in zip(copy.weights, mixed.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(theirs))
    x = trained.data.test.examples(range(5))
    wanted = mixed.bare().encode(x)["mean"]
    np.testing.assert_allclose(zoo.load(done.folder).encode(x).mean, wanted, rtol=1e-4, atol=1e-5)
    assert np.abs(np.asarray(mixed.encode(x)["mean"]) - np.asarray(wanted)).max() > 1e-4


def test_tf32_is_off_while_the_trained_model_answers_and_as_it_was_afterwards():
    from tensorflow.config import experimental

    for before in (True, False):
        experimental.enable_tensor_float_32_execution(before)
        with precision.without_tf32():
            assert not experimental.tensor_float_32_execution_enabled()
        assert experimental.tensor_float_32_execution_enabled() is before
        with pytest.raises(KeyError), precision.without_tf32():
            raise KeyError
        assert experimental.tensor_float_32_execution_enabled() is before
    experimental.enable_tensor_float_32_execution(True)


def test_the_trained_model_is_asked_without_tf32(trained, tmp_path):
    """Where its answers come from a device that rounds, they are those of float32 all the same."""
    contract = {"decode": trained.model.endpoints()["decode"]}
    test_data.write(
        trained.model, contract, test_data.examples(trained.model, trained.data, 4), tmp_path
    )
    seen = []

    class Watched(type(trained.model)):
        def decode(self, z, *condition):
            seen.append(tf.config.experimental.tensor_float_32_execution_enabled())
            return super().decode(z, *condition)

    watched = Watched.from_config(trained.model.get_config())
    for mine, theirs in zip(watched.weights, trained.model.weights, strict=True):
        mine.assign(theirs)
    require_same_answers(watched, contract, tmp_path)
    assert seen == [False]
    watched.decoder.get_layer("output").bias.assign_add([0.01, 0, 0, 0])
    with pytest.raises(ExportError, match=r"trained model does not answer as its Keras file does"):
        require_same_answers(watched, contract, tmp_path)
