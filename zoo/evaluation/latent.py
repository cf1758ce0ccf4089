"""The latent space as a scientific instrument."""

import numpy as np

from zoo.errors import InputError
from zoo.evaluation import chunks
from zoo.evaluation.compilation import compiled_method

ACTIVE = 0.01
"""Variance over the data of a latent's posterior mean above which the latent is active."""


def posterior_means(model, split, most=None):
    """The posterior's mean of the first `most` examples: float32 [n, latent].

    Of a model without a posterior, the latents themselves; of codes, their vectors.
    """
    represent, count = compiled_method(model, "represent"), min(len(split), most or len(split))
    means = [
        represent(*split.inputs(indices, model.conditions))
        for indices in chunks.of(count, chunks.examples(model))
    ]
    return np.concatenate(means)


def decoded(model, z, chunk=None):
    """The likelihood's means of codes [n, latent]: float32 [n, *event].

    Args:
        chunk: codes a call; None: as many as `chunks.decoded` allows.

    Raises:
        InputError: if the model is conditional: codes alone do not say what to decode.
    """
    if model.conditions:
        raise InputError(
            f"{model.name} decodes codes and {', '.join(model.conditions)}: what its latent space "
            "alone decodes to is not defined. Give a model without conditions."
        )
    decode = compiled_method(model, "decode")
    z = np.asarray(z, np.float32)
    parts = [
        decode(z[rows])["x_mean"] for rows in chunks.of(len(z), chunk or chunks.decoded(model))
    ]
    return np.concatenate(parts)


def active_units(means):
    """Yields `active_units`: how many latents carry something of x.

    A unit is active where Var_x(E_q(z|x)[z]) > 0.01 (Burda et al. 2016, section 5.2).
    """
    yield "active_units", int(np.sum(np.var(means, axis=0) > ACTIVE))


def code_use(model, split):
    """Yields `perplexity` and `codes_used` of a model whose latents are codes.

    Perplexity is the exponential of the entropy of the codes' frequencies, over all examples and
    places: 1 where one code stands for everything, `model.code_count` where all are equally
    frequent.
    """
    encode, counts = compiled_method(model, "encode"), np.zeros(model.code_count, np.int64)
    for indices in chunks.of(len(split), chunks.examples(model)):
        codes = encode(*split.inputs(indices, model.conditions))["codes"]
        counts += np.bincount(codes.ravel(), minlength=model.code_count)
    share = counts[counts > 0] / counts.sum()
    yield "perplexity", float(np.exp(-np.sum(share * np.log(share))))
    yield "codes_used", len(share)
