"""What the data decides, unless its user does: the likelihood and the binarization, with reasons.

By the schema alone, see `zoo.datasets.Schema`; how many values lie between is only counted to be
said.
"""

from dataclasses import dataclass

import numpy as np

LOOKED_AT = 1000
"""Training examples whose values are counted, at most."""

GREY = "discretized_logistic"
"""Of 8-bit values: see benchmarks/pictures.md."""

FREE_NATS = 8.0
"""Of all latents of a recurrent model together, by default."""

BINARY = ("bernoulli", "categorical", "negative_binomial")
"""Likelihoods of zeros and ones, or of whole numbers."""


@dataclass(frozen=True)
class Choice:
    """One thing that was decided, and why."""

    what: str
    value: str
    why: str


def likelihood(asked, data):
    """The `Choice` of a likelihood, for `asked` "auto" or a name."""
    schema = data.schema
    if asked != "auto":
        return Choice("likelihood", asked, "as asked")
    if schema.is_strokes:
        why = "drawings: a mixture of normals of where the pen goes, and three states of the pen"
        return Choice("likelihood", "strokes", why)
    if schema.is_binary:
        return Choice("likelihood", "bernoulli", "the values are 0 and 1")
    if schema.ink:
        return Choice("likelihood", "bernoulli", "a value is the chance of ink, drawn as 0 or 1")
    if schema.is_eight_bits:
        return Choice("likelihood", GREY, "8-bit values: a probability for each of the 256")
    if schema.center:
        why = "real values, standardised: a density with a learned scale for each feature"
        return Choice("likelihood", "normal", why)
    return Choice("likelihood", "normal", "real values: a density of learned scale")


def binarization(asked, data, likelihood):
    """The `Choice` of a binarization, for `asked` "auto" or a name, and a likelihood's name."""
    if asked != "auto":
        return Choice("binarization", asked, "as asked")
    if data.schema.is_binary:
        return Choice("binarization", "none", "the values are 0 and 1 already")
    if data.schema.range != (0.0, 1.0):
        return Choice("binarization", "none", "the values are no chances between 0 and 1")
    between = f"{share_between(data):.0%} of the values lie between the lowest and the highest"
    if not data.schema.ink:
        return Choice("binarization", "none", between)
    if likelihood not in BINARY:
        return Choice("binarization", "none", f"the {likelihood} likelihood describes grey ink")
    return Choice("binarization", "dynamic", "ink by custom, drawn anew at each visit")


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
