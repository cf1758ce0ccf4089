"""A learned mixture of normals."""

import keras

from zoo.distributions import mixture
from zoo.errors import InputError
from zoo.latents.priors.base import Prior


def require_components(components):
    """The number of a mixture's components, or an error.

    Raises:
        InputError: naming what was given.
    """
    if not (isinstance(components, int) and components >= 1):
        raise InputError(f"components={components!r}: a mixture has 1 component or more.")
    return components


@keras.saving.register_keras_serializable(package="zoo.priors")
class MixtureOfNormals(Prior):
    """Diagonal normals whose weights, means and variances are learned.

    They begin with equal weights and variances of 1, their means about the origin.

    Args:
        components: how many normals, >= 1.
    """

    family = "mixture of normals"

    def __init__(self, components=50, **kwargs):
        super().__init__(**kwargs)
        self.components = require_components(components)

    def build(self, input_shape=None):
        shape = (self.components, input_shape[-1])
        about_origin = keras.initializers.RandomNormal(stddev=0.5)
        self.logits = self.add_weight(shape=shape[:1], initializer="zeros", name="logits")
        self.mean = self.add_weight(shape=shape, initializer=about_origin, name="mean")
        self.log_var = self.add_weight(shape=shape, initializer="zeros", name="log_var")
        self.built = True

    def noise_kinds(self, latent):
        return (("gumbel", self.components), ("normal", latent))

    def log_prob(self, z, pseudo=None):
        return mixture.log_prob(z, self.logits, self.mean, self.log_var)

    def sample(self, noise, pseudo=None):
        chosen = mixture.choose(self.logits, noise[:, : self.components])
        return mixture.sample(chosen, self.mean, self.log_var, noise[:, self.components :])

    def get_config(self):
        return {**super().get_config(), "components": self.components}
