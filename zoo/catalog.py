"""The named models of the zoo: builders with every number visible.

Every builder takes an event shape and returns a model. What a VAE's builder takes besides, `parts`,
are `posterior` and `prior` of its latents ("normal" and "standard" unless given; any name or value
of `zoo.latents.posteriors` and `zoo.latents.priors`), and the arguments of `zoo.models.VAE` of the
same names: `likelihood` ("bernoulli"), `objective` (the ELBO) and `seed` (0).
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from zoo import likelihoods
from zoo.errors import InputError
from zoo.latents import Codebook, Codes, Flat, TopDown, posteriors, priors
from zoo.latents.priors.autoregressive import AutoregressiveCodes
from zoo.models import VAE, Autoencoder
from zoo.networks import conditional, conv, dense, dilated, output_layers, recurrent, top_down
from zoo.networks import table as table_networks
from zoo.objectives import ELBO, FreeBits, ImportanceWeighted
from zoo.schedules import Linear

PARTS = ("posterior", "prior", "likelihood", "objective", "seed")
ENTRIES = {}


@dataclass(frozen=True)
class Entry:
    """A named model: its builder, the family of its networks, and what it is listed for."""

    build: Callable
    family: str
    event_shape: tuple


def entry(family, event_shape=(28, 28, 1)):
    """Enters a builder into the catalog under its own name.

    Args:
        family: of its networks.
        event_shape: of data that it is made for, for which `table` builds it.
    """

    def enter(builder):
        ENTRIES[builder.__name__] = Entry(builder, family, event_shape)
        return builder

    return enter


@entry("dense")
def dense_ae(event_shape, latent=16, units=(512, 512), activation="silu", likelihood="bernoulli"):
    """Plain autoencoder with dense layers, over events of any shape."""
    shape = {"units": tuple(units), "activation": activation}
    likelihood = likelihoods.get(likelihood)
    return Autoencoder(
        dense.encoder(
            likelihood.network_shape(event_shape), latent, **shape, head=output_layers.point
        ),
        dense.decoder(likelihood.raw_shape(event_shape), latent, **shape),
        likelihood=likelihood,
        name="dense_ae",
    )


@entry("dense")
def dense_vae(event_shape, latent=50, units=(512, 512), activation="silu", **parts):
    """Dense VAE over events of any shape, one stochastic layer."""
    return _dense("dense_vae", event_shape, latent, units, activation, **parts)


@entry("convolutional")
def conv_vae(event_shape, latent=32, filters=None, dense=512, activation="silu", **parts):
    """Convolutional VAE over images [height, width, channels].

    Args:
        filters: of the strided convolutions; unless given as many as the image needs, (16, 32) for
            28x28 and (16, 32, 48, 48) for 128x128, see `zoo.networks.conv.fitting_filters`.
        dense: width of the layer between convolutions and latents; 0: none, and `latent` is some
            times the places of `zoo.networks.conv.grid`, as 256 of 8x8.
    """
    shape = {"filters": _filters(event_shape, filters), "dense": dense, "activation": activation}
    return _vae("conv_vae", conv.encoder, conv.decoder, event_shape, latent, shape, **parts)


@entry("residual")
def residual_vae(
    event_shape, latent=32, filters=None, dense=512, blocks=2, activation="silu", **parts
):
    """The convolutional VAE with residual blocks at every size of the image."""
    shape = {"filters": _filters(event_shape, filters), "dense": dense, "activation": activation}
    shape |= {"blocks": blocks}
    return _vae("residual_vae", conv.encoder, conv.decoder, event_shape, latent, shape, **parts)


@entry("convolutional")
def conditional_vae(
    event_shape, classes=10, latent=32, filters=None, dense=256, activation="silu", **parts
):
    """Convolutional VAE over images whose encoder and decoder take a label besides."""
    shape = {"filters": _filters(event_shape, filters), "dense": dense, "activation": activation}

    def encoder(event_shape, latent, **options):
        return conditional.encoder(conv.encoder, event_shape, latent, classes, **options)

    def decoder(event_shape, latent, **options):
        return conditional.decoder(conv.decoder, event_shape, latent, classes, **options)

    parts |= {"conditions": {"label": classes}}
    return _vae("conditional_vae", encoder, decoder, event_shape, latent, shape, **parts)


@entry("dense")
def beta_vae(event_shape, latent=10, units=(512, 512), activation="silu", objective=None, **parts):
    """The dense VAE with few latents, its KL weighted by 2 unless another objective is given."""
    parts |= {"objective": objective or ELBO(beta=2.0)}
    return _dense("beta_vae", event_shape, latent, units, activation, **parts)


@entry("dense")
def iwae(event_shape, latent=50, units=(512, 512), activation="silu", objective=None, **parts):
    """The dense VAE trained on the importance-weighted bound, K=5 unless given."""
    parts |= {"objective": objective or ImportanceWeighted(5, doubly_reparameterized=True)}
    return _dense("iwae", event_shape, latent, units, activation, **parts)


@entry("dense")
def laplace_vae(
    event_shape, latent=50, units=(512, 512), activation="silu", posterior="laplace", **parts
):
    """The dense VAE with Laplace latents, whose KL to the standard Laplace prior is exact."""
    parts |= {"posterior": posterior}
    return _dense("laplace_vae", event_shape, latent, units, activation, **parts)


@entry("dense")
def hyperspherical_vae(
    event_shape,
    latent=10,
    units=(512, 512),
    activation="silu",
    posterior="von_mises_fisher",
    **parts,
):
    """The dense VAE with latents on the unit sphere (Davidson et al. 2018)."""
    parts |= {"posterior": posterior}
    return _dense("hyperspherical_vae", event_shape, latent, units, activation, **parts)


@entry("dense")
def gumbel_vae(
    event_shape,
    latent=20,
    classes=10,
    units=(512, 512),
    activation="silu",
    temperature=1.0,
    final_temperature=0.5,
    temperature_steps=1000,
    posterior="categorical",
    **parts,
):
    """The dense VAE with discrete latents, relaxed while they are trained (Jang et al. 2017).

    Args:
        classes: of each latent of a "categorical" posterior; those of a "bernoulli" one are binary.
        temperature, final_temperature, temperature_steps: of the relaxation, lowered linearly over
            so many steps of training.
    """
    schedule = Linear(temperature, final_temperature, temperature_steps)
    named = {
        "categorical": lambda: posteriors.Categorical(classes, schedule),
        "bernoulli": lambda: posteriors.Bernoulli(schedule),
    }
    parts |= {"posterior": named[posterior]() if posterior in list(named) else posterior}
    return _dense("gumbel_vae", event_shape, latent, units, activation, **parts)


@entry("dense")
def vampprior_vae(
    event_shape,
    latent=50,
    units=(512, 512),
    activation="silu",
    components=50,
    bounds=(0.0, 1.0),
    prior="vampprior",
    **parts,
):
    """The dense VAE whose prior is learned from pseudo-inputs (Tomczak & Welling 2018).

    Args:
        components: how many pseudo-inputs, or normals of a "mixture" prior.
        bounds: (lowest, highest) value that the networks are given, within which the pseudo-inputs
            are learned; None where there are none, as of standardised data.
    """
    likelihood = likelihoods.get(parts.get("likelihood", "bernoulli"))
    seen = likelihood.network_shape(event_shape)
    named = {
        "vampprior": lambda: priors.VampPrior(components, seen, bounds),
        "mixture": lambda: priors.MixtureOfNormals(components),
    }
    parts |= {"prior": named[prior]() if prior in list(named) else prior}
    parts |= {"likelihood": likelihood}
    return _dense("vampprior_vae", event_shape, latent, units, activation, **parts)


@entry("dense")
def flow_vae(
    event_shape,
    latent=50,
    units=(512, 512),
    activation="silu",
    flow_layers=4,
    flow_units=(128,),
    context=32,
    posterior="flow",
    prior="standard",
    **parts,
):
    """The dense VAE with an inverse autoregressive flow as posterior (Kingma et al. 2016).

    Args:
        flow_layers, flow_units: of a "flow" posterior, and of a "flow" prior, which couples.
        context: values that the encoder hands the posterior's flow.
    """
    if isinstance(posterior, str) and posterior == "flow":
        posterior = posteriors.InverseAutoregressiveFlow(flow_layers, flow_units, context)
    if isinstance(prior, str) and prior == "flow":
        prior = priors.CouplingFlow(flow_layers, flow_units)
    parts |= {"posterior": posterior, "prior": prior}
    return _dense("flow_vae", event_shape, latent, units, activation, **parts)


@entry("dense", (1000,))
def count_vae(
    event_shape,
    latent=10,
    units=(128, 128),
    activation="silu",
    zero_inflated=False,
    likelihood="library_negative_binomial",
    **parts,
):
    """The dense VAE over counts that are shares of a library, as scVI (Lopez et al. 2018).

    Args:
        zero_inflated: whether a count may be 0 for another reason besides.
    """
    likelihood = likelihoods.get(likelihood)
    if zero_inflated:
        if not isinstance(likelihood, likelihoods.LibraryNegativeBinomial):
            raise InputError(
                f"zero_inflated=True is of library_negative_binomial; the likelihood is "
                f"{likelihood.family}. Leave one of the two out."
            )
        likelihood = likelihoods.LibraryNegativeBinomial(True, likelihood.initial_dispersion)
    parts |= {"likelihood": likelihood}
    return _dense("count_vae", event_shape, latent, units, activation, **parts)


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
    name="rnn_vae",
    **parts,
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
    parts |= {"likelihood": likelihoods.get(parts.get("likelihood", "bernoulli"))}
    seen = parts["likelihood"].network_shape(event_shape)

    ends, offsets = parts["likelihood"].marks_ends, parts["likelihood"].offsets

    def encoder(*sizes, **options):
        return recurrent.encoder(
            *sizes, **options, bidirectional=bidirectional, ends=ends, offsets=offsets
        )

    def decoder(*sizes, **options):
        if autoregressive:
            return recurrent.AutoregressiveDecoder(
                *sizes,
                **options,
                event_shape=seen,
                offsets=offsets,
                teacher_dropout=teacher_dropout,
            )
        return recurrent.decoder(*sizes, **options)

    parts |= {"conditions": {"length": event_shape[0] + 1} if lengths else None}
    return _vae(name, encoder, decoder, event_shape, latent, shape, **parts)


@entry("recurrent")
def stroke_vae(
    event_shape,
    latent=32,
    units=128,
    cell="lstm",
    bidirectional=True,
    lengths=False,
    teacher_dropout=0.1,
    prior="flow",
    objective=None,
    **parts,
):
    """Recurrent VAE over drawings [steps, (dx, dy, pen)], step after step (Ha & Eck 2018).

    The recurrent VAE whose decoder gives each step from those before it, of whose KL 16 nats are
    free unless another objective is given: such a decoder does without latents as long as they
    cost anything. What is free keeps encodings from no place, and a prior that is learned finds
    where they are: benchmarks/kanji.md.
    """
    parts |= {"objective": objective or FreeBits(16.0, together=True), "prior": prior}
    parts |= {"name": "stroke_vae"}
    shape = {"units": units, "cell": cell, "bidirectional": bidirectional, "lengths": lengths}
    shape |= {"autoregressive": True, "teacher_dropout": teacher_dropout}
    return rnn_vae(event_shape, latent, **shape, **parts)


@entry("dilated", (64, 2))
def series_vae(
    event_shape,
    latent=16,
    width=48,
    blocks=None,
    activation="silu",
    hidden=0.05,
    likelihood="normal",
    **parts,
):
    """VAE of dilated convolutions over windows of series [steps, features].

    Args:
        width: channels of the convolutions.
        blocks: residual blocks, dilated by 1, 2, 4, ...; unless given as many as see the whole
            window, see `zoo.networks.dilated.blocks_of`.
        hidden: where values may be missing, the share of the known ones that training hides from
            the encoder, on average; what it is to reconstruct is all of them.
    """
    shape = {"width": width, "blocks": blocks, "activation": activation}
    parts |= {"likelihood": likelihoods.get(likelihood)}
    hidden = hidden if parts["likelihood"].marks_known else 0.0

    def encoder(*sizes, **options):
        return dilated.encoder(*sizes, **options, hidden=hidden)

    return _vae("series_vae", encoder, dilated.decoder, event_shape, latent, shape, **parts)


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
    filters = _filters(event_shape, filters, first=32, most=128)
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
    activation="silu",
    likelihood="bernoulli",
    **parts,
):
    """VAE of groups of latents at several sizes of the image, each drawn given those above it.

    The ladder of Sønderby et al. 2016 with residual blocks and a posterior relative to the prior,
    see `zoo.latents.TopDown`.

    Args:
        groups: how many at the top, which has no places, then at the coarsest size and so on down;
            unless given (1, 2, 2, 1) for 28x28, see `zoo.networks.top_down.fitting_groups`.
        top, channels: values of a group at the top, and of others at each place.
        filters: of the strided convolutions; unless given as many as bring the image to 4x4 or
            below, (16, 32, 48) for 28x28.
        dense: width of what lies at the top.
        blocks: residual blocks at each size on the way up, and after each group on the way down.
        attention: whether the places of a grid attend to one another at each size up to 16x16.
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
        TopDown(*top_down.way_down(seen, **both, top=top, channels=channels)),
        likelihood=likelihood,
        name="hierarchical_vae",
        **parts,
    )


@entry("table", event_shape=(16,))
def table_vae(
    event_shape,
    latent=8,
    units=(128,),
    activation="silu",
    hidden=0.1,
    dropout=0.0,
    likelihood=None,
    **parts,
):
    """VAE over rows of a table, columns of any kind, values missing or not.

    Args:
        hidden: share of the known values that training hides from the encoder, on average, so that
            it learns to do without; what it is to reconstruct is all of them. With any, a value of
            every column may be missing where the model is used.
        dropout: of both networks' layers.
        likelihood: `zoo.likelihoods.Columns` of the table; real numbers unless given.
    """
    if likelihood is None:
        named = (f"column_{number}" for number in range(event_shape[0]))
        likelihood = likelihoods.Columns([{"name": name, "kind": "real"} for name in named])
    if not isinstance(likelihood, likelihoods.Columns):
        raise InputError(
            "table_vae takes a table, of which the likelihood is Columns; given was "
            f"{type(likelihood).__name__}."
        )
    if parts.get("prior") == "vampprior":
        raise InputError(
            "table_vae has words among its inputs, which no pseudo-input of a vampprior can learn: "
            "take the prior standard, mixture or flow."
        )
    likelihood = likelihoods.Columns(likelihood.columns, any_missing=hidden > 0.0)
    layout = likelihood.network_layout

    def encoder(*sizes, **options):
        return table_networks.encoder(*sizes, **options, **layout, hidden=hidden)

    shape = {"units": tuple(units), "activation": activation, "dropout": dropout}
    parts |= {"likelihood": likelihood}
    decoder = table_networks.decoder
    return _vae("table_vae", encoder, decoder, event_shape, latent, shape, **parts)


def _filters(event_shape, given, **widths):
    """The widths of the strided convolutions: those given, or those that fit the image."""
    return conv.fitting_filters(event_shape, **widths) if given is None else tuple(given)


def _dense(name, event_shape, latent, units, activation, **parts):
    """A VAE of dense networks."""
    shape = {"units": tuple(units), "activation": activation}
    return _vae(name, dense.encoder, dense.decoder, event_shape, latent, shape, **parts)


def _vae(
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
    parameters = inspect.signature(ENTRIES[name].build).parameters
    known = [each for each in parameters if each not in ("event_shape", "parts")]
    known += [each for each in PARTS if "parts" in parameters and each not in known]
    unknown = [each for each in options if each not in known]
    if unknown:
        raise InputError(f"{name} has no option {', '.join(unknown)}; it has {', '.join(known)}.")
    return ENTRIES[name].build(event_shape, **options)


def table():
    """Yields (name, family, posterior, prior, likelihood, objective, parameters) of every entry.

    Built for its own `event_shape`.
    """
    for name in ENTRIES:
        model = build(name, ENTRIES[name].event_shape)
        facts = model.latent_facts
        yield (
            name,
            ENTRIES[name].family,
            facts.get("posterior", "-"),
            facts.get("prior", "-"),
            model.likelihood.family,
            model.objective_shown,
            model.count_params(),
        )
