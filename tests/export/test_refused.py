"""Models that cannot be exported are refused, by name, and leave nothing behind."""

import logging

import keras
import numpy as np
import pytest
import tf2onnx
from keras import layers, ops

from zoo.errors import ExportError
from zoo.export.saved_model import functions
from zoo.models.vae import VAE
from zoo.networks import conv


@keras.saving.register_keras_serializable(package="tests")
class SamplesInside(layers.Layer):
    """Adds noise that the backend draws: no ONNX operator means the same."""

    def __init__(self, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, z):
        return z + keras.random.normal(ops.shape(z), seed=self.generator)

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


def vae(decoder_layers):
    z = keras.Input((3,), name="z")
    h = z
    for layer in (*decoder_layers, layers.Dense(64), layers.Reshape((8, 8, 1))):
        h = layer(h)
    encoder = conv.encoder((8, 8, 1), 3, filters=(4,), dense=8)
    return VAE(encoder, keras.Model(z, h, name="decoder"), name="conv_vae")


@pytest.mark.slow
def test_a_decoder_that_samples_is_refused_by_the_operators_name(trained, tmp_path):
    target = tmp_path / "exports" / "conv_vae-digits"
    with pytest.raises(ExportError, match=r"decode.*StatelessRandomNormal"):
        trained.publish(target, model=vae([SamplesInside()]))
    assert list(target.parent.iterdir()) == []


def test_tf2onnx_alone_only_logs_what_makes_that_graph_invalid(caplog):
    model = vae([SamplesInside()])
    function, specs = functions(model, model.endpoints())["decode"]
    with caplog.at_level(logging.ERROR, logger="tf2onnx"):
        graph, _ = tf2onnx.convert.from_function(function, specs, opset=18)
    assert any("StatelessRandomNormal" in record.getMessage() for record in caplog.records)
    assert any("StatelessRandomNormal" in node.op_type for node in graph.graph.node)


def test_a_model_whose_answers_are_not_finite_is_refused(trained, tmp_path):
    model = type(trained.model).from_config(trained.model.get_config())
    bias = model.decoder.get_layer("output").bias
    bias.assign(np.full(bias.shape, np.nan, np.float32))
    target = tmp_path / "exports" / "conv_vae-digits"
    with pytest.raises(ExportError, match=r"`decode` gives values in `x_mean`"):
        trained.publish(target, model=model)
    assert list(target.parent.iterdir()) == []


def test_a_second_artifact_of_the_same_name_is_refused(trained, copied_artifact):
    before = {p: p.read_bytes() for p in copied_artifact.rglob("*") if p.is_file()}
    with pytest.raises(ExportError, match=r"exists already.*--replace"):
        trained.publish(copied_artifact)
    assert before == {p: p.read_bytes() for p in copied_artifact.parent.rglob("*") if p.is_file()}
