"""Nats against a model whose evidence is known, and the report's protocol."""

import sys

import keras
import numpy as np
import pytest
from keras import layers
from scipy import stats

from zoo import datasets, evaluation, likelihoods
from zoo.datasets import Dataset, Schema, Split
from zoo.errors import InputError
from zoo.evaluation import chunks, latent, nats
from zoo.evaluation.compilation import compiled_method
from zoo.latents import Flat
from zoo.models import VAE
from zoo.networks.output_layers import normal_posterior

SCALE, SIZE, LATENT = 0.7, 3, 2


@pytest.fixture(scope="module")
def linear():
    """x = W z + b + noise, so that x ~ N(b, W W' + scale^2).

    The encoder gives the posterior's exact mean and variances somewhat too large, without the
    covariance: close enough for importance sampling, far enough for the bound to have a gap.
    """
    keras.utils.set_random_seed(1)
    x, z = keras.Input((SIZE,)), keras.Input((LATENT,))
    encoder = keras.Model(x, normal_posterior(x, LATENT))
    decoder = keras.Model(z, layers.Dense(SIZE)(z))
    kernel = np.random.default_rng(0).normal(size=(LATENT, SIZE))
    covariance = np.linalg.inv(np.eye(LATENT) + kernel @ kernel.T / SCALE**2)
    decoder.layers[-1].kernel.assign(kernel)
    encoder.get_layer("mean").kernel.assign(kernel.T @ covariance / SCALE**2)
    encoder.get_layer("raw_log_var").kernel.assign(np.zeros((SIZE, LATENT)))
    encoder.get_layer("raw_log_var").bias.assign(np.log(np.diag(covariance)) + 0.3)
    return VAE(encoder, decoder, likelihood=likelihoods.Normal(scale=SCALE))


@pytest.fixture(scope="module")
def data():
    values = np.random.default_rng(2).normal(size=(60, SIZE)).astype(np.float32)
    return datasets.binarize(
        Dataset(
            "normal", Split(values), Split(values), Schema("vector", (SIZE,)), "made", "none", "all"
        ),
        "none",
    )


@pytest.fixture(scope="module")
def evidence(linear, data):
    kernel, bias = (np.asarray(w, np.float64) for w in linear.decoder.layers[-1].weights)
    covariance = kernel.T @ kernel + SCALE**2 * np.eye(SIZE)
    return stats.multivariate_normal(bias, covariance).logpdf(data.test.examples(slice(0, 60)))


def test_importance_sampling_finds_the_exact_evidence(linear, data, evidence):
    estimate = nats.log_likelihood(linear, data.test, seed=0, samples=20_000)
    np.testing.assert_allclose(estimate, evidence, atol=0.1)
    assert abs(np.mean(estimate - evidence)) < 0.02


def test_the_bound_grows_with_k_and_starts_at_the_elbo(linear, data, evidence):
    means = [
        np.mean([nats.log_likelihood(linear, data.test, seed, k).mean() for seed in range(20)])
        for k in (1, 4, 32, 256)
    ]
    assert means == sorted(means)
    assert means[-1] < evidence.mean() + 0.02
    elbo = dict(nats.elbo(linear, data.test, seed=0, samples=2000))["elbo"]
    single = [nats.log_likelihood(linear, data.test, seed, 1).mean() for seed in range(400)]
    assert np.mean(single) == pytest.approx(elbo, abs=5 * np.std(single) / 20 + 0.02)


def test_the_elbo_agrees_with_its_closed_form(linear, data):
    kernel, bias = (np.asarray(w, np.float64) for w in linear.decoder.layers[-1].weights)
    x = data.test.examples(slice(0, 60)).astype(np.float64)
    posterior = {k: np.asarray(v, np.float64) for k, v in linear.encode(np.float32(x)).items()}
    mean, variance = posterior["mean"], np.exp(posterior["log_var"])
    # E|x - Wz - b|^2 = |x - Wm - b|^2 + sum_k variance_k |W_k|^2 for a normal q.
    squares = np.sum((x - mean @ kernel - bias) ** 2, axis=1) + variance @ np.sum(kernel**2, axis=1)
    wanted = 0.5 * squares / SCALE**2 + SIZE * np.log(SCALE * np.sqrt(2 * np.pi))
    kl = 0.5 * np.sum(variance + mean**2 - 1 - posterior["log_var"], axis=1)
    given = dict(nats.elbo(linear, data.test, seed=0, samples=4000))
    assert given["kl"] == pytest.approx(kl.mean(), rel=1e-5)
    assert given["reconstruction"] == pytest.approx(wanted.mean(), rel=5e-3)
    assert given["elbo"] == pytest.approx(-(given["reconstruction"] + given["kl"]), rel=1e-12)


def few(model, monkeypatch):
    """Lets 7 examples of 75 draws fit a call."""
    values = chunks.ALIVE * model.widest_encoding + 75 * chunks.DENSITY * SIZE
    monkeypatch.setattr(chunks, "BYTES", 7 * 4 * values)
    assert chunks.examples(model, 75) == 7 and chunks.shared(model, 100)[1] == 100


def test_the_estimate_does_not_depend_on_the_chunks(linear, data, monkeypatch):
    whole = nats.log_likelihood(linear, data.test, seed=3, samples=150)
    few(linear, monkeypatch)
    np.testing.assert_allclose(nats.log_likelihood(linear, data.test, 3, 150), whole, rtol=1e-5)


def test_an_interrupted_estimate_goes_on_where_it_was(linear, data, monkeypatch):
    few(linear, monkeypatch)

    class Interrupted(Exception):
        pass

    kept = {}

    def interrupt(done):
        kept["done"] = done.copy()
        raise Interrupted

    with pytest.raises(Interrupted):
        nats.log_likelihood(linear, data.test, 0, 150, on_chunk=interrupt)
    assert 0 < np.isfinite(kept["done"]).sum() < 60
    calls = []
    again = nats.log_likelihood(
        linear, data.test, 0, 150, kept["done"], lambda done: calls.append(len(done))
    )
    whole_calls = []
    whole = nats.log_likelihood(
        linear, data.test, 0, 150, on_chunk=lambda done: whole_calls.append(1)
    )
    np.testing.assert_array_equal(again, whole)
    assert len(calls) == len(whole_calls) - 1


def test_k_below_one_is_refused(linear, data):
    with pytest.raises(InputError, match="samples=0"):
        nats.log_likelihood(linear, data.test, seed=0, samples=0)


def test_active_units_are_those_whose_mean_varies():
    rng = np.random.default_rng(0)
    means = rng.normal(size=(1000, 3)) * [1.0, 0.2, 0.05]  # variances 1, 0.04, 0.0025
    assert dict(latent.active_units(means)) == {"active_units": 2}


def test_the_report_states_its_protocol(linear, data, tmp_path):
    report = evaluation.report(linear, data, seed=4, samples=30, folder=tmp_path)
    assert report.protocol["n"] == 60 and report.protocol["K"] == 30
    for part in ("n=60", "K=30", "no binarization", "seed 4", "density"):
        assert part in report.statement()
    assert report.metrics["nll"] <= -report.metrics["elbo"] + 0.05
    assert set(report.metrics) == {
        "elbo",
        "reconstruction",
        "reconstruction_train",
        "kl",
        "nll",
        "active_units",
        "baseline_nll",
        "reconstruction_mse",
        "pca_mse",
        "pca_used_mse",
    }
    # The fixture's training and test splits are the same values.
    assert report.metrics["reconstruction_train"] == report.metrics["reconstruction"]


def test_the_report_says_whether_the_kl_is_exact_or_sampled(linear, data):
    latents = Flat(linear.latent, prior="mixture")
    mixture = VAE(linear.encoder, linear.decoder, latents, linear.likelihood)
    said = [
        evaluation.report(model, data, samples=2, elbo_samples=3).statement()
        for model in (linear, mixture)
    ]
    assert "elbo by 3 samples, exact KL;" in said[0]
    assert "elbo by 3 samples, its KL too;" in said[1]


def test_a_partial_evaluation_of_other_weights_is_not_taken_over(linear, data, tmp_path):
    wanted = evaluation.report(linear, data, samples=5).metrics["nll"]
    kept = {"log_p": np.zeros(60), "identity": "another model", "seconds": 3600.0}
    np.savez(tmp_path / "log_likelihood.npz", **kept)
    given = evaluation.report(linear, data, samples=5, folder=tmp_path)
    assert given.metrics["nll"] == wanted and given.seconds < 3600


def test_an_evaluation_in_two_sittings_states_the_seconds_of_both(
    linear, data, tmp_path, monkeypatch
):
    module = sys.modules["zoo.evaluation.report"]
    monkeypatch.setattr(module, "_identity", lambda *_: "this model")
    first = module._Partial(tmp_path, "this model", every=0.0)
    first.began -= 3600
    first.on_chunk(np.full(60, -7.0))
    report = evaluation.report(linear, data, samples=5, folder=tmp_path)
    assert report.metrics["nll"] == 7.0 and 3600 < report.seconds < 7200


def test_compiled_methods_follow_the_weights(linear):
    z = np.zeros((2, LATENT), np.float32)
    decode, bias = compiled_method(linear, "decode"), linear.decoder.layers[-1].bias
    before, kept = decode(z)["x_mean"], keras.ops.convert_to_numpy(bias)
    bias.assign(kept + 1.0)
    np.testing.assert_allclose(
        compiled_method(linear, "decode")(z)["x_mean"], before + 1.0, rtol=1e-6
    )
    bias.assign(kept)
