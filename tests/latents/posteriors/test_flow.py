"""The inverse autoregressive flow as a posterior."""

import keras
import linear_gaussian
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from zoo import catalog, noise
from zoo.errors import InputError
from zoo.latents import Flat, posteriors, priors
from zoo.models.vae import VAE
from zoo.networks.output_layers import ParametricHead
from zoo.objectives import ImportanceWeighted, TotalCorrelation

SIDE_BY_SIDE = np.arange(50_000)  # seeds
DENSE = {"latent": 2, "units": (6,)}


def flow(layers=2, latent=2, context=3, scale=0.5):
    """A built flow whose layers bend."""
    keras.utils.set_random_seed(0)
    posterior = posteriors.InverseAutoregressiveFlow(layers, (6,), context)
    posterior.build((None, latent))
    random = np.random.default_rng(5)
    for weight in posterior.trainable_weights:
        weight.assign(random.normal(0.0, scale, weight.shape))
    return posterior


def parameters(latent=2, context=3, rows=1):
    random = np.random.default_rng(7)
    sizes = {"mean": latent, "log_var": latent, "context": context}
    one = {name: random.normal(0, 0.5, (1, n)).astype(np.float32) for name, n in sizes.items()}
    return {name: np.repeat(value, rows, axis=0) for name, value in one.items() if value.size}


def test_a_flow_of_no_layers_is_the_normal_posterior():
    bent, normal = flow(0), posteriors.Normal()
    assert bent.outputs(2) == normal.outputs(2) and bent.weights == []
    given = parameters(context=0, rows=30)
    drawn = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    for ours, theirs in zip(bent.draw(given, drawn), normal.draw(given, drawn), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(bent.point(given), normal.point(given))


@pytest.mark.slow
@pytest.mark.parametrize("latent", [1, 2, 4])
def test_the_density_is_that_of_the_noise_by_the_change_of_variables(latent):
    posterior, given = flow(3, latent), parameters(latent, rows=30)
    drawn = np.random.default_rng(0).normal(size=(30, latent)).astype(np.float32)
    watched = tf.constant(drawn)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        z, log_q = posterior.draw(given, watched)
    slopes = tape.batch_jacobian(z, watched).numpy().astype(np.float64)
    wanted = stats.norm.logpdf(drawn).sum(axis=1) - np.linalg.slogdet(slopes)[1]
    assert np.abs(slopes - np.eye(latent)).max() > 0.05
    np.testing.assert_allclose(log_q, wanted, rtol=1e-4, atol=1e-4)


def test_weighed_by_its_density_samples_measure_areas():
    """E_q[1(z in a box) / q(z)] is the area of the box: so q is a density, and z is drawn by it."""
    posterior = flow()
    drawn = noise.draw(posterior.noise_kinds(2), SIDE_BY_SIDE)
    z, log_q = posterior.draw(parameters(rows=len(SIDE_BY_SIDE)), drawn)
    z, weight = np.asarray(z), np.exp(-np.asarray(log_q, np.float64))
    low, high = np.quantile(z, [0.2, 0.8], axis=0)
    middle = 0.5 * (low + high)
    for left, right in ((low, high), (low, middle), (middle, high)):
        inside = weight * np.all((left < z) & (z < right), axis=1)
        error = inside.std() / len(z) ** 0.5
        assert inside.mean() == pytest.approx(np.prod(right - left), abs=5 * error)
        assert error < 0.05 * np.prod(right - left)


@pytest.mark.slow
def test_the_sampled_kl_agrees_with_quadrature():
    posterior = flow()
    vae = catalog.dense_vae((4,), **DENSE, posterior=posterior)
    x = np.random.default_rng(1).random((2, 4)).astype(np.float32)
    drawn = np.random.default_rng(2).standard_normal((2, 20_000, 2)).astype(np.float32)
    kl = np.asarray(vae.terms(x, drawn)["kl"])
    side = np.linspace(-6, 6, 241, dtype=np.float32)
    grid = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    for row in range(2):
        given = {
            name: np.repeat(np.asarray(value)[row : row + 1], len(grid), axis=0)
            for name, value in vae.encode(x).items()
        }
        watched = tf.constant(grid)
        with tf.GradientTape() as tape:
            tape.watch(watched)
            z = posterior.sample(given, watched)
        slopes = tape.batch_jacobian(z, watched).numpy().astype(np.float64)
        log_noise = stats.norm.logpdf(grid).sum(axis=1)
        ratio = log_noise - np.linalg.slogdet(slopes)[1] - stats.norm.logpdf(z).sum(axis=1)
        cell = np.exp(log_noise) * (side[1] - side[0]) ** 2
        wanted = np.sum(cell * ratio)
        spread = np.sum(cell * np.square(ratio - wanted)) ** 0.5
        assert wanted > 0.01
        assert kl[row] == pytest.approx(wanted, abs=5 * spread / 20_000**0.5)


def test_gradients_of_the_expectation_agree_with_finite_differences():
    """Of E[z_1 z_2 + z_1], over noise held fixed, by one parameter of each kind."""
    posterior, given = flow(), parameters()
    drawn = np.random.default_rng(3).standard_normal((500, 2)).astype(np.float32)

    def expectation(values):
        repeated = {name: tf.repeat(value, 500, axis=0) for name, value in values.items()}
        z = posterior.sample(repeated, drawn)
        return tf.reduce_mean(z[:, 0] * z[:, 1] + z[:, 0])

    watched = {name: tf.constant(value) for name, value in given.items()}
    with tf.GradientTape() as tape:
        tape.watch(watched)
        value = expectation(watched)
    gradients = tape.gradient(value, watched)
    for name in given:
        step = np.zeros_like(given[name])
        step[0, 0] = 1e-2
        up, down = (expectation(given | {name: given[name] + sign * step}) for sign in (1, -1))
        assert abs(float(gradients[name][0, 0])) > 1e-3
        slope = float(up - down) / 2e-2
        assert float(gradients[name][0, 0]) == pytest.approx(slope, rel=1e-2, abs=1e-4)


def test_the_point_is_what_the_flow_makes_of_the_mean():
    vae = catalog.dense_vae((4,), **DENSE, posterior=flow())
    x = np.random.default_rng(1).random((3, 4)).astype(np.float32)
    given = vae.encode(x)
    point = np.asarray(vae.represent(x))
    np.testing.assert_allclose(
        point, vae.latents.posterior.sample(given, np.zeros((3, 2), np.float32)), rtol=1e-6
    )
    assert np.abs(point - np.asarray(given["mean"])).max() > 0.05
    np.testing.assert_allclose(vae.reconstruct(x)["x_mean"], vae.decode(point)["x_mean"])


def test_importance_weights_average_to_the_exact_evidence():
    wanted = linear_gaussian.model()
    x = np.random.default_rng(5).normal(size=(4, 3)).astype(np.float32)
    inputs = keras.Input((3,))
    bent = flow(context=2, scale=0.2)
    encoder = keras.Model(inputs, ParametricHead(bent.outputs(2))(inputs, 2))
    vae = VAE(encoder, wanted.decoder, Flat(2, bent), wanted.likelihood)
    drawn = np.random.default_rng(6).standard_normal((4, 100_000, 2)).astype(np.float32)
    weights = np.exp(np.asarray(vae.log_weight(x, drawn), np.float64))
    error = weights.std(axis=1) / weights.shape[1] ** 0.5 / weights.mean(axis=1)
    given = {name: np.repeat(value, 9, axis=0) for name, value in vae.encode(x).items()}
    normal = posteriors.Normal().sample({k: given[k] for k in ("mean", "log_var")}, drawn[0, :36])
    assert np.abs(bent.sample(given, drawn[0, :36]) - normal).max() > 0.1
    evidence = linear_gaussian.evidence(wanted, x)
    assert (error < 0.05).all()
    assert (np.abs(np.log(weights.mean(axis=1)) - evidence) < 5 * error).all()


@pytest.mark.slow
def test_the_doubly_reparameterized_gradient_is_refused_and_the_plain_one_trains():
    def build(doubly):
        objective = ImportanceWeighted(3, doubly_reparameterized=doubly)
        return catalog.dense_vae((4,), **DENSE, posterior=flow(), objective=objective)

    with pytest.raises(InputError, match="doubly_reparameterized=False"):
        build(True)
    vae = build(False)
    vae.compile(run_eagerly=True)  # one step: tracing would take longer
    x = np.random.default_rng(0).integers(0, 2, (8, 4)).astype(np.float32)
    logs = vae.train_on_batch(x, x, return_dict=True)
    assert np.isfinite(logs["loss"]) and logs["bound"] >= logs["elbo"]


def test_objectives_and_priors_of_normal_posteriors_are_refused():
    with pytest.raises(InputError, match="normal posterior"):
        catalog.dense_vae((4,), **DENSE, posterior="flow", objective=TotalCorrelation(2.0))
    with pytest.raises(InputError, match="must be normal"):
        catalog.dense_vae((4,), **DENSE, posterior="flow", prior=priors.VampPrior(2, (4,)))


@pytest.mark.parametrize(("option", "value"), [("layers", -1), ("layers", 0.5), ("context", -1)])
def test_sizes_that_cannot_be_are_refused(option, value):
    with pytest.raises(InputError, match=f"{option}={value}.*0 or more"):
        posteriors.InverseAutoregressiveFlow(**{option: value})


def test_it_comes_back_with_its_model(tmp_path):
    vae = catalog.dense_vae((4,), **DENSE, posterior=flow())
    vae.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert copy.latents.posterior.get_config() == vae.latents.posterior.get_config()
    x = np.random.default_rng(1).random((3, 4)).astype(np.float32)
    np.testing.assert_allclose(copy.represent(x), vae.represent(x), rtol=1e-6)
    assert np.abs(np.asarray(vae.represent(x)) - np.asarray(vae.encode(x)["mean"])).max() > 0.05
