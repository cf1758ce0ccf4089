"""The latent space as a scientific instrument."""

import numpy as np

from zoo.compiled import compiled

ACTIVE = 0.01
"""Variance over the data of a latent's posterior mean above which the latent is active."""


def posterior_means(model, split, most=None):
    """The posterior's mean of the first `most` examples: float32 [n, latent].

    Of a model without a posterior, the latents themselves.
    """
    represent, count = compiled(model, "represent"), min(len(split), most or len(split))
    means = []
    for first in range(0, count, 500):
        indices = np.arange(first, min(first + 500, count))
        means.append(represent(*split.inputs(indices, model.conditions)))
    return np.concatenate(means)


def active_units(means):
    """Yields `active_units`: how many latents carry something of x.

    A unit is active where Var_x(E_q(z|x)[z]) > 0.01 (Burda et al. 2016, section 5.2).
    """
    yield "active_units", int(np.sum(np.var(means, axis=0) > ACTIVE))
