"""The angle from mean direction to sample of a von Mises-Fisher distribution, by inversion.

The density of the angle a is proportional to exp(kappa cos a) sin(a)**(dimension - 2) on [0, pi].
It is tabulated at 257 angles around its mode, summed from either side by the trapezoidal rule with
its correction for slopes, and inverted within a cell as a monotone cubic. So one uniform number
gives one angle, and no draw is ever rejected. The error of the distribution function is below
1e-6, and the probability of what lies outside the table is below 1e-9.

The gradient is that of the implicit function theorem: minus the derivative of the distribution
function by kappa, over the density (Figurnov, Mohamed & Mnih 2018).
"""

import math

import numpy as np
from keras import ops

from zoo.distributions.inverse_cdf import tail

_CELLS = 256
_NEWTON_STEPS = 10
_LEAST = 1e-4  # of a slope in a cell: a sample at a zero of the density has no step to infinity


def angle(dimension, kappa, uniform):
    """Angles in radians, differentiable in kappa: [..., 1] twice, uniform on [0, 1) -> [..., 1]."""
    nodes, width, density, slopes = _table(dimension - 2, kappa)
    left, right = density[..., :-1], density[..., 1:]
    bend = slopes[..., :-1] - slopes[..., 1:]
    masses = ops.maximum(width / 2.0 * (left + right) + ops.square(width) / 12.0 * bend, 0.0)
    zero = ops.zeros_like(left[..., :1])
    lower = ops.concatenate([zero, ops.cumsum(masses, axis=-1)], axis=-1)
    # Sums from the right, not differences to 1, keep the digits of the upper tail.
    upper = ops.concatenate([ops.cumsum(masses[..., ::-1], axis=-1)[..., ::-1], zero], axis=-1)

    tail_mass, below = tail(uniform)
    target = tail_mass * lower[..., -1:]
    passed = ops.where(below, lower <= target, upper > target)
    passed = ops.cast(passed, density.dtype)
    chosen = passed[..., :-1] - passed[..., 1:]  # one cell a sample

    def pick(values):
        return ops.sum(chosen * values, axis=-1, keepdims=True)

    mass = pick(masses)
    from_left = ops.where(
        below, target - pick(lower[..., :-1]), mass - target + pick(upper[..., 1:])
    )
    slope_left, slope_right = (ops.minimum(width * pick(f) / mass, 3.0) for f in (left, right))
    return pick(nodes[..., :-1]) + width * _place(from_left / mass, slope_left, slope_right)


def _table(power, kappa):
    """(angles [..., 257], cell width [..., 1], density and slope there [..., 257]); a."""
    fixed = ops.stop_gradient(kappa)
    # The mode's cosine c solves kappa (1 - c**2) = power c; the arc tangent may err by 0.004.
    reach = power + ops.sqrt(power**2 + 4.0 * ops.square(fixed))
    cosine, sine = 2.0 * fixed / reach, ops.sqrt(2.0 * power / reach)
    half_tangent = sine / (1.0 + cosine)
    mode = 2.0 * half_tangent * (math.pi / 4.0 + 0.273 * (1.0 - half_tangent))
    curvature = fixed * cosine + (power / ops.square(sine) if power else 0.0)
    spread = 10.0 / ops.sqrt(curvature)
    low, high = ops.maximum(mode - spread, 0.0), ops.minimum(mode + spread, math.pi)
    width = (high - low) / _CELLS
    nodes = low + width * np.arange(_CELLS + 1, dtype=np.float32)

    fall = 2.0 * ops.sin(0.5 * (nodes - mode)) * ops.sin(0.5 * (nodes + mode))
    log_density, log_slope = -kappa * fall, -kappa * ops.sin(nodes)
    if power:
        sines = ops.maximum(ops.sin(nodes), 1e-20)
        log_density = log_density + power * ops.log(sines / ops.sin(mode))
        log_slope = log_slope + power * ops.cos(nodes) / sines
    density = ops.exp(log_density)
    return nodes, width, density, density * log_slope


def _place(share, slope_left, slope_right):
    """Where in its cell, from 0 to 1, the mass reaches a share of the cell's: [..., 1] thrice.

    The mass is the cubic with the values 0 and 1 and the given slopes at the cell's ends.
    """
    square = 3.0 - 2.0 * slope_left - slope_right
    cube = slope_left + slope_right - 2.0

    def step(place):
        reached = place * (slope_left + place * (square + place * cube))
        slope = slope_left + place * (2.0 * square + 3.0 * place * cube)
        return (share - reached) / ops.maximum(ops.stop_gradient(slope), _LEAST)

    place = share
    for _ in range(_NEWTON_STEPS):
        place = ops.stop_gradient(ops.clip(place + step(place), 0.0, 1.0))
    return place + step(place)
