"""Models of sequences [steps, features]: recurrent ones, and dilated convolutions."""

from zoo import likelihoods
from zoo.catalog.entries import entry
from zoo.catalog.networks import flat_vae
from zoo.errors import InputError
from zoo.latents import priors
from zoo.networks import causal, dilated, recurrent
from zoo.objectives import FreeBits

TOKENS = 32
"""Of strings, where no data says how many."""

STRING_DECODERS = {
    "recurrent": {"units": 256, "context": (128, 64)},
    "convolutional": {"width": 80, "blocks": None},
}
"""Decoders of strings, the options that each has, and what these are unless given. Both have about
280,000 weights, of strings of 38 steps of 26 tokens."""


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
                ends=ends,
                teacher_dropout=teacher_dropout,
            )
        return recurrent.decoder(*sizes, **options)

    parts |= {"conditions": {"length": event_shape[0] + 1} if lengths else None}
    return flat_vae(name, encoder, decoder, event_shape, latent, shape, **parts)


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


@entry("recurrent", (64,))
def molecule_vae(
    event_shape,
    latent=64,
    decoder="recurrent",
    units=None,
    context=None,
    width=None,
    blocks=None,
    encoder_units=128,
    cell="gru",
    teacher_dropout=0.0,
    prior="flow",
    flow_layers=8,
    flow_units=(96,),
    likelihood=None,
    **parts,
):
    """VAE over strings [steps] of tokens, given token after token (Bowman et al. 2016).

    Its encoder reads a string forwards and backwards, its decoder gives each token from those
    before it: of molecules as SMILES (Gómez-Bombarelli et al. 2018) or SELFIES, of names, words or
    peptides.

    Args:
        decoder: "recurrent", or "convolutional": causal dilated convolutions (Yang et al. 2017).
        units: of the decoder's recurrent layer; 256 unless given.
        context: width, or widths, of the layers that tell every step of z, of a recurrent decoder;
            128 and 64 unless given.
        width: channels of the decoder's convolutions; 80 unless given.
        blocks: of a convolutional decoder, dilated by 1, 2, 4, ...; unless given as many as let
            each step see all before it, see `zoo.networks.causal.blocks_of`.
        encoder_units: of each direction of the encoder's recurrent layer.
        cell: "lstm" or "gru", in the encoder and in a recurrent decoder.
        teacher_dropout: share of the tokens that training hides from the decoder, so that z has
            something to say.
        flow_layers, flow_units: of a "flow" prior, which finds the places of what is encoded.
        likelihood: `zoo.likelihoods.Tokens` of as many tokens as there are; 32 unless given.

    Raises:
        InputError: for an option that the chosen decoder does not have.
    """
    if isinstance(prior, str) and prior == "flow":
        prior = priors.CouplingFlow(flow_layers, tuple(flow_units))
    likelihood = likelihoods.Tokens(TOKENS) if likelihood is None else likelihoods.get(likelihood)
    if not isinstance(likelihood, likelihoods.Tokens):
        raise InputError(
            "molecule_vae takes strings, of which the likelihood is Tokens; given was "
            f"{type(likelihood).__name__}."
        )
    shape = {"units": units, "context": context, "width": width, "blocks": blocks}
    gives = _of_decoder(decoder, shape) | {"teacher_dropout": teacher_dropout}
    gives |= {"ends": True, "event_shape": likelihood.network_shape(event_shape)}

    def reader(*sizes, **options):
        reads = {"units": encoder_units, "cell": cell, "bidirectional": True, "ends": True}
        return recurrent.encoder(*sizes, **options, **reads)

    def writer(*sizes):
        if decoder == "recurrent":
            return recurrent.AutoregressiveDecoder(*sizes, cell=cell, **gives)
        return causal.CausalDecoder(*sizes, **gives)

    parts |= {"likelihood": likelihood, "prior": prior}
    return flat_vae("molecule_vae", reader, writer, event_shape, latent, {}, **parts)


def _of_decoder(name, given):
    """The options of a decoder of strings: those that are not None, and the others' defaults."""
    if name not in STRING_DECODERS:
        raise InputError(f"decoder {name!r} is unknown; there are {', '.join(STRING_DECODERS)}.")
    own = STRING_DECODERS[name]
    for option, value in given.items():
        if value is not None and option not in own:
            raise InputError(
                f"{option}={value} is no option of a {name} decoder, which has "
                f"{' and '.join(own)}. Leave it out, or choose the other decoder."
            )
    return own | {option: value for option, value in given.items() if value is not None}


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

    return flat_vae("series_vae", encoder, dilated.decoder, event_shape, latent, shape, **parts)
