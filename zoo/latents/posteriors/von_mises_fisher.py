"""Latents on the unit sphere."""

import keras

from zoo.distributions import von_mises_fisher
from zoo.latents.posteriors.base import Posterior


@keras.saving.register_keras_serializable(package="zoo.posteriors")
class VonMisesFisher(Posterior):
    """The von Mises-Fisher posterior (Davidson et al. 2018): `direction`, a unit vector, `kappa`.

    In two dimensions or more: the sphere in one is two points.
    """

    family = "von Mises-Fisher"
    support = "sphere"
    standard = "uniform on the sphere"

    def outputs(self, latent):
        von_mises_fisher.require_dimensions(latent)
        return {"direction": latent, "kappa": 1}

    def noise_kinds(self, latent):
        return (("uniform", 1), ("normal", latent - 1))

    def sample(self, parameters, noise):
        return von_mises_fisher.sample(
            parameters["direction"], parameters["kappa"], noise[..., :1], noise[..., 1:]
        )

    def log_prob(self, z, parameters):
        return von_mises_fisher.log_prob(z, parameters["direction"], parameters["kappa"])

    def kl_to_standard(self, parameters):
        latent = parameters["direction"].shape[-1]
        return von_mises_fisher.kl_to_uniform(latent, parameters["kappa"])

    def point(self, parameters):
        return parameters["direction"]
