"""A tiny model of every likelihood down the whole road: trained, published, proven equal."""

import json
import math

import keras
import numpy as np
import pytest
from publishing import SEED, make_here, rows_of, train

import zoo
from zoo import catalog, likelihoods
from zoo.artifact.endpoints import PROOF_BATCHES
from zoo.datasets import Dataset, Schema, Split, binarize

EVENT = (4, 3)
EVENTS = {"library_negative_binomial": (12,)}
CENTER, SCALE = (50.0, -2e4, 0.0), (10.0, 3e3, 1e-2)
DRAWN = {
    "continuous_bernoulli": lambda random, shape: random.beta(8.0, 0.5, shape),
    "normal": lambda random, shape: random.normal(size=shape),
    "laplace": lambda random, shape: random.laplace(size=shape),
    "discretized_logistic": lambda random, shape: random.integers(0, 256, shape) / 255,
    "categorical": lambda random, shape: random.integers(0, 4, shape),
    "negative_binomial": lambda random, shape: random.negative_binomial(2, 0.3, shape),
    "library_negative_binomial": lambda random, shape: random.negative_binomial(2, 0.3, shape),
    "standardized": lambda random, shape: random.normal(size=shape) * SCALE + CENTER,
}
MADE = {
    "discretized_logistic": lambda: likelihoods.DiscretizedLogistic(2),
    "categorical": lambda: likelihoods.Categorical(4),
    "library_negative_binomial": lambda: likelihoods.LibraryNegativeBinomial(zero_inflated=True),
    "standardized": lambda: likelihoods.Standardized(
        likelihoods.Normal(by_feature=True), CENTER, SCALE
    ),
}


def made(name):
    """A small likelihood of this name."""
    return MADE[name]() if name in MADE else likelihoods.get(name)


def data_of(name):
    """160 training and 70 test events that the likelihood describes."""
    event = EVENTS.get(name, EVENT)
    x = DRAWN[name](np.random.default_rng(0), (230, *event)).astype(np.float32)
    bounds = (float(x.min()), float(x.max()))
    return binarize(
        Dataset(
            "made",
            Split(x[:160]),
            Split(x[160:]),
            Schema("sequence" if len(event) > 1 else "vector", event, *bounds),
            "made",
            "none",
            "all",
        ),
        "none",
    )


def facts_of(likelihood):
    """Its configuration, but for what Keras says of the layers within."""
    config = likelihood.get_config()
    return config | {"likelihood": config["likelihood"]["config"]} if "center" in config else config


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_a_model_of_every_likelihood_is_published_and_proven_equal(name, tmp_path):
    zoo.training.seed_everything(SEED)
    data, options = data_of(name), {"latent": 2, "units": (8,), "seed": SEED}
    model = catalog.dense_vae(data.event_shape, **options, likelihood=made(name))
    done = train(model, data, tmp_path, samples=5, epochs=1, batch_size=64)
    target = tmp_path / "exports" / "dense_vae-made"
    recipe = {"script": "recipes/dense_vae.py", "config": {}, "seed": SEED}
    rows = done.publish(target, recipe, "python recipes/dense_vae.py").rows
    assert all(row.ok for row in rows)
    assert {row.batch for row in rows} == set(PROOF_BATCHES)
    manifest = json.loads((target / "manifest.json").read_text())
    assert manifest["likelihood"] == made(name).family
    metrics = manifest["metrics"]
    if name == "discretized_logistic":
        bits = metrics["nll"] / (math.log(2) * math.prod(EVENT))
        assert metrics["bits_per_dimension"] == pytest.approx(bits)
        assert "bits a value" in (target / "README.md").read_text()
    else:
        assert "bits_per_dimension" not in metrics
    copy = keras.saving.load_model(target / "model.keras", safe_mode=True)
    assert facts_of(copy.likelihood) == facts_of(model.likelihood)
    app = zoo.load(target)
    besides = {each: [9.0, 9.0] for each in made(name).covariates}
    answer = app.generate([1, 2], **besides)
    assert answer.x_mean.shape == (2, *data.event_shape)
    assert hasattr(answer, "draw") == (name == "library_negative_binomial")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["discretized_logistic", "categorical", "negative_binomial", "standardized"]
)
def test_what_feeds_back_draws_is_proven_equal(name, tmp_path):
    keras.utils.set_random_seed(1)
    model = catalog.rnn_vae(EVENT, 2, units=5, autoregressive=True, likelihood=made(name))
    random = np.random.default_rng(1)
    for weight in model.trainable_weights:
        weight.assign(random.normal(0.0, 0.5, weight.shape))
    feeding_back = ("reconstruct", "generate")
    rows = rows_of(make_here(model, data_of(name), tmp_path, feeding_back))
    assert all(row.ok for row in rows)
