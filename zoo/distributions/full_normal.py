"""The normal distribution with a full covariance, parameterized by its Cholesky factor.

The factor is lower triangular. `log_var` holds the logarithms of its squared diagonal, which is
positive whatever a network gives; `below` holds the entries beneath it, row by row:
latent * (latent - 1) / 2 of them. With `below` 0 this is `zoo.distributions.normal`.
"""

import math

import numpy as np
from keras import ops

from zoo.distributions import normal
from zoo.distributions.events import sum_event
from zoo.errors import InputError


def entries_below(latent):
    """How many entries a factor of `latent` rows has beneath its diagonal."""
    return latent * (latent - 1) // 2


def factor(log_var, below):
    """The Cholesky factor: [..., latent], [..., entries below] -> [..., latent, latent].

    Raises:
        InputError: if the number of entries does not fit the number of latents.
    """
    latent = log_var.shape[-1]
    if below.shape[-1] != entries_below(latent):
        raise InputError(
            f"below: given {below.shape[-1]} entries, wanted {entries_below(latent)} for "
            f"{latent} latents."
        )
    values = ops.concatenate([ops.exp(0.5 * log_var), below, ops.zeros_like(log_var)], axis=-1)
    flat = ops.take(values, _places(latent), axis=-1)
    return ops.reshape(flat, (*ops.shape(log_var)[:-1], latent, latent))


def log_prob(x, mean, log_var, below):
    """log N(x; mean, factor factor^T): [batch, latent] and the parameters -> [batch], nats.

    By forward substitution, unrolled over the latents: ONNX has no triangular solve.
    """
    rows, centred = factor(log_var, below), x - mean
    solved = []
    for row in range(x.shape[-1]):
        rest = centred[..., row : row + 1]
        if solved:
            known = ops.concatenate(solved, axis=-1)
            rest = rest - ops.sum(rows[..., row, :row] * known, axis=-1, keepdims=True)
        solved.append(rest * ops.exp(-0.5 * log_var[..., row : row + 1]))
    squared = ops.square(ops.concatenate(solved, axis=-1))
    return sum_event(-0.5 * (squared + log_var + math.log(2.0 * math.pi)))


def sample(mean, log_var, below, noise):
    """mean + factor @ noise, differentiable in all three; `noise` is standard normal.

    Shapes broadcast, so that noise [samples, batch, latent] draws several samples at once.
    """
    # A sum of products: GPUs may round the factors of a matrix product to 10 bits.
    return mean + ops.sum(factor(log_var, below) * ops.expand_dims(noise, -2), axis=-1)


def kl_to_standard(mean, log_var, below):
    """KL(N(mean, factor factor^T) || N(0, I)): [batch, latent] and the parameters -> [batch], nats.

    That of the diagonal normal, and half the squares of the entries below the diagonal.
    """
    return normal.kl_to_standard(mean, log_var) + 0.5 * sum_event(ops.square(below))


def _places(latent):
    """int32 [latent * latent]: where each entry lies in (diagonal, below, zeros)."""
    places = np.full((latent, latent), latent + entries_below(latent), np.int32)
    places[np.diag_indices(latent)] = np.arange(latent)
    places[np.tril_indices(latent, -1)] = latent + np.arange(entries_below(latent))
    return places.ravel()
