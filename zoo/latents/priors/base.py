"""What every prior states."""

import keras


class Prior(keras.layers.Layer):
    """Abstract: p(z), what the latents are measured against and drawn from.

    - `family`: its name. `support`: as in `zoo.latents.posteriors.base.Posterior`.
    - `exact_bits`: whether `sample` has the same bits in every runtime, as its noise always has:
      it then looks up or compares, and computes nothing that is rounded.

    `encode(x)` below is the encoder of the model that the prior belongs to, for the one prior that
    asks it (VampPrior); others ignore it.
    """

    family = None
    support = "real"
    exact_bits = False
    encodes = False  # whether it calls `encode`

    def noise(self, latent):
        """What `sample` takes, as (kind, count) pairs: see `zoo.noise.draw`."""
        return (("normal", latent),)

    def log_prob(self, z, encode=None):
        """log p(z): [rows, latent] -> [rows], nats."""
        raise NotImplementedError

    def sample(self, noise, encode=None):
        """z [rows, latent] of noise [rows, count]."""
        raise NotImplementedError

    def build(self, input_shape=None):
        """Makes the weights of a prior that has some; `input_shape` is (None, latent)."""
        self.built = True
