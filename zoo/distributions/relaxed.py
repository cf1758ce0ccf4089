"""Relaxed Bernoulli and categorical distributions, parameterized by logits and a temperature.

Maddison, Mnih & Teh 2017 ("The Concrete distribution"); Jang, Gu & Poole 2017 ("Gumbel-softmax").
A relaxed sample in float32 rounds to 0 or 1 where its density needs it apart from them. So samples
and densities work on its logits, or on its logarithm; `sigmoid` or `exp` gives the point itself.
The densities are those of the point.
"""

import math

from keras import ops

from zoo.distributions import logistic
from zoo.distributions.events import sum_event
from zoo.distributions.inverse_cdf import require_positive, standard_logistic
from zoo.distributions.special import exp_beyond_line, log_one_plus


def bernoulli_sample(logits, temperature, noise):
    """Logits of relaxed samples, differentiable; `noise` is uniform on [0, 1): all one shape.

    Raises:
        InputError: if the temperature is a number that is not positive.
    """
    require_positive("temperature", temperature)
    return (logits + standard_logistic(noise)) / temperature


def bernoulli_hard_sample(logits, noise):
    """The limit of sigmoid(`bernoulli_sample`) at temperature 0: 0.0 or 1.0, shaped as `noise`."""
    return ops.cast(logits + standard_logistic(noise) > 0.0, logits.dtype)


def bernoulli_log_prob(x_logits, logits, temperature):
    """log of the density at sigmoid(x_logits): [batch, *event] twice -> [batch], nats.

    Maddison et al. 2017, equation 21.

    Raises:
        InputError: if the temperature is a number that is not positive.
    """
    require_positive("temperature", temperature)
    scaled = temperature * x_logits
    of_logits = logistic.log_prob_by_axis(scaled, logits, 0.0) + ops.log(temperature)
    jacobian = ops.softplus(x_logits) + ops.softplus(-x_logits)  # -log x - log(1 - x)
    return sum_event(of_logits + jacobian)


def bernoulli_kl_to_uniform(logits):
    """KL(Bernoulli(logits) || Bernoulli(1/2)), not relaxed: [batch, latent] -> [batch], nats."""
    return sum_event(bernoulli_kl_to_uniform_by_axis(logits))


def bernoulli_kl_to_uniform_by_axis(logits):
    """The same before the sum: shaped as the logits, nats."""
    size = ops.abs(logits)
    small = ops.minimum(size, 1.0)
    tangent = ops.tanh(0.5 * small)
    near = 0.5 * (tangent * small + log_one_plus(-ops.square(tangent)))
    far = math.log(2.0) - ops.softplus(-size) - size * ops.sigmoid(-size)
    return ops.where(size < 1.0, near, far)


def categorical_sample(logits, temperature, noise):
    """Logarithms of relaxed one-hot samples, differentiable: [batch, *latent, classes].

    `noise` is standard Gumbel. Both are shaped as the logits.

    Raises:
        InputError: if the temperature is a number that is not positive.
    """
    require_positive("temperature", temperature)
    return ops.log_softmax((logits + noise) / temperature, axis=-1)


def categorical_hard_sample(logits, noise):
    """The limit of exp(`categorical_sample`) at temperature 0: one-hot, shaped as the logits."""
    # Keras's argmax inspects the bits of floats, which ONNX cannot.
    _, largest = ops.top_k(logits + noise, 1)
    return ops.one_hot(largest[..., 0], logits.shape[-1], dtype=logits.dtype)


def categorical_log_prob(log_x, logits, temperature):
    """log of the density at exp(log_x) on the simplex: [batch, *latent, classes] -> [batch], nats.

    With respect to the volume of all coordinates but one. Maddison et al. 2017, equation 10.

    Raises:
        InputError: if the temperature is a number that is not positive.
    """
    require_positive("temperature", temperature)
    classes = logits.shape[-1]
    # Densities do not depend on a common shift: the largest of these is then 0.
    shares = ops.log_softmax(logits - temperature * log_x, axis=-1)
    constant = math.lgamma(classes) + (classes - 1) * ops.log(temperature)
    return sum_event(ops.sum(shares - log_x, axis=-1) + constant)


def categorical_kl_to_uniform(logits):
    """KL(categorical(logits) || uniform), not relaxed: [batch, *latent, classes] -> [batch]."""
    return sum_event(categorical_kl_to_uniform_by_axis(logits))


def categorical_kl_to_uniform_by_axis(logits):
    """The same before the sum: [batch, *latent, classes] -> [batch, *latent], nats."""
    centred = logits - ops.mean(logits, axis=-1, keepdims=True)
    total = ops.logsumexp(centred, axis=-1, keepdims=True) - math.log(logits.shape[-1])
    log_ratio = centred - total  # of each probability to the uniform one
    # ratio * log(ratio) - ratio + 1, summed: terms of one sign; below exp(-50) each is 1.
    log_ratio = ops.maximum(log_ratio, -50.0)
    return ops.mean(ops.exp(log_ratio) * exp_beyond_line(-log_ratio), axis=-1)
