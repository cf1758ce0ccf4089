"""Densities, samplers and divergences as pure functions on keras.ops, one distribution a file.

Every function works on one batch and returns nats **per example**, summed over the event axes
and never averaged: averaging over the batch is the caller's business.
"""

from zoo.distributions import (
    bernoulli,
    categorical,
    continuous_bernoulli,
    discretized_logistic,
    full_normal,
    laplace,
    logistic,
    negative_binomial,
    normal,
    relaxed,
    von_mises_fisher,
)

__all__ = [
    "bernoulli",
    "categorical",
    "continuous_bernoulli",
    "discretized_logistic",
    "full_normal",
    "laplace",
    "logistic",
    "negative_binomial",
    "normal",
    "relaxed",
    "von_mises_fisher",
]
