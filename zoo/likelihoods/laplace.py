"""Independent Laplace values."""

import keras

from zoo import noise
from zoo.distributions import laplace
from zoo.likelihoods import independent
from zoo.likelihoods.location_scale import LocationScale


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class Laplace(LocationScale):
    """Independent Laplace values around the decoder's output, with one scale for all of them.

    The absolute error as a likelihood: a few large errors cost less than under a normal one. The
    nats are those of a density: they depend on the unit of x and may be negative.

    Args:
        scale: mean distance from the output, fixed; None learns it.
        initial_scale: where a learned scale begins.
        by_feature: whether each feature, along the last axis, has a scale of its own.
    """

    family = "laplace"
    distribution = laplace
    spread = "log_scale"
    bounds = (-15.0, 10.0)
    draw = staticmethod(noise.uniform)

    def independent(self, values):
        """As `Likelihood.independent`; normal ones too, which have a scale for each value."""
        law = independent.laplace_parameters, laplace.log_prob
        return (independent.Law("a median, one Laplace scale,", *law), *independent.normals())
