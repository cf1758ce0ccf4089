"""The verdict: what is said of models that diverged, died or learned nothing, and of good ones."""

import math

import numpy as np
import pytest
from scipy import stats

import zoo
from zoo.datasets import Dataset, Schema, Split, binarize
from zoo.evaluation import verdict

SHAPE = (6, 6, 1)


def data(train, test, lengths=None, kind="image", low=0.0, high=1.0):
    splits = [Split(x, None, lengths) for x in (train, test)]
    schema = Schema(kind, train.shape[1:], low, high, lengths=lengths is not None)
    return binarize(Dataset("made", *splits, schema, "made", "none", "all"), "none")


def model(likelihood, shape=SHAPE, **options):
    return zoo.catalog.dense_vae(shape, latent=2, units=(4,), likelihood=likelihood, **options)


def test_the_constant_of_a_bernoulli_likelihood_is_the_training_mean():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.0, 1.0, SHAPE)
    p[0] = 0.0  # never 1: the logits of the best constant are not finite
    train, test = ((rng.random((1000, *SHAPE)) < p).astype(np.float32) for _ in range(2))
    reached = verdict.constant_log_p(model("bernoulli"), data(train, test))
    smoothed = np.clip(train.mean(0), 0.5 / 1001, 1 - 0.5 / 1001)
    closed = np.where(test == 1, np.log(smoothed), np.log1p(-smoothed)).sum((1, 2, 3)).mean()
    assert reached == pytest.approx(closed, abs=0.1)
    assert reached >= closed - 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(("family", "law"), [("normal", stats.norm), ("laplace", stats.laplace)])
@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_the_constant_of_a_location_family_has_the_data_s_location_and_scale(family, law, unit):
    rng = np.random.default_rng(0)
    place = rng.normal(size=SHAPE)
    train, test = (
        (unit * law.rvs(place, 0.3, size=(2000, *SHAPE), random_state=rng)).astype(np.float32)
        for _ in range(2)
    )
    vae = model(family)
    reached = verdict.constant_log_p(vae, data(train, test, low=None, high=None))
    best = law.logpdf(test, unit * place, unit * 0.3).sum((1, 2, 3)).mean()
    assert best - 1.0 < reached < best + 0.1  # 36 values


@pytest.mark.slow
@pytest.mark.parametrize(
    "likelihood",
    ["continuous_bernoulli", "discretized_logistic", "categorical", "negative_binomial"],
)
def test_every_likelihood_has_a_constant_better_than_an_output_of_zeros(likelihood):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 60, (300, *SHAPE)).astype(np.float32) / 255
    if likelihood in ("categorical", "negative_binomial"):
        pixels = (pixels > 0.2).astype(np.float32)
    vae = model(likelihood)
    made = data(pixels[:200], pixels[200:])
    reached = verdict.constant_log_p(vae, made)
    zeros = np.zeros((100, *vae.likelihood.raw_shape(SHAPE)), np.float32)
    nothing = float(np.mean(vae.likelihood.log_prob(pixels[200:], zeros)))
    assert math.isfinite(reached) and reached > nothing + 0.1


def test_steps_past_the_end_of_a_sequence_do_not_count():
    rng = np.random.default_rng(0)
    x = (rng.random((400, 5, 2)) < 0.3).astype(np.float32)
    lengths = rng.integers(1, 6, 400)
    rnn = zoo.catalog.rnn_vae((5, 2), latent=2, units=4, lengths=True)
    padded = x.copy()
    for row, length in zip(padded, lengths, strict=True):
        row[length:] = 1.0  # what lies past the end
    one, other = (
        verdict.constant_log_p(rnn, data(each, each, lengths, "sequence")) for each in (x, padded)
    )
    assert one == pytest.approx(other, abs=1e-3)
    entropy = -(0.3 * math.log(0.3) + 0.7 * math.log(0.7))
    assert one == pytest.approx(-entropy * 2 * lengths.mean(), rel=0.05)


GOOD = {"elbo": -90.0, "reconstruction": 70.0, "kl": 20.0, "nll": 86.0, "active_units": 12}


def test_nothing_is_said_of_a_good_model():
    assert verdict.warnings(GOOD, -206.0) == [] and verdict.is_finite(GOOD)
    assert verdict.warnings({"reconstruction": 60.0, "active_units": 3}, -206.0) == []
    assert verdict.warnings(GOOD) == []


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"nll": math.nan}, ["diverged", "nll is nan", "--learning-rate"]),
        ({"elbo": -math.inf}, ["diverged", "elbo is -inf"]),
        ({"elbo": -206.5}, ["-206.50 nats", "-206.00 nats", "constant", "--epochs"]),
        ({"active_units": 0}, ["No latent is active", "--anneal linear", "free_bits"]),
        ({"codes_used": 1}, ["One code", "--restart-below"]),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(changes, parts):
    said = verdict.warnings(GOOD | changes, -206.0)
    assert len(said) == 1
    for part in parts:
        assert part in said[0]
    assert verdict.is_finite(GOOD | changes) == ("diverged" not in said[0])


def test_an_autoencoder_is_compared_by_its_reconstruction():
    said = verdict.warnings({"reconstruction": 300.0, "active_units": 4}, -206.0)
    assert len(said) == 1 and "log p(x|z) of -300.00 nats" in said[0]


@pytest.mark.slow
def test_a_vae_whose_posterior_has_collapsed_is_called_dead(digits, tmp_path):
    observed = binarize(digits, "dynamic")
    zoo.training.seed_everything(0)
    vae = model("bernoulli", digits.event_shape, objective=zoo.objectives.ELBO(1000.0))
    settings = zoo.training.Settings(epochs=6, learning_rate=1e-2)
    zoo.training.fit(vae, observed, settings, tmp_path)
    metrics = zoo.evaluation.report(vae, observed, samples=5).metrics
    said = verdict.warnings(metrics, verdict.constant_log_p(vae, observed))
    assert metrics["kl"] < 0.1 and any("No latent is active" in each for each in said)


def test_a_trained_vae_is_better_than_a_constant(trained):
    baseline = verdict.constant_log_p(trained.model, trained.data)
    assert -40 < baseline < -20  # 64 binary pixels
    worse = {"elbo": baseline - 1.0, "active_units": 3}
    assert verdict.warnings(worse, baseline) and not verdict.warnings(
        {"elbo": baseline + 1.0, "active_units": 3}, baseline
    )
