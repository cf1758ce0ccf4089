"""What the data decides, unless its user does: the likelihood and the binarization, with reasons.

By the schema alone, see `zoo.datasets.Schema`; how many values lie between is only counted to be
said.
"""

import dataclasses

import numpy as np

from zoo.datasets.base import Reason

LOOKED_AT = 1000
"""Training examples whose values are counted, at most."""

GREY = "discretized_logistic"
"""Of 8-bit values: see benchmarks/pictures.md."""

BINARY = ("bernoulli", "categorical", "negative_binomial", "library_negative_binomial")
"""Likelihoods of zeros and ones, or of whole numbers."""

FEW_PHOTOGRAPHS = 1000
"""Training examples below which photographs are augmented: see benchmarks/photographs.md."""

SMALLEST_PHOTOGRAPH = 32
"""Pixels of its longer side: smaller pictures are icons as often."""

PLACES = ("normal", "laplace", "logistic")
"""Posteriors whose latents may keep their places in a picture: each is independent of others."""

LATENTS_AT_A_PLACE = 4
"""Of a picture that is strided down three times, to an eighth; twice as many each time more."""

FREE_NATS = 8.0
"""Of all latents of a recurrent model together, by default."""


def likelihood(asked, data):
    """The `Reason` of a likelihood, for `asked` "auto" or a name."""
    schema = data.schema
    if schema.columns and asked == "auto":
        return Reason("likelihood", "columns", "a table: a law for each column")
    if asked != "auto":
        return Reason("likelihood", asked, "as asked")
    if schema.tokens:
        return Reason("likelihood", "tokens", "strings: a probability for each token and the end")
    if schema.is_strokes:
        why = "drawings: a mixture of normals of where the pen goes, and three states of the pen"
        return Reason("likelihood", "strokes", why)
    if schema.is_binary:
        return Reason("likelihood", "bernoulli", "the values are 0 and 1")
    if schema.ink:
        return Reason("likelihood", "bernoulli", "a value is the chance of ink, drawn as 0 or 1")
    if schema.is_eight_bits:
        return Reason("likelihood", GREY, "8-bit values: a probability for each of the 256")
    if schema.is_counts:
        why = "counts: shares of a library of any size, with a dispersion for each feature"
        return Reason("likelihood", "library_negative_binomial", why)
    if schema.center:
        why = "real values, standardised: a density with a learned scale for each feature"
        return Reason("likelihood", "normal", why)
    return Reason("likelihood", "normal", "real values: a density of learned scale")


def binarization(asked, data, likelihood):
    """The `Reason` of a binarization, for `asked` "auto" or a name, and a likelihood's name."""
    if asked != "auto":
        return Reason("binarization", asked, "as asked")
    if data.schema.is_binary:
        return Reason("binarization", "none", "the values are 0 and 1 already")
    if data.schema.range != (0.0, 1.0):
        return Reason("binarization", "none", "the values are no chances between 0 and 1")
    between = f"{share_between(data):.0%} of the values are neither 0 nor 1"
    if not data.schema.ink:
        return Reason("binarization", "none", between)
    if likelihood not in BINARY:
        return Reason("binarization", "none", f"the {likelihood} likelihood describes grey ink")
    return Reason("binarization", "dynamic", "ink by custom, drawn anew at each visit")


def augmentation(asked, data):
    """The `Reason` of an augmentation and its names, for names that were asked for or None.

    Few photographs are flipped and shifted. Grey pictures are not: they may be writing, or faces
    and garments that always stand in one place.
    """
    if asked is not None:
        return Reason("augmentation", " ".join(asked) or "none", "as asked"), tuple(asked)
    schema, count = data.schema, len(data.train)
    colour = bool(schema.picture) and schema.picture[-1] == 3 and schema.is_eight_bits
    large = max(schema.picture[:2], default=0) >= SMALLEST_PHOTOGRAPH
    if not (colour and large and count < FEW_PHOTOGRAPHS):
        return None, ()
    why = f"{count} pictures in colour are few; --augment alone turns it off"
    return Reason("augmentation", "flip shift", why), ("flip", "shift")


def convolutional(config, data):
    """A `Config` whose `latent`, `dense` and `prior` are settled, and the `Reason`s of them.

    Of large photographs latents keep their places, without a dense layer, beside a VampPrior: a
    standard one would draw each place by itself. Others have a vector of 32.
    """
    from zoo.networks import conv  # imports Keras, which `pipeline` starts first

    filters = config.filters or conv.fitting_filters(data.event_shape)
    rows, columns = conv.grid(data.event_shape, filters)
    dense, latent, prior = config.dense, config.latent, config.prior
    large = data.schema.is_eight_bits and max(data.event_shape[:2]) > SMALLEST_PHOTOGRAPH
    if dense is None:
        fits = config.posterior in PLACES and (latent or rows * columns) % (rows * columns) == 0
        dense = 0 if large and fits else 512
    if latent is None:
        most = LATENTS_AT_A_PLACE * 2 ** (len(filters) - 3)
        latent = 32 if dense else rows * columns * max(1, round(most))
    if prior == "auto":
        plain = config.posterior == "normal" and config.objective == "elbo"
        prior = "standard" if dense or not plain else "vampprior"
    settled = dataclasses.replace(config, dense=dense, latent=latent, prior=prior)
    if dense:
        return settled, ()
    side = max(data.event_shape[:2])
    why = f"{side} pixels a side: {latent // (rows * columns)} for each of {rows}x{columns} places"
    reasons = (Reason("latents", str(latent), why),)
    if config.prior == "auto" and prior == "vampprior":
        why = "of latents with places: a standard one draws each by itself"
        reasons += (Reason("prior", prior, why),)
    return settled, reasons


def hierarchical(config, data):
    """A `Config` whose `posteriors` are settled, and the `Reason` of it."""
    if config.posteriors != "auto":
        return config, ()
    ink = likelihood(config.likelihood, data).value in BINARY
    chosen, why = ("relative", "to the priors: ink") if ink else ("absolute", "pictures of levels")
    reason = Reason("posteriors", chosen, f"{why}, see benchmarks/large_pictures.md")
    return dataclasses.replace(config, posteriors=chosen), (reason,)


def group_objective(config, data):
    """{"objective", "seed"} of a hierarchical model, as asked."""
    from zoo.objectives import GroupFreeBits
    from zoo.schedules import Linear

    beta = Linear(0.0, 1.0, config.anneal_steps) if config.anneal_steps else 1.0
    nats = config.free_bits if len(config.free_bits) > 1 else config.free_bits[0]
    return {"objective": GroupFreeBits(nats, beta, config.anneal_order), "seed": config.seed}


def objective(config, data):
    """{"objective"} for recurrent models of `objective` "auto" where the data decides it, else {}.

    Their decoders do without latents too easily: of sequences, unless beta or anneal was given,
    some nats are free.
    """
    from zoo.objectives import FreeBits

    asked = config.objective != "auto" or config.anneal != "none" or config.beta != 1.0
    if asked or data.schema.kind != "sequence":
        return {}
    return {"objective": FreeBits(FREE_NATS, together=True)}


def share_between(data):
    """The share of training values that are neither the schema's lowest nor its highest."""
    rows = np.linspace(0, len(data.train) - 1, min(LOOKED_AT, len(data.train))).astype(int)
    values = data.train.batch(np.unique(rows))
    low, high = data.range
    return float(np.mean((values > low) & (values < high)))
