"""A SavedModel for every runtime of TensorFlow: XLA compiles it, and no device is written in it."""

import keras
import pytest
import tensorflow as tf
from keras import layers

import zoo
from zoo.errors import ExportError
from zoo.export import saved_model
from zoo.models.vae import VAE
from zoo.networks import conv
from zoo.runtime import replay


@pytest.mark.slow
@pytest.mark.parametrize("name", ["encode", "decode", "reconstruct", "generate", "score"])
def test_xla_compiles_every_signature_to_the_same_answers(
    artifact, name, assert_answers_as_the_model
):
    loaded = tf.saved_model.load(str(artifact / "saved_model" / "1"))  # keeps its variables alive
    compiled = tf.function(
        lambda **inputs: loaded.signatures[name](**inputs), jit_compile=True, autograph=False
    )
    given, _ = replay.read(artifact, zoo.load(artifact).endpoints[name])
    given = {key: value[:3] for key, value in given.items()}
    answer = compiled(**{key: tf.constant(value) for key, value in given.items()})
    assert_answers_as_the_model(name, 3, {key: value.numpy() for key, value in answer.items()})


def test_no_operation_of_the_saved_model_names_a_device(artifact):
    loaded = tf.saved_model.load(str(artifact / "saved_model" / "1"))
    for name, signature in loaded.signatures.items():
        graph = signature.graph.as_graph_def()
        nodes = [*graph.node, *(n for each in graph.library.function for n in each.node_def)]
        assert not [node.name for node in nodes if node.device], name


@keras.saving.register_keras_serializable(package="tests")
class OnOneDevice(layers.Layer):
    """Bound to a device, as tracing under `tf.device` does it."""

    def call(self, h):
        with tf.device("/device:CPU:0"):
            return tf.sin(h)


@keras.saving.register_keras_serializable(package="tests")
class OfCuDNN(layers.Layer):
    """What a recurrent layer becomes where a GPU is visible."""

    def call(self, h):
        state = tf.zeros((1, tf.shape(h)[0], 4))
        given = {"input": h[None], "input_h": state, "input_c": state, "params": tf.zeros((0,))}
        return tf.raw_ops.CudnnRNNV2(**given)[0][0]


@pytest.mark.parametrize(
    "layer, said",
    [
        (OnOneDevice(), r"decode: Sin .* is bound to /device:CPU:0"),
        (OfCuDNN(), r"decode: CudnnRNNV2 .* is an operator of cuDNN"),
    ],
)
def test_a_graph_that_would_not_run_everywhere_is_refused(layer, said, tmp_path):
    z = keras.Input((3,), name="z")
    h = layers.Reshape((8, 8, 1))(layers.Dense(64)(layer(layers.Dense(4)(z))))
    encoder = conv.encoder((8, 8, 1), 3, filters=(4,), dense=8)
    model = VAE(encoder, keras.Model(z, h, name="decoder"), name="conv_vae")
    endpoints = {"decode": model.endpoints()["decode"]}
    with pytest.raises(ExportError, match=said):
        saved_model.write(model, endpoints, tmp_path / "1")
    assert not (tmp_path / "1").exists()
