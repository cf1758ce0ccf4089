"""Independent logistic latents."""

import keras

from zoo.distributions import logistic
from zoo.posteriors.base import Posterior


@keras.saving.register_keras_serializable(package="zoo.posteriors")
class Logistic(Posterior):
    """The logistic posterior: `mean` and `log_scale`. No prior has an exact KL to it."""

    family = "logistic"

    def outputs(self, latent):
        return {"mean": latent, "log_scale": latent}

    def noise(self, latent):
        return (("uniform", latent),)

    def sample(self, parameters, noise):
        return logistic.sample(**parameters, noise=noise)

    def log_prob(self, z, parameters):
        return logistic.log_prob(z, **parameters)
