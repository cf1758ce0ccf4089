"""Models of images [height, width, channels]: convolutions, residual blocks, grids, hierarchies."""

from zoo import likelihoods
from zoo.catalog.entries import entry
from zoo.catalog.networks import filters_of, flat_vae
from zoo.latents import Codebook, Codes, TopDown
from zoo.latents.priors.autoregressive import AutoregressiveCodes
from zoo.models import VAE
from zoo.networks import conditional, conv, top_down


@entry("convolutional")
def conv_vae(event_shape, latent=32, filters=None, dense=512, activation="silu", **parts):
    """Convolutional VAE over images [height, width, channels].

    Args:
        filters: of the strided convolutions; unless given as many as the image needs, (16, 32) for
            28x28 and (16, 32, 48, 48) for 128x128, see `zoo.networks.conv.fitting_filters`.
        dense: width of the layer between convolutions and latents; 0: none, and `latent` is some
            times the places of `zoo.networks.conv.grid`, as 256 of 8x8.
    """
    shape = {"filters": filters_of(event_shape, filters), "dense": dense, "activation": activation}
    return flat_vae("conv_vae", conv.encoder, conv.decoder, event_shape, latent, shape, **parts)


@entry("residual")
def residual_vae(
    event_shape, latent=32, filters=None, dense=512, blocks=2, activation="silu", **parts
):
    """The convolutional VAE with residual blocks at every size of the image."""
    shape = {"filters": filters_of(event_shape, filters), "dense": dense, "activation": activation}
    shape |= {"blocks": blocks}
    return flat_vae("residual_vae", conv.encoder, conv.decoder, event_shape, latent, shape, **parts)


@entry("convolutional")
def conditional_vae(
    event_shape, classes=10, latent=32, filters=None, dense=256, activation="silu", **parts
):
    """Convolutional VAE over images whose encoder and decoder take a label besides."""
    shape = {"filters": filters_of(event_shape, filters), "dense": dense, "activation": activation}

    def encoder(event_shape, latent, **options):
        return conditional.encoder(conv.encoder, event_shape, latent, classes, **options)

    def decoder(event_shape, latent, **options):
        return conditional.decoder(conv.decoder, event_shape, latent, classes, **options)

    parts |= {"conditions": {"label": classes}}
    return flat_vae("conditional_vae", encoder, decoder, event_shape, latent, shape, **parts)


@entry("convolutional")
def vq_vae(
    event_shape,
    codes=64,
    dimension=16,
    filters=None,
    blocks=0,
    activation="silu",
    prior_units=64,
    commitment=0.25,
    decay=0.9,
    restart_below=0.1,
    likelihood="bernoulli",
    seed=0,
):
    """Vector-quantized VAE over images: a grid of codes, each the number of a learned vector.

    Args:
        codes: vectors of the codebook, 2 or more.
        dimension: of each.
        filters: of the strided convolutions, each of which halves height and width of the grid;
            unless given as many as bring it to 8x8 or below, (32, 64) for 28x28.
        prior_units: width of the recurrent prior over the grid.
        commitment, decay: see `zoo.latents.Codes` and `Codebook`.
        restart_below: the codebook's `restart`: a code that is used less is dead.
        seed: of where dead codes are restarted.
    """
    filters = filters_of(event_shape, filters, first=32, most=128)
    shape = {"filters": filters, "blocks": blocks, "activation": activation}
    likelihood = likelihoods.get(likelihood)
    book = Codebook(codes, dimension, decay, restart_below, seed, name="codebook")
    grid = conv.grid(event_shape, filters)
    return VAE(
        conv.grid_encoder(likelihood.network_shape(event_shape), dimension, **shape),
        conv.grid_decoder(likelihood.raw_shape(event_shape), dimension, **shape),
        Codes(book, AutoregressiveCodes(codes, grid, prior_units, name="prior"), commitment),
        likelihood=likelihood,
        seed=seed,
        name="vq_vae",
    )


@entry("residual")
def hierarchical_vae(
    event_shape,
    groups=None,
    top=16,
    channels=2,
    filters=None,
    dense=128,
    blocks=1,
    attention=False,
    posteriors="absolute",
    activation="silu",
    likelihood="bernoulli",
    **parts,
):
    """VAE of groups of latents at several sizes of the image, each drawn given those above it.

    The ladder of Sønderby et al. 2016 with residual blocks: see `zoo.latents.TopDown`.

    Args:
        groups: how many at the top, which has no places, then at the coarsest size and so on down;
            unless given (1, 2, 2, 1) for 28x28, see `zoo.networks.top_down.fitting_groups`.
        top, channels: values of a group at the top, and of others at each place.
        filters: of the strided convolutions; unless given as many as bring the image to 4x4 or
            below, (16, 32, 48) for 28x28.
        dense: width of what lies at the top.
        blocks: residual blocks at each size on the way up, and after each group on the way down.
        attention: whether the places of a grid attend to one another at each size up to 16x16.
        posteriors: "absolute", or "relative" to the priors: of 28x28 digits a little better, of
            photographs far worse, see benchmarks/large_pictures.md.
    """
    if filters is None:
        filters = top_down.fitting_filters(event_shape)
    if groups is None:
        groups = top_down.fitting_groups(event_shape, filters)
    likelihood = likelihoods.get(likelihood)
    shape = {"filters": tuple(filters), "groups": tuple(groups)}
    inner = {"activation": activation, "blocks": blocks}
    seen = likelihood.network_shape(event_shape)
    both = {**shape, **inner, "dense": dense, "attention": attention}
    return VAE(
        top_down.encoder(seen, **both),
        top_down.decoder(likelihood.raw_shape(event_shape), **shape, **inner),
        TopDown(
            *top_down.way_down(seen, **both, top=top, channels=channels, posteriors=posteriors),
            relative=posteriors == "relative",
        ),
        likelihood=likelihood,
        name="hierarchical_vae",
        **parts,
    )
