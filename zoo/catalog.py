"""The named models of the zoo: builders with every number visible."""

from zoo import likelihoods
from zoo.networks import conv
from zoo.objectives import ELBO
from zoo.vae import VAE


def conv_vae(
    event_shape,
    latent=32,
    filters=(16, 32),
    dense=512,
    activation="silu",
    likelihood="auto",
    beta=1.0,
    seed=0,
):
    """Convolutional VAE over images [height, width, channels], normal posterior and prior."""
    shape = {"filters": tuple(filters), "dense": dense, "activation": activation}
    return VAE(
        conv.encoder(event_shape, latent, **shape),
        conv.decoder(event_shape, latent, **shape),
        likelihood=likelihoods.get(likelihood, event_shape),
        objective=ELBO(beta),
        seed=seed,
        name="conv_vae",
    )
