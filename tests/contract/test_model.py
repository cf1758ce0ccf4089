"""What holds for every model of the catalog before it is trained."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from contract.cases import CASES, TEST_ONLY, inputs
from zoo.objectives import ELBO

ROWS = 12


def given(model, name, data, rows=ROWS):
    """(what `call` takes, x)."""
    arrays = inputs(name, data, rows)
    return (tuple(arrays) if len(arrays) > 1 else arrays[0]), arrays[0]


def step(model, name, data):
    """A loss with its gradients by weight, as in a training step."""
    x = given(model, name, data)
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x[0], x[1], model(x[0], training=True))
    return float(loss), tape.gradient(loss, [w.value for w in model.trainable_weights])


def test_every_entry_has_a_case_and_every_case_an_entry():
    entries = {case.entry or name for name, case in CASES.items()}
    assert entries == {*zoo.catalog.names(), TEST_ONLY}


@pytest.mark.slow
def test_add_loss_holds_the_objectives_regulariser(model, name, data, case):
    loss, _ = step(model, name, data)
    reconstruction = float(model.reconstruction_tracker.result())
    if not case.generates:  # no prior, no KL
        assert model.losses == [] and loss == pytest.approx(reconstruction, rel=1e-6)
        return
    (added,) = model.losses
    if model.objective.additive:
        assert loss == pytest.approx(reconstruction + float(added), rel=1e-6)
    else:
        assert loss == pytest.approx(-float(model.bound_tracker.result()), rel=1e-5)
    if case.codes:  # and the commitment to codes: see tests/models/test_vq_vae.py
        assert float(added) > float(model.kl_tracker.result()) > 0
        return
    normal = model.latents.diagonal_normal and model.exact_kl and not case.hides
    if isinstance(model.objective, ELBO) and normal:
        posterior = {k: np.asarray(v) for k, v in model.encode(*inputs(name, data, ROWS)).items()}
        mean, log_var = posterior["mean"], posterior["log_var"]
        kl = 0.5 * np.sum(np.exp(log_var) + mean**2 - 1 - log_var, axis=1).mean()
        assert float(added) == pytest.approx(model.objective.beta * kl, rel=1e-4)
    elif isinstance(model.objective, ELBO):
        kl = float(model.kl_tracker.result())
        assert kl > 0 if model.exact_kl else kl != 0  # what is sampled may be below 0
        assert float(added) == pytest.approx(model.objective.beta * kl, rel=1e-5)
    else:
        assert float(added) != 0.0


@pytest.mark.slow
def test_gradients_reach_every_trainable_weight(model, name, data):
    _, gradients = step(model, name, data)
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, weight.path


@pytest.mark.slow
def test_nats_are_sums_over_the_event(model, name, data):
    """An untrained Bernoulli decoder says about 1/2 everywhere: ln 2 a value, all of them added."""
    if model.likelihood.family != "bernoulli":
        pytest.skip("not a Bernoulli likelihood")
    score = np.asarray(model.score(*inputs(name, data, ROWS))["reconstruction"])
    values = np.prod(data.event_shape)
    assert score.shape == (ROWS,)
    assert score.mean() == pytest.approx(values * np.log(2), rel=0.1)


@pytest.mark.slow
def test_the_endpoints_are_those_of_the_design(model, name, data, case):
    stated = {
        key: tuple(
            [(t.name, t.dtype, t.shape) for t in side]
            for side in (endpoint.inputs, endpoint.outputs)
        )
        for key, endpoint in model.endpoints().items()
    }
    wanted = case.endpoints(data.event_shape)
    assert stated == wanted and list(stated) == list(wanted)
    of_x = {t.name for t in model.likelihood.example(data.event_shape)}
    taken = model.endpoints()["encode"].inputs
    below = {t.name: t.below for t in taken if t.below and t.name not in of_x}
    assert below == case.conditions == model.conditions
    assert model.generates == ("generate" in model.endpoints()) == case.generates
    for endpoint, (_, outputs) in wanted.items():
        answer = getattr(model, endpoint)(*inputs(name, data, 3, endpoint))
        assert set(answer) == {output for output, _, _ in outputs}, endpoint
        for output, dtype, shape in outputs:
            value = np.asarray(answer[output])
            assert (value.dtype, value.shape) == (dtype, (3, *shape[1:])), (endpoint, output)
            assert np.isfinite(value).all()


def without_ids(config):
    """A config as JSON has it, without Keras's `shared_object_id`, which is a memory address."""
    if isinstance(config, dict):
        return {k: without_ids(v) for k, v in config.items() if k != "shared_object_id"}
    return [without_ids(v) for v in config] if isinstance(config, list | tuple) else config


@pytest.mark.slow
def test_the_keras_file_gives_the_model_back_in_safe_mode(model, name, data, tmp_path):
    x, y = given(model, name, data)
    model.train_on_batch(x, y)
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert without_ids(copy.get_config()) == without_ids(model.get_config())
    for mine, theirs in zip(copy.weights, model.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(theirs), err_msg=theirs.path)
    arrays = inputs(name, data, ROWS)
    score = copy.score(*arrays)
    for key, value in model.score(*arrays).items():
        np.testing.assert_allclose(score[key], value, rtol=1e-5)
    copy.train_on_batch(x, y)  # and trains on


@pytest.mark.slow
def test_every_layer_comes_back_from_its_config(model):
    layers = [part for part in model._flatten_layers(include_self=False) if part is not model]
    assert len(layers) > 5
    for layer in layers:
        config = keras.saving.serialize_keras_object(layer)
        copy = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
        assert type(copy) is type(layer)
        again = keras.saving.serialize_keras_object(copy)
        assert json.dumps(without_ids(again)) == json.dumps(without_ids(config)), layer.name


def test_a_misspelt_option_is_refused_by_name(name, case, data):
    if name == TEST_ONLY:
        pytest.skip("has no builder in the catalog")
    with pytest.raises(zoo.errors.InputError, match="latnt"):
        zoo.catalog.build(case.entry or name, data.event_shape, latnt=3)
