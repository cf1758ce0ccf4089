"""The named models of the zoo: builders with every number visible."""

from zoo.errors import InputError
from zoo.networks import conv
from zoo.objectives import ELBO
from zoo.vae import VAE


def conv_vae(
    event_shape,
    latent=32,
    filters=(16, 32),
    dense=512,
    activation="silu",
    likelihood="bernoulli",
    beta=1.0,
    seed=0,
):
    """Convolutional VAE over images [height, width, channels], normal posterior and prior."""
    shape = {"filters": tuple(filters), "dense": dense, "activation": activation}
    return VAE(
        conv.encoder(event_shape, latent, **shape),
        conv.decoder(event_shape, latent, **shape),
        likelihood=likelihood,
        objective=ELBO(beta),
        seed=seed,
        name="conv_vae",
    )


BUILDERS = {"conv_vae": conv_vae}


def names():
    """The names of all models, in order."""
    return tuple(BUILDERS)


def build(name, event_shape, **options):
    """Builds a model by its catalog name."""
    if name not in BUILDERS:
        raise InputError(f"model {name!r} is unknown; the catalog has {', '.join(BUILDERS)}.")
    return BUILDERS[name](event_shape, **options)
