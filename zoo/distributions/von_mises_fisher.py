"""The von Mises-Fisher distribution on the unit sphere; its prior is the uniform distribution.

Davidson, Falorsi, De Cao, Kipf & Tomczak 2018, "Hyperspherical variational auto-encoders". A
posterior is a mean direction, a unit vector of `latent` >= 2 coordinates, and a concentration
`kappa` > 0, [batch, 1]. Densities are with respect to the sphere's area. They sample by rejection;
here a fixed number of noise values gives a sample: see `zoo.distributions.von_mises_fisher_angle`.
"""

import math

from keras import ops

from zoo.distributions.bessel import kl_and_shortfall
from zoo.distributions.events import sum_event
from zoo.distributions.inverse_cdf import require_positive
from zoo.distributions.von_mises_fisher_angle import angle
from zoo.errors import InputError

_TINY = 1e-30  # below any squared length that counts


def direction(raw):
    """Unit vectors: [..., latent] -> the same shape. A row of zeros stays zero.

    Raises:
        InputError: if there are fewer than two coordinates.
    """
    _require_sphere(raw)
    return raw * ops.rsqrt(ops.sum(ops.square(raw), axis=-1, keepdims=True) + _TINY)


def log_prob(x, mean, kappa):
    """log of the density at unit vectors x: [batch, latent] twice, [batch, 1] -> [batch], nats.

    Raises:
        InputError: if there are fewer than two coordinates, or kappa is not [batch, 1], or holds
            numbers that are not positive.
    """
    _require(mean, kappa)
    kl, shortfall = kl_and_shortfall(mean.shape[-1], kappa)
    # kappa (mean . x - 1), which at a large kappa a product with x would round away.
    fall = 0.5 * kappa * ops.sum(ops.square(x - mean), axis=-1, keepdims=True)
    return sum_event(kl + shortfall - fall) - _log_area(mean.shape[-1])


def sample(mean, kappa, uniform, normal):
    """Unit vectors, differentiable in mean and kappa: [..., latent].

    Args:
        mean: unit vectors, [batch, latent].
        kappa: [batch, 1].
        uniform: noise on [0, 1), [..., batch, 1], for the angle to the mean.
        normal: standard normal noise, [..., batch, latent - 1], for the direction around it.

    Raises:
        InputError: as `log_prob`.
    """
    _require(mean, kappa)
    turn = angle(mean.shape[-1], kappa, uniform)
    around = normal * ops.rsqrt(ops.sum(ops.square(normal), axis=-1, keepdims=True) + _TINY)
    return ops.cos(turn) * mean + ops.sin(turn) * _reflected(around, mean)


def uniform_sample(normal):
    """Uniform samples of the sphere, the prior: standard normal noise [..., latent] -> its shape.

    Raises:
        InputError: if there are fewer than two coordinates.
    """
    return direction(normal)


def uniform_log_prob(x):
    """log of the prior's density, minus the logarithm of the area: [batch, latent] -> [batch]."""
    _require_sphere(x)
    return ops.zeros_like(x[:, 0]) - _log_area(x.shape[-1])


def kl_to_uniform(latent, kappa):
    """KL(von Mises-Fisher || uniform) on the sphere in `latent` dimensions: [batch, 1] -> [batch].

    Nats, to 1e-5 of itself in float32 for 2 to 64 latents and kappa from 1e-3 to 1e4.

    Raises:
        InputError: as `log_prob`.
    """
    require_dimensions(latent)
    _require_concentration(kappa)
    return sum_event(kl_and_shortfall(latent, kappa)[0])


def _reflected(around, mean):
    """Unit vectors orthogonal to the mean: the Householder reflection of (0, around).

    It takes the first axis to the mean or to its opposite, whichever is farther: their difference
    never cancels. The sign does not matter, as the distribution around the mean is symmetric.
    """
    first, others = mean[..., :1], mean[..., 1:]
    along = ops.sum(around * others, axis=-1, keepdims=True) / (1.0 + ops.abs(first))
    sign = ops.where(first < 0.0, -1.0, 1.0)
    return ops.concatenate([-along * (first + sign), around - along * others], axis=-1)


def _log_area(latent):
    """log of the area of the unit sphere in `latent` dimensions."""
    return math.log(2.0) + 0.5 * latent * math.log(math.pi) - math.lgamma(0.5 * latent)


def _require(mean, kappa):
    _require_sphere(mean)
    _require_concentration(kappa)


def _require_concentration(kappa):
    require_positive("kappa", kappa)
    shape = list(getattr(kappa, "shape", ()))
    if shape[-1:] != [1]:
        raise InputError(f"kappa: given the shape {shape}, wanted [batch, 1].")


def _require_sphere(vectors):
    require_dimensions(vectors.shape[-1])


def require_dimensions(latent):
    """Refuses fewer than two coordinates.

    Raises:
        InputError: naming what was given.
    """
    if latent < 2:
        raise InputError(
            f"latent: given {latent}, wanted at least 2: the sphere in one dimension is two points."
        )
