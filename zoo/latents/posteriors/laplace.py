"""Independent Laplace latents."""

import keras

from zoo.distributions import laplace
from zoo.latents.posteriors.independent import Independent


@keras.saving.register_keras_serializable(package="zoo.posteriors")
class Laplace(Independent):
    """The Laplace posterior: `mean` and `log_scale`, sampled by inversion."""

    family = "Laplace"
    standard = "standard Laplace"
    kl_by_latent = True
    distribution = laplace
