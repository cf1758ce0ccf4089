"""The verdict: what is said of models that are not well, on both sides of each threshold."""

import math

import numpy as np
import pytest

import zoo
from zoo.datasets import Dataset, Schema, Split, binarize
from zoo.evaluation import verdict

METRICS = {
    "elbo": -90.0,
    "reconstruction": 70.0,
    "kl": 20.0,
    "reconstruction_train": 68.0,
    "nll": 86.0,
    "baseline_nll": 206.0,
    "active_units": 12,
    "reconstruction_mse": 0.02,
    "pca_mse": 0.03,
    "pca_used_mse": 0.04,
}
PROTOCOL = {
    "n": 10_000,
    "train": 60_000,
    "values": 784,
    "latent": 32,
    "autoregressive": False,
    "kind": "image",
    "baseline": {
        "law": "a smoothed probability of each value by itself",
        "examples": 1000,
        "nll_train": 206.0,
    },
    "pca": {"components": 32, "examples": 1000, "used": 12, "value": "value", "means": True},
}
AUTOENCODER = {"reconstruction": 60.0, "reconstruction_train": 59.0, "baseline_nll": 206.0}
CODES = {"codes_used": 30, "perplexity": 20.0, "kl": 0.05, "nll": 90.0, "baseline_nll": 206.0}


def said(metrics=None, protocol=None):
    return verdict.warnings(METRICS | (metrics or {}), PROTOCOL | (protocol or {}))


def test_nothing_is_said_of_a_good_model():
    assert said() == [] and verdict.is_finite(METRICS)
    assert verdict.warnings(AUTOENCODER | {"active_units": 16}, PROTOCOL) == []
    assert verdict.warnings(CODES | {"reconstruction": 70.0}, PROTOCOL | {"codes": 64}) == []


# Of each rule: what is still well, what is not, and what is then said with what to try.
RULES = [
    ({"nll": 86.0}, {"nll": math.nan}, ["diverged", "nll is nan", "--learning-rate"]),
    ({}, {"elbo": -math.inf}, ["diverged", "elbo is -inf", "--restart"]),
    # 206 nats and ten times 784 values
    ({}, {"nll": 8046.1}, ["diverged", "nll is 8046.1 nats", "206", "--learning-rate"]),
    ({"nll": 205.9}, {"nll": 206.0}, ["206.00 nats", "smoothed probability", "--epochs"]),
    ({"nll": 205.9}, {"nll": 8045.9}, ["no better than the 206.00 nats"]),
    ({"active_units": 4}, {"active_units": 3}, ["Only 3 of 32", "--latent", "free_bits"]),
    ({}, {"active_units": 0, "kl": 0.0}, ["No latent is active", "--anneal linear", "--beta"]),
    ({"kl": 0.11}, {"kl": 0.09}, ["KL is 0.090 nats", "--anneal linear", "--beta"]),
    ({"reconstruction_mse": 0.0399}, {"reconstruction_mse": 0.0401}, ["12 comp", "0.04", "--beta"]),
    # 206 - 68 = 138 nats gained in training, a quarter of which is 34.5
    ({"reconstruction": 102.4}, {"reconstruction": 102.6}, ["34.60 nats less", "--augment"]),
    ({"codes_used": 2}, {"codes_used": 1}, ["One code", "--restart-below"]),
]


@pytest.mark.parametrize(("well", "ill", "parts"), RULES)
def test_what_is_wrong_is_said_once_and_with_what_to_try(well, ill, parts):
    assert said(well) == []
    (sentence,) = said(ill)
    for part in parts:
        assert part in sentence
    assert verdict.is_finite(METRICS | ill) == all(math.isfinite(v) for v in ill.values())


@pytest.mark.parametrize(
    ("well", "ill", "parts"),
    [
        (
            {"train": 1000},
            {"train": 999},
            ["999 training examples are few", "--augment flip"],
        ),
        ({"n": 100}, {"n": 99}, ["99 test examples are few", "--test-share"]),
        ({"n": 100, "test": 500}, {"n": 99, "test": 500}, ["99 test ex", "Raise --evaluated."]),
    ],
)
def test_too_few_examples_are_said_to_be(well, ill, parts):
    assert said(protocol=well) == []
    (sentence,) = said(protocol=ill)
    for part in parts:
        assert part in sentence


def test_a_judge_of_samples_that_only_guesses_is_said_to_be_one():
    def judged(accuracy, chance=0.25):
        return said(protocol={"sample_quality": [{"accuracy": accuracy, "chance": chance}]})

    assert judged(0.45) == judged(0.33, 0.1) == judged(None, None) == []
    (sentence,) = judged(0.43)
    assert "43.0% of test images" in sentence and "25.0% were guessing" in sentence
    assert len(judged(0.32, 0.1)) == 1


def test_augmentation_is_advised_of_pictures_alone():
    by_heart = {"reconstruction": 102.6}
    for changes in ({"metrics": by_heart}, {"protocol": {"train": 999}}):
        metrics, protocol = changes.get("metrics", {}), changes.get("protocol", {})
        assert "--augment" in said(metrics, protocol)[0]
        (sentence,) = said(metrics, protocol | {"kind": "table"})
        assert "--augment" not in sentence and "a smaller network" in sentence


def test_an_autoencoder_is_compared_by_its_reconstruction():
    metrics = AUTOENCODER | {"active_units": 4, "reconstruction": 206.5}
    sentences = verdict.warnings(metrics | {"reconstruction_train": 206.0}, PROTOCOL)
    assert len(sentences) == 1 and "reconstruction of 206.50 nats" in sentences[0]


def test_densities_below_zero_have_the_same_rules():
    below = {"elbo": 900.0, "nll": -905.0, "reconstruction": -920.0, "baseline_nll": -600.0}
    below |= {"reconstruction_train": -1000.0}  # 400 gained, 80 lost
    fitted = {"baseline": PROTOCOL["baseline"] | {"nll_train": -600.0}}
    assert said(below, fitted) == []
    assert "-600.00 nats" in said(below | {"nll": -599.0}, fitted)[0]
    assert "120.00 nats less" in said(below | {"reconstruction": -880.0}, fitted)[0]


def test_longer_test_examples_are_not_taken_for_training_examples_known_by_heart():
    """What the baseline loses on them, too, is theirs: drawings of more steps, say."""
    longer = {"reconstruction": 140.0, "baseline_nll": 276.0, "nll": 156.0}
    assert said(longer) == []
    assert "gains 138.00 nats" in said(longer | {"baseline_nll": 206.0})[0]


def test_one_component_is_one():
    used = {"pca": PROTOCOL["pca"] | {"used": 1, "value": "standardised value"}}
    (sentence,) = said({"reconstruction_mse": 0.05}, used)
    assert "PCA with 1 component, as" in sentence and "0.05 a standardised value" in sentence


def test_nothing_is_said_of_what_cannot_be_compared():
    """An autoregressive decoder's own choices lead it astray; PCA of as many values is exact."""
    worse = {"reconstruction_mse": 0.05}
    assert len(said(worse)) == 1
    assert said(worse, {"autoregressive": True}) == []
    pca = PROTOCOL["pca"]
    assert said(worse, {"pca": pca | {"used": 784, "components": 784}}) == []
    assert said(worse, {"pca": pca | {"means": False}}) == []  # of logarithms of counts
    unknown = {name: value for name, value in METRICS.items() if name != "baseline_nll"}
    unknown |= {"reconstruction": 500.0, "nll": 600.0}
    assert verdict.warnings(unknown, PROTOCOL | {"baseline": None}) == []


@pytest.mark.slow
def test_a_vae_whose_posterior_has_collapsed_is_called_dead(digits, tmp_path):
    observed = binarize(digits, "dynamic")
    zoo.training.seed_everything(0)
    vae = zoo.catalog.dense_vae(
        digits.event_shape, latent=2, units=(4,), objective=zoo.objectives.ELBO(1000.0)
    )
    settings = zoo.training.Settings(epochs=6, learning_rate=1e-2)
    zoo.training.fit(vae, observed, settings, tmp_path)
    report = zoo.evaluation.report(vae, observed, samples=5)
    sentences = verdict.warnings(report.metrics, report.protocol)
    assert report.metrics["kl"] < 0.1 and any("No latent is active" in each for each in sentences)


@pytest.mark.slow
def test_an_autoencoder_that_knows_its_examples_by_heart_is_said_to(tmp_path):
    rng = np.random.default_rng(0)
    x = (rng.random((60, 8, 8, 1)) < 0.5).astype(np.float32)  # nothing to learn but each by heart
    split = Split(x[:30]), Split(x[30:])
    schema = Schema("image", (8, 8, 1), spacing=1.0)
    made = binarize(Dataset("coins", *split, schema, "made", "none", "all"), "none")
    zoo.training.seed_everything(0)
    coder = zoo.catalog.dense_ae((8, 8, 1), latent=16, units=(64,))
    settings = zoo.training.Settings(epochs=3, steps_per_epoch=60, learning_rate=1e-2, patience=0)
    zoo.training.fit(coder, made, settings, tmp_path)
    report = zoo.evaluation.report(coder, made, samples=2)
    sentences = " ".join(verdict.warnings(report.metrics, report.protocol))
    for part in ("by heart", "30 training examples are few", "30 test examples are few"):
        assert part in sentences
