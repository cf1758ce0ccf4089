"""What each objective makes of the two terms, against numpy, scipy and exact results."""

import os
import subprocess
import sys
from dataclasses import dataclass

import keras
import linear_gaussian
import numpy as np
import processes
import pytest
import tensorflow as tf
from every_objective import OBJECTIVES
from scipy import special, stats

from zoo import schedules
from zoo.errors import InputError
from zoo.objectives import (
    ELBO,
    Capacity,
    FreeBits,
    GroupFreeBits,
    ImportanceWeighted,
    TotalCorrelation,
    bound,
    total_correlation,
)
from zoo.recipe import options

SEED = 4
ROWS = 6


@dataclass
class Batch:
    """What a model should have drawn and computed of a batch, by numpy and scipy alone.

    z [batch, draws, latent]; log_p and log_weight [batch, draws]; kl [batch, latent].
    """

    mean: np.ndarray
    log_var: np.ndarray
    z: np.ndarray
    log_p: np.ndarray
    log_weight: np.ndarray
    kl: np.ndarray


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(ROWS, 3)).astype(np.float32)


def vae(objective):
    """A fresh linear-Gaussian model, compiled; every one has the same weights and draws."""
    model = linear_gaussian.model(objective=objective, seed=SEED)
    model.compile(jit_compile=False)
    return model


def by_hand(model, x):
    """A `Batch` of the model's first call."""
    posterior = {name: np.asarray(v, np.float64) for name, v in model.encode(x).items()}
    mean, log_var = posterior["mean"], posterior["log_var"]
    shape = (len(x) * model.draws, model.latent)
    noise = np.asarray(keras.random.normal(shape, seed=keras.random.SeedGenerator(SEED)))
    noise = noise.reshape(len(x), model.draws, model.latent)
    scale = np.exp(0.5 * log_var)[:, None]
    z = mean[:, None] + scale * noise
    kernel, bias = (np.asarray(w, np.float64) for w in model.decoder.layers[-1].weights)
    logpdf = stats.norm.logpdf
    log_p = logpdf(x[:, None], z @ kernel + bias, linear_gaussian.SCALE).sum(-1)
    log_ratio = (logpdf(z) - logpdf(z, mean[:, None], scale)).sum(-1)
    kl = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var)
    return Batch(mean, log_var, z, log_p, log_p + log_ratio, kl)


def total_correlation_by_hand(batch):
    """The minibatch estimate in three loops."""
    z, n = batch.z[:, 0], len(batch.z)
    densities = np.empty((n, n, z.shape[1]))
    for i in range(n):
        for j in range(n):
            scale = np.exp(0.5 * batch.log_var[j])
            densities[i, j] = stats.norm.pdf(z[i], batch.mean[j], scale)
    joint = np.log(np.prod(densities, axis=2).mean(axis=1))
    marginals = np.log(densities.mean(axis=1)).sum(axis=1)
    return np.mean(joint - marginals)


def regulariser_by_hand(objective, batch):
    """What the docstrings say, in numpy, of an untrained model: schedules are at step 0."""
    kl = batch.kl.sum(axis=1).mean()
    match objective:
        case ELBO(beta=beta):
            start = {"Linear": 0.5, "Cyclical": 0.0}.get(type(beta).__name__, beta)
            return start * kl
        case FreeBits(together=True):
            return max(kl, objective.nats)
        case FreeBits():
            return np.maximum(batch.kl.mean(axis=0), objective.nats).sum()
        case GroupFreeBits():  # a vector of latents is one group
            return getattr(objective.beta, "start", 1.0) * max(kl, np.squeeze(objective.nats))
        case Capacity():
            return objective.gamma * abs(kl - getattr(objective.capacity, "start", 1.5))
        case TotalCorrelation():
            return kl + (objective.beta - 1) * total_correlation_by_hand(batch)
        case ImportanceWeighted():
            beta = getattr(objective.beta, "start", 1.0)
            return -beta * (batch.log_weight - batch.log_p).mean()


def loss_by_hand(objective, batch):
    """Minus what is maximised; the importance-weighted bound is no sum of two terms."""
    if not isinstance(objective, ImportanceWeighted):
        return -batch.log_p.mean() + regulariser_by_hand(objective, batch)
    beta = getattr(objective.beta, "start", 1.0)
    log_weight = batch.log_p + beta * (batch.log_weight - batch.log_p)
    return -(special.logsumexp(log_weight, axis=1) - np.log(objective.samples)).mean()


def loss_and_gradients(model, x):
    """The training loss and its gradient by every trainable weight, {path: array}."""
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, x, model(x, training=True))
    weights = model.trainable_weights
    gradients = tape.gradient(loss, [w.value for w in weights])
    named = zip(weights, gradients, strict=True)
    return float(loss), {w.path: np.asarray(g) for w, g in named}


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_the_regulariser_enters_through_add_loss_and_the_loss_is_the_objectives(objective, x):
    model = vae(objective)
    wanted = by_hand(model, x)
    loss, gradients = loss_and_gradients(model, x)
    logs = {metric.name: float(metric.result()) for metric in model.metrics}
    (added,) = model.losses
    assert float(added) == pytest.approx(regulariser_by_hand(objective, wanted), rel=1e-4)
    assert logs["reconstruction"] == pytest.approx(-wanted.log_p.mean(), rel=1e-5)
    assert loss == pytest.approx(loss_by_hand(objective, wanted), rel=1e-5)
    if objective.additive:
        assert loss == pytest.approx(logs["reconstruction"] + float(added), rel=1e-6)
    assert logs["kl"] == pytest.approx(wanted.kl.sum(axis=1).mean(), rel=1e-5)
    assert logs["elbo"] == pytest.approx(-(logs["reconstruction"] + logs["kl"]), rel=1e-6)
    assert all(np.abs(g).max() > 0 for g in gradients.values())


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_the_metrics_are_the_elbo_and_for_several_draws_the_bound(objective, x):
    model = vae(objective)
    loss, _ = loss_and_gradients(model, x)
    names = {metric.name for metric in model.metrics} - {"loss"}
    several = isinstance(objective, ImportanceWeighted)
    assert names == {"elbo", "reconstruction", "kl"} | ({"bound"} if several else set())
    if several:  # the model's own, whatever weight the objective gives its KL for now
        log_weight = by_hand(vae(objective), x).log_weight
        wanted = np.mean(special.logsumexp(log_weight, axis=1)) - np.log(objective.samples)
        assert float(model.bound_tracker.result()) == pytest.approx(wanted, rel=1e-5)
        if not objective.scheduled:
            assert loss == pytest.approx(-wanted, rel=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_an_objective_comes_back_from_its_config(objective):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(objective))
    assert type(copy) is type(objective) and repr(copy) == repr(objective)
    assert set(objective.get_config()) == set(vars(objective))


@pytest.mark.parametrize(
    "objective", [FreeBits(0.0), TotalCorrelation(1.0), ELBO(schedules.Linear(1.0, 2.0, 5))]
)
def test_what_should_be_the_elbo_is_the_elbo_in_value_and_gradient(objective, x):
    loss, gradients = loss_and_gradients(vae(objective), x)
    wanted_loss, wanted = loss_and_gradients(vae(ELBO()), x)
    assert loss == pytest.approx(wanted_loss, rel=1e-6)
    for path, gradient in gradients.items():
        np.testing.assert_allclose(gradient, wanted[path], rtol=1e-4, atol=1e-6, err_msg=path)


def test_latents_below_their_free_bits_get_no_gradient_from_the_kl(x):
    loss, gradients = loss_and_gradients(vae(FreeBits(100.0)), x)
    wanted_loss, wanted = loss_and_gradients(vae(ELBO(0.0)), x)  # the reconstruction alone
    assert loss == pytest.approx(wanted_loss + 2 * 100.0, rel=1e-6)
    for path, gradient in gradients.items():
        np.testing.assert_allclose(gradient, wanted[path], rtol=1e-5, atol=1e-6, err_msg=path)


@pytest.mark.parametrize("capacity, sign", [(0.0, 1.0), (50.0, -1.0)])
def test_capacity_pulls_the_kl_towards_it_from_either_side(x, capacity, sign):
    _, plain = loss_and_gradients(vae(ELBO(0.0)), x)
    _, with_kl = loss_and_gradients(vae(ELBO(1.0)), x)
    _, gradients = loss_and_gradients(vae(Capacity(capacity, gamma=3.0)), x)
    for path, gradient in gradients.items():
        wanted = plain[path] + 3.0 * sign * (with_kl[path] - plain[path])
        np.testing.assert_allclose(gradient, wanted, rtol=1e-4, atol=1e-5, err_msg=path)


# --- the total correlation --------------------------------------------------------------------


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_the_total_correlation_of_a_normal_is_found(correlation):
    """q(z) = N(0, R): means of covariance R - v I under a variance v. TC = -1/2 ln det R."""
    n, var = 2000, 0.2
    rng = np.random.default_rng(1)
    r = np.array([[1.0, correlation], [correlation, 1.0]])
    mean = rng.multivariate_normal([0, 0], r - var * np.eye(2), n)
    z = mean + var**0.5 * rng.standard_normal((n, 2))
    log_var = np.full((n, 2), np.log(var))
    estimate = float(total_correlation(*(v.astype(np.float32) for v in (z, mean, log_var))))
    # Each z is itself among the n components that stand for q(z): a bias of the order of
    # (1 / var - 1) / n for the joint density. The sampling error is about 0.02.
    assert estimate == pytest.approx(-0.5 * np.log(1 - correlation**2), abs=0.06)


# --- the importance-weighted bound ------------------------------------------------------------


def bounds(model, x, k, draws=20_000):
    """`draws` independent values of L_K of one example, as the objective computes them."""
    noise = np.random.default_rng(k).standard_normal((1, draws * k, model.latent))
    log_weight = np.asarray(model.log_weight(x[:1], noise.astype(np.float32)))
    return np.asarray(bound(tf.constant(log_weight.reshape(draws, k))), np.float64)


def test_one_draw_gives_minus_the_log_weight_of_that_draw(x):
    model = vae(ImportanceWeighted(1))
    loss, _ = loss_and_gradients(model, x)
    assert loss == pytest.approx(-by_hand(vae(ELBO()), x).log_weight.mean(), rel=1e-5)


def test_one_draw_gives_the_exact_elbo_on_average(x):
    model = vae(ImportanceWeighted(1))
    values = bounds(model, x, 1)
    standard_error = values.std() / len(values) ** 0.5
    assert abs(values.mean() - linear_gaussian.elbo(model, x)[0]) < 5 * standard_error


def test_the_bound_grows_with_the_draws_and_stays_below_the_evidence(x):
    model = vae(ImportanceWeighted(1))
    means, errors = [], []
    for k in (1, 4, 16):
        values = bounds(model, x, k)
        means.append(values.mean())
        errors.append(values.std() / len(values) ** 0.5)
    assert means[1] - means[0] > 5 * np.hypot(*errors[:2])
    assert means[2] - means[1] > 5 * np.hypot(*errors[1:])
    assert means[2] < linear_gaussian.evidence(model, x)[0] + 5 * errors[2]


@pytest.mark.slow
@pytest.mark.parametrize("beta", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("doubly", [False, True])
def test_one_draw_of_weight_beta_has_the_gradient_of_that_elbo(beta, doubly, x):
    """On average; the many draws of each example are the rows of a batch."""
    rows = np.repeat(x[:2], 30_000, axis=0)
    _, gradients = loss_and_gradients(vae(ImportanceWeighted(1, doubly, beta=beta)), rows)
    _, wanted = loss_and_gradients(vae(ELBO(beta)), rows)
    for path, gradient in gradients.items():
        np.testing.assert_allclose(gradient, wanted[path], rtol=0.02, atol=0.05, err_msg=path)


def gradients_of(doubly, k, x, repetitions, copies=500, beta=1.0):
    """Gradients of independent batches of one example: {weight's path: [repetitions, size]}."""
    model = vae(ImportanceWeighted(k, doubly_reparameterized=doubly, beta=beta))
    rows = tf.constant(np.repeat(x[:1], copies, axis=0))

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            loss = model.compute_loss(rows, rows, model(rows, training=True))
        return tape.gradient(loss, [w.value for w in model.trainable_weights])

    drawn = [[np.asarray(g, np.float64).ravel() for g in gradient()] for _ in range(repetitions)]
    return {
        weight.path: np.stack(values)
        for weight, values in zip(model.trainable_weights, zip(*drawn, strict=True), strict=True)
    }


@pytest.mark.slow
@pytest.mark.parametrize("beta", [1.0, 0.5])
def test_the_doubly_reparameterized_gradient_has_the_same_expectation(beta, x):
    plain, doubly = (gradients_of(way, 5, x, 200, beta=beta) for way in (False, True))
    for path, one in plain.items():
        other = doubly[path]
        error = np.sqrt((one.var(axis=0) + other.var(axis=0)) / len(one))
        assert (np.abs(one.mean(axis=0) - other.mean(axis=0)) < 5 * error).all(), path
        # The comparison is sharp: the gradient is many standard errors from 0.
        assert np.abs(one.mean(axis=0)).max() > 30 * error.max(), path


def test_for_equal_draws_the_two_gradients_share_the_loss_and_the_decoders_part(x):
    loss, gradients = loss_and_gradients(vae(ImportanceWeighted(5)), x)
    other_loss, other = loss_and_gradients(vae(ImportanceWeighted(5, True)), x)
    assert loss == pytest.approx(other_loss, rel=1e-6)
    same = {
        path
        for path, gradient in gradients.items()
        if np.allclose(gradient, other[path], rtol=1e-4, atol=1e-6)
    }
    assert same == {path for path in gradients if path.startswith("output/")} != set(gradients)


@pytest.mark.slow
def test_with_many_draws_the_encoders_gradient_drowns_unless_doubly_reparameterized(x):
    """Rainforth et al. 2018 for the fall, Tucker et al. 2019 for the remedy."""

    def ratio(doubly, k):
        """Signal to noise of the encoder's gradient, and its variance, summed over weights."""
        drawn = gradients_of(doubly, k, x, repetitions=100, copies=100)
        encoders = [v for path, v in drawn.items() if not path.startswith("output/")]
        encoders = np.concatenate(encoders, axis=1)
        noise = encoders.var(axis=0).sum()
        return np.sum(encoders.mean(axis=0) ** 2) / noise, noise

    (plain_few, _), (plain_many, _) = ratio(False, 2), ratio(False, 64)
    (doubly_few, noise_few), (doubly_many, noise_many) = ratio(True, 2), ratio(True, 64)
    assert plain_many < plain_few / 2
    assert doubly_many > doubly_few and noise_many < noise_few


# --- on JAX -----------------------------------------------------------------------------------

ON_JAX = """
import keras, numpy as np
import linear_gaussian
from every_objective import OBJECTIVES
x = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
assert keras.backend.backend() == "jax"
for objective in OBJECTIVES:
    vae = linear_gaussian.model(objective=objective)
    vae.compile(keras.optimizers.SGD(1e-3))
    before = [np.array(w) for w in vae.trainable_weights]
    logs = vae.fit(x, x, batch_size=8, epochs=1, shuffle=False, verbose=0).history
    assert np.isfinite(logs["loss"][0]), objective
    assert np.isclose(logs["elbo"][0], -(logs["reconstruction"][0] + logs["kl"][0]), rtol=1e-5)
    for old, weight in zip(before, vae.trainable_weights):
        assert np.abs(old - np.array(weight)).max() > 0, (objective, weight.path)
    if objective.scheduled:
        vae.evaluate(x, x, verbose=0)
        assert int(vae.step) == 3, vae.step
print("all trained")
"""


@pytest.mark.slow
def test_every_objective_trains_on_jax_and_schedules_count_training_steps_only(tmp_path):
    pytest.importorskip("jax", reason="jax is not installed: pip install -e '.[jax]'")
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ
        | processes.ON_JAX
        | {"PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path])},
    )
    assert done.returncode == 0, done.stderr
    assert "all trained" in done.stdout


# --- what is refused, and what a recipe's options say -------------------------------------------


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: ELBO(-1.0), "beta=-1.0"),
        (lambda: ELBO(schedules.Linear(0.0, -1.0, 5)), "beta=-1.0"),
        (lambda: FreeBits(-0.1), "nats=-0.1"),
        (lambda: GroupFreeBits(-0.1), "nats=-0.1"),
        (lambda: GroupFreeBits((0.1, -0.2)), "nats=-0.2"),
        (lambda: GroupFreeBits(0.1, beta=-1.0), "beta=-1.0"),
        (lambda: GroupFreeBits(0.1, order="last"), "order='last'"),
        (lambda: Capacity(-1.0), "capacity=-1.0"),
        (lambda: Capacity(1.0, gamma=0.0), "gamma=0.0"),
        (lambda: TotalCorrelation(-1.0), "beta=-1.0"),
        (lambda: ImportanceWeighted(0), "samples=0"),
        (lambda: ImportanceWeighted(2.5), "samples=2.5"),
        (lambda: ImportanceWeighted(2, beta=-0.5), "beta=-0.5"),
    ],
)
def test_numbers_that_cannot_be_are_refused_by_name(make, said):
    with pytest.raises(InputError, match=said):
        make()


@pytest.mark.parametrize(
    "given, wanted",
    [
        ({}, ELBO(1.0)),
        ({"beta": 3.0}, ELBO(3.0)),
        ({"anneal": "linear", "anneal_steps": 7}, ELBO(schedules.Linear(0.0, 1.0, 7))),
        ({"anneal": "cyclical", "beta": 2.0}, ELBO(schedules.Cyclical(1000, top=2.0))),
        ({"objective": "free_bits", "free_bits": 0.5}, FreeBits(0.5)),
        (
            {"objective": "free_bits", "free_bits": 9.0, "free_bits_together": True},
            FreeBits(9.0, True),
        ),
        ({"objective": "capacity", "capacity": 3.0}, Capacity(3.0)),
        ({"objective": "total_correlation", "beta": 6.0}, TotalCorrelation(6.0)),
        ({"objective": "importance_weighted", "draws": 9}, ImportanceWeighted(9, True)),
        (
            {"objective": "importance_weighted", "anneal": "linear", "anneal_steps": 7},
            ImportanceWeighted(5, True, schedules.Linear(0.0, 1.0, 7)),
        ),
    ],
)
def test_a_recipes_options_make_the_objective_they_describe(given, wanted):
    assert repr(options.objective(options.VAE(**given))) == repr(wanted)


@pytest.mark.parametrize(
    "given, said",
    [
        ({"objective": "free_bits", "beta": 2.0}, "beta=2.0.*elbo or total_correlation"),
        ({"free_bits_together": True}, "free_bits_together=True.*free_bits"),
        ({"draws": 3}, "draws=3.*importance_weighted"),
        ({"objective": "capacity", "anneal": "linear"}, "anneal=linear"),
        ({"anneal_steps": 50}, "anneal_steps=50.*linear or cyclical"),
        ({"objective": "importance_weighted", "draws": 0}, "samples=0"),
    ],
)
def test_an_option_of_another_objective_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        options.objective(options.VAE(**given))


@dataclass(frozen=True)
class _Kl:
    """A draw of which only the KL is known."""

    total_kl: object


def test_free_bits_that_rise_leave_free_what_is_free_by_then():
    rising = FreeBits(schedules.Linear(0.0, 4.0, 10), together=True)
    cost = [float(rising.regulariser(_Kl(np.float32([1.0, 2.0])), step)) for step in (0, 5, 10, 99)]
    assert cost == pytest.approx([1.5, 2.0, 4.0, 4.0])  # the KL is 1.5 on average
    assert (rising.monitor, rising.settled_step, rising.scheduled) == ("loss", 10, True)
    assert (FreeBits(4.0).monitor, FreeBits(4.0).settled_step) == ("elbo", 0)


def test_a_recipes_free_bits_rise_where_asked():
    given = {"objective": "free_bits", "free_bits": 8.0, "free_bits_together": True}
    made = options.objective(options.VAE(**given, anneal="linear", anneal_steps=50))
    assert repr(made) == "FreeBits(nats=Linear(0.0 to 8.0 in 50 steps), together=True)"
    assert repr(options.objective(options.VAE(**given))) == "FreeBits(nats=8.0, together=True)"
