"""Mixtures of diagonal normals, parameterized by logits, means and logarithms of variances."""

import math

from keras import ops


def log_prob(z, logits, mean, log_var):
    """log sum_k w_k N(z; mean_k, exp(log_var_k)), w the softmax of the logits: [rows], nats.

    z [rows, latent], logits [components], mean and log_var [components, latent].
    """
    # Written as a difference, squared, and not as products of matrices: where a component is narrow
    # those would cancel, in float32, and all the more in float16 graphs, which round products.
    scaled = (ops.expand_dims(z, 1) - mean) * ops.exp(-0.5 * log_var)
    constant = -0.5 * (ops.sum(log_var, axis=-1) + z.shape[-1] * math.log(2.0 * math.pi))
    by_component = constant - 0.5 * ops.sum(ops.square(scaled), axis=-1)
    return ops.logsumexp(ops.log_softmax(logits) + by_component, axis=-1)


def choose(logits, noise):
    """int32 [rows]: a component for each row of standard Gumbel noise [rows, components].

    Adds and compares, and so chooses alike in every runtime.
    """
    # Keras's argmax inspects the bits of floats, which ONNX cannot.
    _, largest = ops.top_k(logits + noise, 1)
    return largest[..., 0]


def choose_evenly(components, noise):
    """int32 [rows]: one of so many components, equally likely, for uniform noise [rows]."""
    return ops.cast(noise * float(components), "int32")


def sample(chosen, mean, log_var, noise):
    """z [rows, latent] of the chosen components, differentiable in them; noise is normal."""
    mean, log_var = ops.take(mean, chosen, axis=0), ops.take(log_var, chosen, axis=0)
    return mean + ops.exp(0.5 * log_var) * noise
