"""`--precision`: bfloat16 networks in training, float32 in all that is measured and published."""

import functools
import json

import keras
import numpy as np
import pytest
from contract.cases import CASES, build
from contract.conftest import seen
from processes import run_here

import zoo
from zoo.errors import InputError
from zoo.recipe import configuration, precision, shipped
from zoo.training import identity

TINY = ["--units", "12", "--latent", "2", "--epochs", "2", "--samples", "5", "--no-float16"]
TINY += ["--no-sample-quality"]


def losses(name, data, chosen):
    """Losses of a tiny model before and after a step, and what its networks compute in."""
    with precision.of_networks(chosen):
        model = build(name, data.event_shape)
    model.compile(keras.optimizers.Adam(1e-3), run_eagerly=True)  # tracing would take longer
    x = data.train.inputs(np.arange(64), model.conditions)
    x = tuple(x) if len(x) > 1 else x[0]
    found = [float(model.train_on_batch(x, return_dict=True)["loss"]) for _ in range(2)]
    networks = (model.encoder, model.decoder)
    return found, {layer.compute_dtype for each in networks for layer in each._flatten_layers()}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_model_takes_a_step_in_bfloat16_whose_loss_is_that_of_float32(name):
    data = seen(CASES[name])
    wanted, plain = losses(name, data, "float32")
    found, mixed = losses(name, data, "bfloat16")
    assert plain == {"float32"} and "bfloat16" in mixed
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, wanted, rtol=0.02)
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.slow
def test_a_recipe_trains_in_bfloat16_and_what_is_published_is_float32(tmp_path):
    here = functools.partial(run_here, "recipes/dense_vae.py", cwd=tmp_path)
    done = here(*TINY, "--precision", "bfloat16")
    assert done.returncode == 0, done.stderr
    assert "bfloat16); artifact" in done.stdout and "DIFFERS" not in done.stdout
    folder = tmp_path / "exports" / "dense_vae-digits"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["recipe"]["config"]["precision"] == "bfloat16"
    assert "--precision bfloat16" in manifest["recipe"]["command"]
    model = keras.saving.load_model(folder / "model.keras")
    assert {layer.dtype_policy.name for layer in model._flatten_layers()} == {"float32"}
    # The nats are those of what is published.
    data = zoo.datasets.binarize(zoo.datasets.load("digits"), "dynamic", 0)
    found = zoo.evaluate(model, data, samples=5).metrics
    assert found["nll"] == pytest.approx(manifest["metrics"]["nll"], rel=1e-6)
    refused = here(*TINY, "--from", folder, "--precision", "bfloat16", "--replace")
    assert refused.returncode == 2 and "--from trains on those of" in refused.stderr


def test_a_run_is_another_one_in_another_precision():
    def made(chosen):
        with precision.of_networks(chosen):
            return zoo.catalog.dense_vae((8, 8, 1), latent=2, units=(4,))

    digests = [identity.of_model(made(each)) for each in ("bfloat16", "float32", "bfloat16")]
    assert digests[0] == digests[2] != digests[1]
    config = shipped.load("dense_vae").Config(precision="bfloat16")
    data = zoo.datasets.binarize(zoo.datasets.load("digits"), "none", 0)
    assert (
        configuration.identity(config, data, None)["precision"] == "bfloat16"
    )  # `--resume` names it


def test_float32_asks_nothing_and_bfloat16_is_computed_here():
    precision.require("float32", "an artifact")
    precision.require("bfloat16")
    with pytest.raises(InputError, match=r"--from trains on those of conv_vae-mnist"):
        precision.require("bfloat16", "conv_vae-mnist")


def test_a_device_that_does_not_compute_in_it_is_named_with_what_it_said(monkeypatch):
    def none(*_, **__):
        raise NotImplementedError("No kernel of Conv2D for bfloat16\nand more")

    monkeypatch.setattr(keras.ops, "conv", none)
    said = r"Keras on \w+ on \w+:0 does not compute in it .*No kernel of Conv2D for bfloat16\)"
    with pytest.raises(InputError, match=said):
        precision.require("bfloat16")


def test_the_policy_is_what_it_was_when_building_fails():
    with pytest.raises(ZeroDivisionError), precision.of_networks("bfloat16"):
        assert keras.layers.Dense(2).compute_dtype == "bfloat16"
        raise ZeroDivisionError
    assert keras.config.dtype_policy().name == "float32"


def test_a_model_in_float32_is_published_as_it_is():
    model = zoo.catalog.dense_vae((2, 2, 1), latent=2, units=(3,))
    assert precision.as_published(model, "float32") is model
    with precision.of_networks("bfloat16"):
        mixed = zoo.catalog.dense_vae((2, 2, 1), latent=2, units=(3,))
    bare = precision.as_published(mixed, "bfloat16")
    assert {layer.compute_dtype for layer in bare._flatten_layers()} == {"float32"}
    for mine, theirs in zip(bare.weights, mixed.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
