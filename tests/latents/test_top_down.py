"""The two groups' mathematics, against numpy and scipy; the contract suite runs over them too."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
import top_down
from scipy import special, stats

from zoo import catalog
from zoo.errors import InputError
from zoo.objectives import ELBO, FreeBits, ImportanceWeighted


@pytest.fixture
def vae():
    keras.utils.set_random_seed(0)
    made = top_down.model()
    random = np.random.default_rng(0)
    for weight in made.trainable_weights:
        weight.assign(random.normal(0.0, 0.4, weight.shape))
    made.compile("sgd", jit_compile=False)
    return made


@pytest.fixture
def x():
    return (np.random.default_rng(1).random((5, *top_down.SHAPE)) < 0.4).astype(np.float32)


def weights(layer):
    return (np.asarray(each, np.float64) for each in layer.weights)


def halves(layer, h):
    kernel, bias = weights(layer)
    return np.split(h @ kernel + bias, 2, axis=-1)


def by_hand(vae, x, noise):
    """(log p(x|z), log p(z) - log q(z|x), the KL of each group), of noise [batch, draws, 5]."""
    features = {k: np.asarray(v, np.float64) for k, v in vae.encoder(x).items()}
    batch, draws, _ = noise.shape
    high, low = (np.repeat(features[name][:, None], draws, 1) for name in ("high", "low"))
    mean, log_var = halves(vae.latents.of_top, high)
    top = mean + np.exp(log_var / 2) * noise[..., :2]
    q = halves(vae.latents.of_bottom, np.concatenate([low, top], axis=-1))
    p = halves(vae.latents.prior_bottom, top)
    bottom = q[0] + np.exp(q[1] / 2) * noise[..., 2:]
    log = stats.norm.logpdf
    ratio = (log(top) - log(top, mean, np.exp(log_var / 2))).sum(-1)
    ratio += (log(bottom, p[0], np.exp(p[1] / 2)) - log(bottom, q[0], np.exp(q[1] / 2))).sum(-1)
    z = np.concatenate([top, bottom], axis=-1).reshape(batch * draws, 5)
    logits = np.asarray(vae.decoder(z.astype(np.float32)), np.float64).reshape(batch, draws, -1)
    target = x.reshape(batch, 1, -1)
    log_p = special.log_expit(np.where(target == 1, logits, -logits)).sum(-1)
    kl_top = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).sum(-1).mean(1)
    kl_bottom = (p[1] - q[1]) / 2 + (np.exp(q[1]) + (q[0] - p[0]) ** 2) / (2 * np.exp(p[1])) - 0.5
    return log_p, ratio, kl_top, kl_bottom.sum(-1).mean(1)


def test_terms_and_importance_weights_are_those_of_the_hierarchy(vae, x):
    noise = np.random.default_rng(2).standard_normal((5, 7, 5)).astype(np.float32)
    log_p, ratio, kl_top, kl_bottom = by_hand(vae, x, noise)
    terms = vae.terms(x, noise)
    np.testing.assert_allclose(terms["reconstruction"], -log_p.mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(terms["kl"], kl_top + kl_bottom, rtol=1e-4)
    np.testing.assert_allclose(vae.log_weight(x, noise), log_p + ratio, rtol=1e-4)
    assert not vae.exact_kl


def test_z_is_the_groups_one_after_the_other_and_the_point_is_along_the_means(vae, x):
    encoded = {name: np.asarray(value) for name, value in vae.encode(x).items()}
    point = np.concatenate([encoded["mean_top"], encoded["mean_bottom"]], axis=1)
    np.testing.assert_array_equal(np.asarray(vae.point(x)), point)
    np.testing.assert_array_equal(vae.reconstruct(x)["x_mean"], vae.decode(point)["x_mean"])
    assert vae.latent_facts["groups"] == {"top": [2], "bottom": [3]} and vae.latent == 5


@pytest.mark.parametrize("objective", [ELBO(0.5), ImportanceWeighted(3)], ids=repr)
def test_objectives_that_know_nothing_of_groups_train_them(objective, x):
    made = top_down.model(objective=objective)
    made.compile("sgd", jit_compile=False)
    with tf.GradientTape() as tape:
        loss = made.compute_loss(x, x, made(x, training=True))
    gradients = tape.gradient(loss, [w.value for w in made.trainable_weights])
    for weight, gradient in zip(made.trainable_weights, gradients, strict=True):
        assert np.abs(gradient).max() > 0, weight.path
    (added,) = made.losses
    assert float(added) > 0


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        (FreeBits(0.1), "needs the KL of each latent"),
        (ImportanceWeighted(2, True), "density of any z"),
    ],
)
def test_what_the_groups_do_not_offer_is_refused(objective, said):
    with pytest.raises(InputError, match=said):
        top_down.model(objective=objective)


@pytest.mark.parametrize("name", ["dense_vae", "vampprior_vae", "hierarchical_vae", "vq_vae"])
def test_the_config_of_latents_has_every_argument(name):
    convolutional = name in ("hierarchical_vae", "vq_vae")
    sizes = {"filters": (3, 4)} if convolutional else {"units": (4,), "latent": 2}
    latents = catalog.build(name, top_down.SHAPE, **sizes).latents
    arguments = set(inspect.signature(type(latents)).parameters) - {"kwargs"}
    assert arguments <= set(latents.get_config())
