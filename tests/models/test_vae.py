"""The VAE's mathematics, on models small enough to check it."""

import subprocess
import sys

import keras
import linear_gaussian
import numpy as np
import pytest
from scipy import stats

from zoo import catalog
from zoo.errors import InputError
from zoo.models.vae import VAE
from zoo.objectives import ELBO

SHAPE = (8, 8, 1)


def tiny(**options):
    keras.utils.set_random_seed(0)
    return catalog.conv_vae(SHAPE, **{"latent": 3, "filters": (4, 5), "dense": 6} | options)


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).integers(0, 2, size=(32, *SHAPE)).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    return tiny()


@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
def test_added_loss_is_beta_times_the_mean_kl(x, beta):
    vae = tiny(objective=ELBO(beta))
    vae(x)
    posterior = vae.encode(x)
    mean, log_var = np.asarray(posterior["mean"]), np.asarray(posterior["log_var"])
    kl = 0.5 * np.sum(np.exp(log_var) + mean**2 - 1 - log_var, axis=1)
    assert len(vae.losses) == 1
    assert float(vae.losses[0]) == pytest.approx(beta * kl.mean(), rel=1e-5)


def test_the_loss_is_minus_the_elbo_and_the_terms_are_sums_over_pixels(x):
    vae = tiny()
    vae.compile(jit_compile=False)
    logs = vae.evaluate(x, x, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(-logs["elbo"], rel=1e-6)
    assert logs["elbo"] == pytest.approx(-(logs["reconstruction"] + logs["kl"]), rel=1e-6)
    # An untrained Bernoulli decoder gives about ln 2 a pixel: 64 of them, not a mean over pixels.
    assert logs["reconstruction"] == pytest.approx(64 * np.log(2), rel=0.05)


def test_beta_changes_the_loss_but_not_what_elbo_means(x):
    vae = tiny(objective=ELBO(10.0))
    vae.compile(jit_compile=False)
    logs = vae.evaluate(x, x, verbose=0, return_dict=True)
    assert logs["elbo"] == pytest.approx(-(logs["reconstruction"] + logs["kl"]), rel=1e-6)
    assert logs["loss"] == pytest.approx(logs["reconstruction"] + 10 * logs["kl"], rel=1e-5)


def test_gradients_reach_every_weight_of_a_likelihood_that_learns(x):
    vae = tiny(likelihood="normal")
    vae.compile(keras.optimizers.SGD(1e-3), jit_compile=False)
    before = [keras.ops.convert_to_numpy(w) for w in vae.trainable_weights]
    vae.fit(x, x, verbose=0, batch_size=len(x))
    for old, weight in zip(before, vae.trainable_weights, strict=True):
        assert np.abs(old - keras.ops.convert_to_numpy(weight)).max() > 0, weight.path


@pytest.mark.slow
def test_training_raises_the_elbo(x):
    vae = tiny()
    vae.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    stripes = np.zeros((64, *SHAPE), np.float32)
    stripes[0::2, 0::2], stripes[1::2, :, 1::2] = 1.0, 1.0
    history = vae.fit(stripes, stripes, epochs=40, verbose=0).history["elbo"]
    assert history[0] < -40  # 64 pixels at a guess, about ln 2 each
    assert history[-1] > -20  # two kinds of image need about ln 2 in all
    assert {"elbo", "reconstruction", "kl"} <= {m.name for m in vae.metrics}


def without_ids(config):
    """A config without Keras's `shared_object_id`, which is a memory address."""
    if isinstance(config, dict):
        return {k: without_ids(v) for k, v in config.items() if k != "shared_object_id"}
    return [without_ids(v) for v in config] if isinstance(config, list | tuple) else config


@pytest.mark.slow
def test_the_keras_file_gives_likelihood_objective_and_optimizer_back(tmp_path, x):
    vae = tiny(likelihood="normal", objective=ELBO(2.5), seed=7)
    vae.compile(keras.optimizers.Adam(3e-3), run_eagerly=True)  # a step; tracing takes longer
    vae.fit(x, x, verbose=0)
    vae.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert without_ids(copy.get_config()) == without_ids(vae.get_config())
    assert copy.objective.beta == 2.5
    assert float(copy.optimizer.learning_rate) == pytest.approx(3e-3)
    for mine, theirs in zip(copy.weights, vae.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(theirs))
    np.testing.assert_allclose(
        copy.reconstruct(x)["x_mean"], vae.reconstruct(x)["x_mean"], atol=1e-6
    )
    copy.fit(x, x, verbose=0)  # and trains on


def test_endpoints_answer_by_name_and_reconstruct_decodes_the_posterior_mean(model, x):
    posterior = model.encode(x)
    assert set(posterior) == {"mean", "log_var"}
    decoded = model.decode(posterior["mean"])
    assert set(decoded) == {"x_mean"}
    np.testing.assert_array_equal(decoded["x_mean"], model.reconstruct(x)["x_mean"])
    values = np.asarray(decoded["x_mean"])
    assert values.shape == x.shape
    assert values.min() >= 0 and values.max() <= 1


def test_terms_agree_with_scipy(model, x):
    noise = np.random.default_rng(3).standard_normal((len(x), 5, 3)).astype(np.float32)
    posterior = model.encode(x)
    mean, scale = np.asarray(posterior["mean"]), np.exp(0.5 * np.asarray(posterior["log_var"]))
    log_p = np.empty((len(x), 5))
    log_ratio = np.empty((len(x), 5))
    for k in range(5):
        z = mean + scale * noise[:, k]
        probability = np.asarray(model.decode(z)["x_mean"], np.float64)
        log_p[:, k] = stats.bernoulli.logpmf(x, probability).sum(axis=(1, 2, 3))
        log_ratio[:, k] = (stats.norm.logpdf(z) - stats.norm.logpdf(z, mean, scale)).sum(axis=1)
    terms = model.terms(x, noise)
    np.testing.assert_allclose(terms["reconstruction"], -log_p.mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(model.log_weight(x, noise), log_p + log_ratio, rtol=1e-4)


def test_importance_weights_average_to_the_exact_evidence():
    vae = linear_gaussian.model()
    x = np.random.default_rng(5).normal(size=(4, 3)).astype(np.float32)
    wanted = linear_gaussian.evidence(vae, x)
    noise = np.random.default_rng(6).standard_normal((4, 50_000, 2)).astype(np.float32)
    weights = np.exp(np.asarray(vae.log_weight(x, noise), np.float64))
    standard_error = weights.std(axis=1) / weights.shape[1] ** 0.5 / weights.mean(axis=1)
    assert (np.abs(np.log(weights.mean(axis=1)) - wanted) < 5 * standard_error).all()


def test_a_posterior_sample_differs_from_call_to_call_but_not_from_seed_to_seed(x):
    one, other = tiny(seed=3), tiny(seed=3)
    first, second = np.asarray(one(x)["z"]), np.asarray(one(x)["z"])
    assert np.abs(first - second).max() > 0
    np.testing.assert_array_equal(first, np.asarray(other(x)["z"]))


def test_networks_that_do_not_fit_each_other_are_refused():
    from zoo.networks import conv

    encoder = conv.encoder(SHAPE, 3)
    with pytest.raises(
        InputError, match=r"gives mean \[3\], log_var \[3\], the latents take mean \[4\]"
    ):
        VAE(encoder, conv.decoder(SHAPE, 4))
    with pytest.raises(InputError, match=r"the decoder gives \(8, 12, 1\)"):
        VAE(encoder, conv.decoder((8, 12, 1), 3))


def test_a_loss_of_ones_own_is_refused(model):
    with pytest.raises(InputError, match="takes no loss"):
        model.compile(loss="mse")


@pytest.mark.parametrize("beta", [-1.0, float("nan")])
def test_a_negative_beta_is_refused(beta):
    with pytest.raises(InputError, match="beta"):
        ELBO(beta)


@pytest.mark.slow
def test_a_keras_file_of_any_part_is_read_once_the_catalog_is_imported(tmp_path):
    """What another process must know is what `import zoo.catalog` registers: every class."""
    code = """
import ast, pathlib, keras, zoo.catalog
folder = pathlib.Path(zoo.__file__).parent
for path in folder.rglob("*.py"):
    for node in ast.parse(path.read_text()).body:
        marks = [ast.unparse(each) for each in getattr(node, "decorator_list", ())]
        if isinstance(node, ast.ClassDef) and any("register_keras" in each for each in marks):
            room = path.parent.name if path.parent != folder else path.stem
            if room != "training":  # optimizers, see tests/training
                assert keras.saving.get_registered_object(f"zoo.{room}>{node.name}"), node.name
                print(room, node.name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 35
