"""Independent normal latents."""

import keras

from zoo.distributions import normal
from zoo.posteriors.base import Posterior


@keras.saving.register_keras_serializable(package="zoo.posteriors")
class Normal(Posterior):
    """The diagonal normal posterior (Kingma & Welling 2014): `mean` and `log_var`."""

    family = "normal"
    standard = "standard normal"
    kl_by_latent = True

    def outputs(self, latent):
        return {"mean": latent, "log_var": latent}

    def sample(self, parameters, noise):
        return normal.sample(**parameters, noise=noise)

    def log_prob(self, z, parameters):
        return normal.log_prob(z, **parameters)

    def kl_to_standard_by_axis(self, parameters):
        return normal.kl_to_standard_by_axis(**parameters)
