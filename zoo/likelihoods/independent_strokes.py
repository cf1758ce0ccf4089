"""Laws of each step of a drawing by itself: what a model of drawings must beat."""

import warnings

import numpy as np
from keras import ops

from zoo.likelihoods.independent import Law, float32
from zoo.likelihoods.independent_levels import histogram

STATES = 3
FITTED = 2**14
"""Offsets that a mixture is fitted to, at most, evenly spaced."""
STRENGTH = 16.0
"""Drawings that the pen's frequencies at all steps stand for beside those at a step."""


def laws(likelihood, steps, finest):
    """`Law`s of flattened drawings [n, steps * 3]; steps past a drawing's end count for nothing.

    The offsets of a step have one bivariate normal distribution or a mixture, in the units of the
    likelihood's scale, by maximum likelihood; the pen its frequencies at that step, mixed with
    those at all steps, so that how long drawings are is known. None of it depends on other steps.

    Args:
        likelihood: a `Strokes`.
        finest: what its components are no narrower than, in its scale.
    """

    def law(name, components):
        pens = histogram(STATES, 1.0, STRENGTH)

        def fit(x, counted=None):
            x = x.reshape(-1, steps, 3)
            ended = x[..., 2] > 1.5
            goes_on = np.cumsum(ended, axis=1) - ended < 0.5
            there = goes_on if counted is None else goes_on * counted.reshape(x.shape)[..., 0]
            (log_mass,) = pens.fit(x[..., 2], np.asarray(there, np.float32))
            offsets = x[(there > 0) & ~ended][:, :2] / np.float32(likelihood.scale)
            return *_mixture(offsets, components, finest), log_mass

        def log_prob(x, *parameters):
            *of_offsets, log_mass, counted = parameters
            x = x.reshape(-1, steps, 3)
            named = dict(zip(("logits", "mean", "log_scale", "below"), of_offsets, strict=True))
            weight = None if counted is None else counted.reshape(x.shape)
            return ops.convert_to_numpy(likelihood.log_prob_of(x, named, log_mass, weight))

        return Law(f"{name} of offsets, and the pen's frequencies,", fit, log_prob, "step")

    one = law("a normal distribution", 1)
    if likelihood.components == 1:
        return (one,)
    return one, law(
        f"a mixture of {likelihood.components} normal distributions", likelihood.components
    )


def _mixture(offsets, components, finest):
    """Its logits [K], means and logs of scales [K, 2] and what lies below them [K], by EM.

    `finest`**2 is added to every variance: as narrow as that, a component is as the likelihood's.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    offsets = offsets if len(offsets) else np.zeros((1, 2))
    chosen = np.unique(np.linspace(0, len(offsets) - 1, min(FITTED, len(offsets))).astype(int))
    some = np.repeat(offsets[chosen].astype(np.float64), 2, axis=0)  # it wants two of them
    count = min(components, len(np.unique(some, axis=0)))
    mixture = GaussianMixture(count, reg_covar=finest**2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(some)
    factor = np.linalg.cholesky(mixture.covariances_)
    scales = np.log(np.stack([factor[:, 0, 0], factor[:, 1, 1]], axis=-1))
    found = np.log(mixture.weights_), mixture.means_, scales, factor[:, 1, 0]
    return tuple(float32(each) for each in found)
