"""The latent space as a scientific instrument."""

import numpy as np

from zoo.compiled import compiled

ACTIVE = 0.01
"""Variance over the data of a latent's posterior mean above which the latent is active."""


def posterior_means(model, split, most=None):
    """The posterior's mean of the first `most` examples: float32 [n, latent]."""
    encode, count = compiled(model, "encode"), min(len(split), most or len(split))
    means = []
    for first in range(0, count, 500):
        indices = np.arange(first, min(first + 500, count))
        x = split.observe(indices)
        means.append(encode(x)["mean"])
    return np.concatenate(means)


def active_units(means):
    """Yields `active_units`: how many latents carry something of x.

    A unit is active where Var_x(E_q(z|x)[z]) > 0.01 (Burda et al. 2016, section 5.2).
    """
    yield "active_units", int(np.sum(np.var(means, axis=0) > ACTIVE))
