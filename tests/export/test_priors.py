"""A tiny model of every learned prior, bent by weights that were drawn, proven equal."""

import numpy as np
import pytest
from publishing import make_here, rows_of

import zoo
from zoo import catalog
from zoo.datasets import Dataset, Schema, Split, binarize
from zoo.export import test_data
from zoo.latents import priors
from zoo.runtime import replay

EVENT = (4, 3)
MODELS = {
    "mixture": lambda: catalog.dense_vae(EVENT, 3, (8,), prior=priors.MixtureOfNormals(7)),
    "flow": lambda: catalog.dense_vae(EVENT, 3, (8,), prior=priors.CouplingFlow(4, (6,))),
    "flow beside a flow": lambda: catalog.flow_vae(
        EVENT, 3, (8,), flow_layers=3, flow_units=(6, 5), context=2, prior="flow"
    ),
    "vampprior of a recurrent encoder": lambda: catalog.rnn_vae(
        EVENT, 3, units=5, prior=priors.VampPrior(6, EVENT)
    ),
}


def data():
    """70 events of ones and zeros."""
    x = np.random.default_rng(0).integers(0, 2, (70, *EVENT)).astype(np.float32)
    return binarize(
        Dataset("made", Split(x), Split(x), Schema("sequence", EVENT), "made", "none", "all"),
        "none",
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_every_learned_prior_is_proven_equal(name, tmp_path):
    zoo.training.seed_everything(1)
    model = MODELS[name]()
    random = np.random.default_rng(1)
    for weight in model.trainable_weights:
        scale = 0.8 if any(weight is each for each in model.latents.prior.weights) else 0.4
        weight.assign(random.normal(0.0, scale, weight.shape))
    z = np.asarray(model.generate(np.arange(300))["z"])
    assert np.abs(np.cov(z.T) - np.eye(3)).max() > 0.2  # not the standard normal
    rows = rows_of(make_here(model, data(), tmp_path))
    assert all(row.ok for row in rows)
    assert {row.runtime for row in rows} == {"keras", "saved_model", "onnx", "onnx float16"}
    in_onnx = [row for row in rows if (row.runtime, row.output) == ("onnx", "z")]
    assert all(row.max_abs < 1e-5 for row in in_onnx)


@pytest.mark.parametrize(
    ("name", "options", "belongs"),
    [
        ("gumbel_vae", {"classes": 4}, lambda z: np.sort(z.reshape(-1, 4)) == [0, 0, 0, 1]),
        ("hyperspherical_vae", {}, lambda z: np.abs(np.linalg.norm(z, axis=1) - 1.0) < 1e-5),
        ("dense_ae", {}, lambda z: np.abs(z).max(axis=0) > 20.0),
    ],
)
def test_the_proof_decodes_latents_that_the_decoder_is_made_for(name, options, belongs, tmp_path):
    zoo.training.seed_everything(1)
    model = catalog.build(name, EVENT, latent=3, units=(8,), **options)
    if name == "dense_ae":  # nothing holds its encodings near 0
        for weight in model.encoder.weights:
            weight.assign(np.random.default_rng(1).normal(0.0, 5.0, weight.shape))
    endpoints = {"decode": model.endpoints()["decode"]}
    test_data.write(model, endpoints, test_data.examples(model, data(), 64), tmp_path)
    given, answer = replay.read(tmp_path, endpoints["decode"])
    z, x_mean = given["z"], answer["x_mean"]
    assert z.dtype == np.float32 and len(np.unique(z, axis=0)) > 10
    assert belongs(z).all()
    np.testing.assert_allclose(model.decode(z)["x_mean"], x_mean, atol=1e-6)
