"""Independent Laplace latents."""

import keras

from zoo.distributions import laplace
from zoo.posteriors.base import Posterior


@keras.saving.register_keras_serializable(package="zoo.posteriors")
class Laplace(Posterior):
    """The Laplace posterior: `mean` and `log_scale`, sampled by inversion."""

    family = "Laplace"
    standard = "standard Laplace"
    kl_by_latent = True

    def outputs(self, latent):
        return {"mean": latent, "log_scale": latent}

    def noise(self, latent):
        return (("uniform", latent),)

    def sample(self, parameters, noise):
        return laplace.sample(**parameters, noise=noise)

    def log_prob(self, z, parameters):
        return laplace.log_prob(z, **parameters)

    def kl_to_standard_by_axis(self, parameters):
        return laplace.kl_to_standard_by_axis(**parameters)
