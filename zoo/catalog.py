"""The named models of the zoo: builders with every number visible.

Every builder takes an event shape and returns a model. `objective` is a value of `zoo.objectives`;
`likelihood` is one of `zoo.likelihoods` or its name.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from zoo import likelihoods
from zoo.autoencoder import Autoencoder
from zoo.errors import InputError
from zoo.networks import conditional, conv, dense, recurrent
from zoo.networks.heads import point
from zoo.objectives import ELBO, ImportanceWeighted
from zoo.vae import VAE

ENTRIES = {}


@dataclass(frozen=True)
class Entry:
    """A named model: its builder, and the family of its networks."""

    build: Callable
    family: str


def entry(family):
    """Enters a builder into the catalog under its own name."""

    def enter(builder):
        ENTRIES[builder.__name__] = Entry(builder, family)
        return builder

    return enter


@entry("dense")
def dense_ae(event_shape, latent=16, units=(512, 512), activation="silu", likelihood="auto"):
    """Plain autoencoder with dense layers, over events of any shape."""
    shape = {"units": tuple(units), "activation": activation}
    likelihood = likelihoods.get(likelihood, event_shape)
    return Autoencoder(
        dense.encoder(event_shape, latent, **shape, head=point),
        dense.decoder(event_shape, latent, **shape, parameters=likelihood.parameters),
        likelihood=likelihood,
        name="dense_ae",
    )


@entry("dense")
def dense_vae(
    event_shape,
    latent=50,
    units=(512, 512),
    activation="silu",
    likelihood="auto",
    objective=None,
    seed=0,
):
    """Dense VAE over events of any shape, one stochastic layer, normal posterior and prior."""
    parts = _dense(event_shape, latent, units, activation, likelihood)
    return VAE(**parts, objective=objective, seed=seed, name="dense_vae")


@entry("convolutional")
def conv_vae(
    event_shape,
    latent=32,
    filters=(16, 32),
    dense=512,
    activation="silu",
    likelihood="auto",
    objective=None,
    seed=0,
):
    """Convolutional VAE over images [height, width, channels], normal posterior and prior."""
    parts = _convolutional(event_shape, latent, filters, dense, 0, activation, likelihood)
    return VAE(**parts, objective=objective, seed=seed, name="conv_vae")


@entry("residual")
def residual_vae(
    event_shape,
    latent=32,
    filters=(16, 32),
    dense=512,
    blocks=2,
    activation="silu",
    likelihood="auto",
    objective=None,
    seed=0,
):
    """The convolutional VAE with residual blocks at every size of the image."""
    parts = _convolutional(event_shape, latent, filters, dense, blocks, activation, likelihood)
    return VAE(**parts, objective=objective, seed=seed, name="residual_vae")


@entry("convolutional")
def conditional_vae(
    event_shape,
    classes=10,
    latent=32,
    filters=(16, 32),
    dense=256,
    activation="silu",
    likelihood="auto",
    objective=None,
    seed=0,
):
    """Convolutional VAE over images whose encoder and decoder take a label besides."""
    shape = {"filters": tuple(filters), "dense": dense, "activation": activation}
    likelihood = likelihoods.get(likelihood, event_shape)
    wide = shape | {"parameters": likelihood.parameters}
    return VAE(
        conditional.encoder(conv.encoder, event_shape, latent, classes, **shape),
        conditional.decoder(conv.decoder, event_shape, latent, classes, **wide),
        likelihood=likelihood,
        objective=objective,
        conditions={"label": classes},
        seed=seed,
        name="conditional_vae",
    )


@entry("dense")
def beta_vae(
    event_shape,
    latent=10,
    units=(512, 512),
    activation="silu",
    likelihood="auto",
    objective=None,
    seed=0,
):
    """The dense VAE with few latents, its KL weighted by 2 unless another objective is given."""
    parts = _dense(event_shape, latent, units, activation, likelihood)
    return VAE(**parts, objective=objective or ELBO(beta=2.0), seed=seed, name="beta_vae")


@entry("dense")
def iwae(
    event_shape,
    latent=50,
    units=(512, 512),
    activation="silu",
    likelihood="auto",
    objective=None,
    seed=0,
):
    """The dense VAE trained on the importance-weighted bound, K=5 unless given."""
    parts = _dense(event_shape, latent, units, activation, likelihood)
    objective = objective or ImportanceWeighted(5, doubly_reparameterized=True)
    return VAE(**parts, objective=objective, seed=seed, name="iwae")


def _dense(event_shape, latent, units, activation, likelihood):
    """What the dense VAEs have in common, as `VAE` takes it."""
    shape = {"units": tuple(units), "activation": activation}
    likelihood = likelihoods.get(likelihood, event_shape)
    return {
        "encoder": dense.encoder(event_shape, latent, **shape),
        "decoder": dense.decoder(event_shape, latent, **shape, parameters=likelihood.parameters),
        "likelihood": likelihood,
    }


@entry("recurrent")
def rnn_vae(
    event_shape,
    latent=32,
    units=128,
    cell="gru",
    bidirectional=False,
    autoregressive=False,
    lengths=False,
    teacher_dropout=0.3,
    likelihood="auto",
    objective=None,
    seed=0,
):
    """Recurrent VAE over sequences [steps, features], or images row by row.

    Args:
        cell: "lstm" or "gru", in encoder and decoder.
        bidirectional: whether the encoder reads the steps backwards, too.
        autoregressive: whether the decoder gives each step from those before it.
        lengths: whether sequences end before their last step: the model is then conditional on an
            int32 `length`.
        teacher_dropout: share of the steps that training hides from an autoregressive decoder.
    """
    shape = {"units": units, "cell": cell, "lengths": lengths}
    teacher = {"teacher_dropout": teacher_dropout} if autoregressive else {}
    decoder = recurrent.AutoregressiveDecoder if autoregressive else recurrent.decoder
    likelihood = likelihoods.get(likelihood, event_shape)
    return VAE(
        recurrent.encoder(event_shape, latent, **shape, bidirectional=bidirectional),
        decoder(event_shape, latent, **shape, **teacher, parameters=likelihood.parameters),
        likelihood=likelihood,
        objective=objective,
        conditions={"length": event_shape[0] + 1} if lengths else None,
        seed=seed,
        name="rnn_vae",
    )


def _convolutional(event_shape, latent, filters, dense, blocks, activation, likelihood):
    """What the convolutional VAEs have in common, as `VAE` takes it."""
    shape = {"filters": tuple(filters), "dense": dense, "blocks": blocks, "activation": activation}
    likelihood = likelihoods.get(likelihood, event_shape)
    return {
        "encoder": conv.encoder(event_shape, latent, **shape),
        "decoder": conv.decoder(event_shape, latent, **shape, parameters=likelihood.parameters),
        "likelihood": likelihood,
    }


def names():
    """Names of the catalog's entries."""
    return list(ENTRIES)


def build(name, event_shape, **options):
    """A model by its name; `options` are its builder's.

    Raises:
        InputError: for an unknown name or option.
    """
    if name not in ENTRIES:
        raise InputError(f"model {name!r} is unknown; there are {', '.join(ENTRIES)}.")
    try:
        inspect.signature(ENTRIES[name].build).bind(event_shape, **options)
    except TypeError as error:
        raise InputError(f"{name}: {error}.") from error
    return ENTRIES[name].build(event_shape, **options)


def table(event_shape=(28, 28, 1)):
    """Yields (name, family, posterior, prior, likelihood, objective, parameters) of every entry."""
    for name in ENTRIES:
        model = build(name, event_shape)
        facts = model.latent_facts
        objective = repr(model.objective) if hasattr(model, "objective") else "-"
        yield (
            name,
            ENTRIES[name].family,
            facts.get("posterior", "-"),
            facts.get("prior", "-"),
            model.likelihood.family,
            objective,
            model.count_params(),
        )
