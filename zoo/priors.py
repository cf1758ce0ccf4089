"""Priors p(z): what the latents are measured against and drawn from."""

import keras

from zoo.distributions import normal


@keras.saving.register_keras_serializable(package="zoo")
class StandardNormal(keras.layers.Layer):
    """Independent standard normal latents."""

    family = "standard normal"

    def log_prob(self, z):
        """log N(z; 0, 1), summed over latents: [batch, latent] -> [batch], nats."""
        return normal.log_prob(z, 0.0, 0.0)

    def kl(self, posterior):
        """KL(q(z|x) || p(z)) of a normal posterior's `mean` and `log_var` -> [batch], nats."""
        return normal.kl_to_standard(**posterior)

    def kl_by_latent(self, posterior):
        """The same before the sum: [batch, latent], nats."""
        return normal.kl_to_standard_by_axis(**posterior)

    def sample(self, noise):
        """Latents from standard normal noise of their shape: here the noise itself."""
        return noise
