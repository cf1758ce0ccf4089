"""A VAE of two networks that are built alike."""

from zoo import likelihoods
from zoo.latents import Flat, posteriors
from zoo.models import VAE
from zoo.networks import conv, output_layers


def flat_vae(
    name,
    encoder,
    decoder,
    event_shape,
    latent,
    shape,
    posterior="normal",
    prior="standard",
    likelihood="bernoulli",
    **parts,
):
    """A VAE whose two networks are built alike, to the sizes that its other parts ask for.

    Args:
        encoder, decoder: a family's builders.
        shape: what both of them take besides.
    """
    posterior = posteriors.get(posterior)
    likelihood = likelihoods.get(likelihood)
    width = posterior.width(latent)
    seen = likelihood.network_shape(event_shape)
    head = output_layers.ParametricHead(posterior.outputs(width))
    return VAE(
        encoder(seen, width, **shape, head=head),
        decoder(likelihood.raw_shape(event_shape), width, **shape),
        Flat(width, posterior, prior, seen),
        likelihood=likelihood,
        name=name,
        **parts,
    )


def filters_of(event_shape, given, **widths):
    """The widths of the strided convolutions: those given, or those that fit the image."""
    return conv.fitting_filters(event_shape, **widths) if given is None else tuple(given)
