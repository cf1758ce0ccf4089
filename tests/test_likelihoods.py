import keras
import numpy as np
import pytest
from scipy import stats

from zoo import likelihoods
from zoo.errors import InputError


def test_normal_with_a_fixed_scale_agrees_with_scipy_and_learns_nothing():
    likelihood = likelihoods.Normal(scale=0.3)
    likelihood.build()
    rng = np.random.default_rng(0)
    x, output = rng.normal(size=(2, 4, 5)).astype(np.float32)
    wanted = stats.norm.logpdf(x, output, 0.3).sum(axis=1)
    np.testing.assert_allclose(likelihood.log_prob(x, output), wanted, rtol=1e-5)
    assert likelihood.trainable_weights == []


def test_a_learned_scale_finds_the_residuals_standard_deviation():
    likelihood = likelihoods.Normal(initial_scale=1.0)
    likelihood.build()
    x = np.random.default_rng(0).normal(0, 0.25, size=(64, 50)).astype(np.float32)
    # One weight: -log p is convex in log_var, so its minimum can be looked up on a grid.
    grid = np.linspace(-5, 1, 601)
    nats = []
    for log_var in grid:
        likelihood.log_var.assign(log_var)
        nats.append(-np.mean(likelihood.log_prob(x, np.zeros_like(x))))
    assert np.exp(0.5 * grid[np.argmin(nats)]) == pytest.approx(x.std(), rel=0.01)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
@pytest.mark.parametrize("name", ["scale", "initial_scale"])
def test_a_scale_that_is_not_positive_is_refused(name, value):
    with pytest.raises(InputError, match=name):
        likelihoods.Normal(**{name: value})


@pytest.mark.parametrize(
    "likelihood", [likelihoods.Bernoulli(), likelihoods.Normal(scale=0.5, initial_scale=0.1)]
)
def test_a_likelihood_survives_its_config(likelihood):
    config = keras.saving.serialize_keras_object(likelihood)
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.get_config() == likelihood.get_config()


@pytest.mark.parametrize(
    ("event_shape", "wanted"),
    [((8, 8, 1), "bernoulli"), ((8, 8, 3), "normal"), ((64,), "bernoulli")],
)
def test_auto_takes_the_likelihood_that_suits_the_channels(event_shape, wanted):
    assert likelihoods.get("auto", event_shape).name.startswith(wanted)


def test_nats_say_what_they_are_of():
    assert "mass" in likelihoods.Bernoulli().nats_are(binary=True)
    assert "not binarized" in likelihoods.Bernoulli().nats_are(binary=False)
    assert "density" in likelihoods.Normal().nats_are(binary=False)


def test_an_unknown_likelihood_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"'poisson'.*bernoulli, normal"):
        likelihoods.get("poisson")


@pytest.mark.parametrize("fixed", [None, 0.5])
def test_a_bernoulli_draw_turns_once_its_probability_moves_by_the_margin(fixed):
    likelihood, random = likelihoods.Bernoulli(), np.random.default_rng(1)
    mean = random.uniform(0.05, 0.95, (6, 4, 3)).astype(np.float32)
    noise = random.random((6, 4, 3), dtype=np.float32) if fixed is None else fixed
    margin = likelihood.margin(mean, None if fixed else noise)
    margin = keras.ops.convert_to_numpy(margin)[:, None, None]
    assert margin.shape == (6, 1, 1)
    towards = np.sign(noise - mean)
    for share, turned in ((0.99, 0), (1.01, 1)):
        moved = mean + share * margin * towards
        differs = (noise < moved) != (noise < mean)
        np.testing.assert_array_equal(differs.sum(axis=(1, 2)), turned)


def test_a_normal_draw_never_jumps():
    assert likelihoods.Normal().margin(np.zeros((2, 3), np.float32)) is None
