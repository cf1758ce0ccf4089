"""Discrete posteriors: relaxed in training, at a schedule's temperature, and hard elsewhere."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from families import CLASSES, LAWS, quadrature, single
from keras import ops
from scipy import integrate, special, stats

from zoo import catalog, noise
from zoo.errors import InputError
from zoo.latents import posteriors
from zoo.schedules import Cyclical, Linear

SEEDS = np.arange(10_000)
TEMPERATURE = 0.7


def build(name, temperature):
    return {
        "bernoulli": lambda: posteriors.Bernoulli(temperature),
        "categorical": lambda: posteriors.Categorical(CLASSES, temperature),
    }[name]()


def relaxed(name, temperature, logits=None, seeds=SEEDS, step=None):
    """Relaxed samples by the posterior, of the law's logits unless given."""
    law, posterior = LAWS[name], build(name, temperature)
    parameters = single(law.parameters) if logits is None else {"logits": logits}
    given = noise.draw(posterior.noise_kinds(law.latent), seeds)
    z, log_q = posterior.draw(parameters, given, training=True, step=step)
    assert log_q is None  # what the discrete model says of no point between its own
    return z


pair = pytest.mark.parametrize("name", ["bernoulli", "categorical"])


@pair
def test_relaxed_samples_lie_between_the_points_of_the_support(name):
    z = np.asarray(relaxed(name, TEMPERATURE))
    assert ((z >= 0) & (z <= 1)).all() and ((z > 0.01) & (z < 0.99)).mean() > 0.5
    if name == "categorical":
        shares = z.reshape(len(z), -1, CLASSES).sum(axis=2)
        np.testing.assert_allclose(shares, 1.0, atol=1e-6)


@pair
def test_as_the_temperature_falls_relaxed_samples_become_the_hard_ones(name):
    law, posterior = LAWS[name], build(name, 1.0)
    given = noise.draw(posterior.noise_kinds(law.latent), SEEDS)
    hard, _ = posterior.draw(single(law.parameters), given)
    gaps = [np.abs(relaxed(name, t) - np.asarray(hard)).mean() for t in (1.0, 0.1, 0.01, 1e-4)]
    assert (np.diff(gaps) < 0).all() and gaps[-1] < 1e-4


@pair
def test_at_a_step_the_temperature_is_its_schedules(name):
    halfway = relaxed(name, Linear(2.0, 0.5, 10), step=5)
    np.testing.assert_allclose(halfway, relaxed(name, 1.25), rtol=1e-5, atol=1e-6)
    ended = relaxed(name, Linear(2.0, 0.5, 10), step=1000)
    np.testing.assert_allclose(ended, relaxed(name, 0.5), rtol=1e-5, atol=1e-6)


def square_of_a_bernoulli(logit):
    """E[x**2] of a relaxed latent: its logit is logistic (Maddison et al. 2017, equation 19)."""
    law = stats.logistic(logit / TEMPERATURE, 1 / TEMPERATURE)
    return integrate.quad(lambda y: special.expit(y) ** 2 * law.pdf(y), -60, 60, limit=200)[0]


def squares_of_a_categorical(logits):
    """E[sum_k k x_k**2] of a relaxed latent of three classes (Maddison et al. 2017, equation 10).

    Over y = (log x1 / x3, log x2 / x3), whose volume is that of x over x1 x2 x3.
    """
    y = np.linspace(-30, 30, 241)
    log_x = np.stack(np.broadcast_arrays(y[:, None], y[None], 0.0), axis=-1)
    log_x = special.log_softmax(log_x, axis=-1)
    shifted = logits - TEMPERATURE * log_x
    log_density = shifted.sum(axis=-1) - 3 * special.logsumexp(shifted, axis=-1)
    density = 2 * TEMPERATURE**2 * np.exp(log_density)
    values = (np.arange(3) * np.exp(2 * log_x)).sum(axis=-1)
    return integrate.trapezoid(integrate.trapezoid(density * values, y), y)


@pair
def test_the_expectation_of_a_relaxed_draw_and_its_gradients_agree_with_the_papers_density(name):
    logits = LAWS[name].parameters["logits"][0]
    rows = tf.constant(np.repeat(np.float32(logits)[None], len(SEEDS), axis=0))
    weights = np.float32([1, 1, 1] if name == "bernoulli" else [0, 1, 2, 0, 1, 2])
    with tf.GradientTape() as tape:
        tape.watch(rows)
        values = ops.sum(weights * ops.square(relaxed(name, TEMPERATURE, rows)), axis=1)
    slopes, values = np.float64(tape.gradient(values, rows)), np.float64(values)
    error = slopes.std(axis=0) / len(SEEDS) ** 0.5

    def expectation(logits):
        if name == "bernoulli":
            return sum(map(square_of_a_bernoulli, logits))
        return sum(squares_of_a_categorical(each) for each in logits.reshape(-1, CLASSES))

    of_values = values.std() / len(SEEDS) ** 0.5
    assert abs(values.mean() - expectation(logits)) < 5 * of_values
    steps = 1e-3 * np.eye(len(logits))
    wanted = [(expectation(logits + s) - expectation(logits - s)) / 2e-3 for s in steps]
    assert (np.abs(slopes.mean(axis=0) - wanted) < 5 * error).all()
    assert np.abs(wanted).max() > 20 * error.max()


@pytest.fixture(params=["bernoulli", "categorical"])
def model(request):
    keras.utils.set_random_seed(0)
    posterior = build(request.param, Linear(2.0, 1.0, 10))
    latents = LAWS[request.param].latent // posterior.width(1)
    vae = catalog.dense_vae((2, 3, 1), latent=latents, units=(8,), posterior=posterior)
    vae.compile(run_eagerly=True)
    return vae


def test_a_model_decodes_relaxed_points_in_training_and_hard_ones_elsewhere(model):
    x = np.ones((40, 2, 3, 1), np.float32)
    law = LAWS[type(model.latents.posterior).__name__.lower()]
    points, _ = quadrature(law, law.parameters)
    hard = np.asarray(model.decoder(np.float32(points)))

    def nearest(training):
        raw = np.asarray(model(x, training=training)["raw"])
        return np.abs(raw[:, None] - hard[None]).max(axis=(2, 3, 4)).min(axis=1)

    assert (nearest(False) < 1e-6).all()
    assert (nearest(True) > 1e-4).mean() > 0.9


def test_the_steps_of_the_schedule_are_those_of_training(model):
    x = np.ones((6, 2, 3, 1), np.float32)
    for _ in range(2):
        model.train_on_batch(x, x)
        model.test_on_batch(x, x)
        model.score(x)
    assert int(model.step) == 2
    counted = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert model.count_params() == counted


TOO_LOW = [0, -1.0, float("nan"), Linear(1.0, 0.0, 10), Cyclical(10)]


@pair
@pytest.mark.parametrize("temperature", TOO_LOW, ids=repr)
def test_a_temperature_that_is_or_becomes_no_positive_number_is_refused(name, temperature):
    with pytest.raises(InputError, match=r"temperature: given .*, wanted a number above 0"):
        build(name, temperature)


@pytest.mark.parametrize("changed", [{"temperature": -1.0}, {"final_temperature": 0.0}])
def test_the_builder_refuses_such_a_temperature_too(changed):
    with pytest.raises(InputError, match=r"temperature: given .*, wanted a number above 0"):
        catalog.gumbel_vae((2, 3, 1), units=(4,), **changed)


@pytest.mark.parametrize("classes", [1, 0, -3, 2.5, "3"])
def test_fewer_than_two_classes_are_refused(classes):
    with pytest.raises(InputError, match=rf"classes={classes!r}.* 2 classes or more"):
        posteriors.Categorical(classes)


def test_a_latent_vector_that_is_no_whole_number_of_latents_is_refused():
    with pytest.raises(InputError, match=r"7 values are no multiple of 3 classes.*such as 6"):
        posteriors.Categorical(3).outputs(7)
