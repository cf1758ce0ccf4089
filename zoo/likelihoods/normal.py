"""Independent normal values."""

import keras

from zoo import noise
from zoo.distributions import normal
from zoo.likelihoods import independent
from zoo.likelihoods.location_scale import LocationScale


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class Normal(LocationScale):
    """Independent normal values around the decoder's output, with one scale for all of them.

    The scale is learned together with the model (the sigma-VAE of Rybkin et al. 2021, section 4,
    where it is one number shared by all pixels), or fixed when `scale` is given.

    Nats are those of a density: they depend on the unit of x and may be negative.

    Args:
        scale: standard deviation, fixed; None learns it.
        initial_scale: where a learned scale begins.
        by_feature: whether each feature, along the last axis, has a scale of its own.
    """

    family = "normal"
    distribution = normal
    spread = "log_var"
    power = 2.0
    bounds = (-30.0, 20.0)
    draw = staticmethod(noise.normal)
    named = "standard deviation"

    def independent(self, values):
        """As `Likelihood.independent`."""
        return independent.normals()
