"""Posteriors and priors in a model: its terms by quadrature, and what every builder makes of them.

The model is tiny and has one example, so that the integrals over its latents are known.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from families import CLASSES, LAWS, quadrature
from scipy import special

from zoo import catalog, noise
from zoo.latents import posteriors, priors
from zoo.objectives import ELBO, FreeBits, ImportanceWeighted

SHAPE = (2, 3, 1)
SEEDS = np.arange(10_000)
SMOOTH = [name for name, law in LAWS.items() if not law.posterior().relaxed]
# Beside each family's own standard prior, those of others that have no exact KL.
PAIRS = [(name, name) for name in LAWS] + [
    ("normal", "laplace"),
    ("full_normal", "logistic"),
    ("laplace", "normal"),
]


def part(name):
    """What a builder takes: a name, but of classes that are not the default ones."""
    return posteriors.Categorical(CLASSES) if name == "categorical" else name


def latents(name):
    law = LAWS[name]
    return law.latent // law.posterior().width(1)


def build(posterior, prior=None, builder="dense_vae", **options):
    keras.utils.set_random_seed(3)
    sizes = {"conv_vae": {"filters": (3, 4), "dense": 6}, "rnn_vae": {"units": 5}}
    return catalog.build(
        builder,
        SHAPE if builder == "dense_vae" else (4, 4, 1),
        latent=latents(posterior),
        posterior=part(posterior),
        prior="standard" if prior is None else LAWS[prior].prior(),
        **sizes.get(builder, {"units": (6,)}),
        **options,
    )


def with_weights(vae):
    """The model with weights that make its posterior and likelihood say something."""
    drawn = np.random.default_rng(0)
    for weight in vae.trainable_weights:
        weight.assign(0.35 * drawn.standard_normal(weight.shape))
    return vae


@pytest.mark.slow
@pytest.mark.parametrize(("posterior", "prior"), PAIRS)
def test_terms_and_importance_weights_agree_with_quadrature(posterior, prior):
    vae = with_weights(build(posterior, prior))
    x = np.float32([[[[1], [0], [1]], [[1], [0], [0]]]])
    given = noise.draw(vae.latents.posterior.noise_kinds(vae.latent), SEEDS)[None]
    law, of_prior = LAWS[posterior], LAWS[prior]
    parameters = {name: np.float64(value) for name, value in vae.encode(x).items()}
    z, weights = quadrature(law, parameters)
    log_q = law.log_density(z, **parameters)
    log_p = of_prior.log_density(z, **of_prior.standard)
    logits = np.float64(vae.decoder(np.float32(z)))
    log_likelihood = special.log_expit(np.where(x == 1, logits, -logits)).sum(axis=(1, 2, 3))

    def mean_and_error(values):
        """Under q, and the standard error of as many draws as there are seeds."""
        mean = (weights * np.exp(log_q) * values).sum()
        variance = (weights * np.exp(log_q) * (values - mean) ** 2).sum()
        return mean, (variance / len(SEEDS)) ** 0.5

    terms = vae.terms(x, given)
    wanted, error = mean_and_error(-log_likelihood)
    assert abs(float(terms["reconstruction"][0]) - wanted) < 5 * error
    wanted, error = mean_and_error(log_q - log_p)
    assert vae.exact_kl == (posterior == prior != "logistic")
    close = 1e-4 * wanted if vae.exact_kl else 5 * error
    assert wanted > 0.01 and abs(float(terms["kl"][0]) - wanted) < close
    ratios = np.exp(np.float64(vae.log_weight(x, given))[0])
    evidence = (weights * np.exp(log_p + log_likelihood)).sum()
    error = ratios.std() / len(SEEDS) ** 0.5
    if posterior == prior:  # of another prior, with heavier tails, their variance is infinite
        assert abs(ratios.mean() - evidence) < 5 * error < 0.2 * evidence


BUILT = [
    *(("dense_vae", name, name) for name in LAWS),
    ("dense_vae", "normal", "laplace"),
    ("conv_vae", "von_mises_fisher", "von_mises_fisher"),
    ("rnn_vae", "categorical", "categorical"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("builder", "posterior", "prior"), BUILT)
def test_a_step_moves_every_weight_and_the_keras_file_gives_the_answers_back(
    builder, posterior, prior, tmp_path
):
    vae = build(posterior, None if posterior == prior else prior, builder)
    assert vae.latents.prior.family == LAWS[prior].prior().family
    vae.compile(keras.optimizers.Adam(1e-2), run_eagerly=True)
    x = np.random.default_rng(0).integers(0, 2, (12, *vae.event_shape)).astype(np.float32)
    before = [keras.ops.convert_to_numpy(weight) for weight in vae.trainable_weights]
    assert np.isfinite(vae.train_on_batch(x, x)).all()
    for old, weight in zip(before, vae.trainable_weights, strict=True):
        assert np.abs(old - keras.ops.convert_to_numpy(weight)).max() > 1e-3, weight.path
    vae.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert copy.latent_facts == vae.latent_facts
    for answer, again in (
        (vae.score(x), copy.score(x)),
        (vae.generate(SEEDS[:5]), copy.generate(SEEDS[:5])),
    ):
        for key, value in answer.items():
            np.testing.assert_allclose(again[key], value, rtol=1e-6, err_msg=key)


def loss_and_gradients(name, objective):
    """(loss, gradients of the encoder, of the decoder) of a first step: equal noise for all."""
    vae = with_weights(build(name, objective=objective))
    x = np.random.default_rng(0).integers(0, 2, (6, *SHAPE)).astype(np.float32)
    vae.compile(run_eagerly=True)
    with tf.GradientTape() as tape:
        loss = vae.compute_loss(x, x, vae(x, training=True))
    networks = [
        [weight.value for weight in network.trainable_weights]
        for network in (vae.encoder, vae.decoder)
    ]
    gradients = tape.gradient(loss, networks)
    return float(loss), *([np.asarray(each) for each in network] for network in gradients)


def alike(some, others):
    return [
        np.allclose(one, other, rtol=1e-3, atol=1e-5)
        for one, other in zip(some, others, strict=True)
    ]


@pytest.mark.parametrize("name", ["laplace", "bernoulli", "categorical"])
def test_no_free_bits_are_the_elbo_for_every_family_that_knows_the_kl_of_a_latent(name):
    free, *gradients = loss_and_gradients(name, FreeBits(0.0))
    elbo, *wanted = loss_and_gradients(name, ELBO())
    assert free == pytest.approx(elbo, rel=1e-6)
    assert all(alike(gradients[0], wanted[0])) and all(alike(gradients[1], wanted[1]))


@pytest.mark.slow
@pytest.mark.parametrize("name", SMOOTH)
def test_for_equal_draws_the_doubly_reparameterized_gradient_differs_in_the_encoder_alone(name):
    plain, encoders, decoders = loss_and_gradients(name, ImportanceWeighted(4))
    doubly, of_encoder, of_decoder = loss_and_gradients(name, ImportanceWeighted(4, True))
    assert doubly == pytest.approx(plain, rel=1e-5)
    assert all(alike(of_decoder, decoders)) and not any(alike(of_encoder, encoders))
    assert all(np.isfinite(each).all() and np.abs(each).max() > 0 for each in of_encoder)


def test_the_facts_of_the_latents_say_what_they_are():
    facts = build("categorical").latent_facts
    assert facts == {
        "size": 6,
        "groups": {"z": [6]},
        "latents": 2,
        "classes": 3,
        "posterior": "categorical",
        "prior": "uniform categorical",
        "exact_bits": True,
    }
    sphere = build("von_mises_fisher").latent_facts
    assert sphere["prior"] == priors.UniformSphere.family and not sphere["exact_bits"]
