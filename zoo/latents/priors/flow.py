"""A normal, bent by coupling layers."""

import keras

from zoo.distributions import normal
from zoo.latents.flows import AffineCoupling, require_count, require_units
from zoo.latents.priors.base import Prior


@keras.saving.register_keras_serializable(package="zoo.priors")
class CouplingFlow(Prior):
    """What coupling layers make of standard normal noise (Dinh et al. 2017): `zoo.latents.flows`.

    Without a layer it is the standard normal. One latent alone has none to couple with and is
    refused.

    Args:
        layers: how many, >= 0; two let every latent change once.
        units: widths of the hidden layers of each layer's network.
    """

    family = "coupling flow"

    def __init__(self, layers=8, units=(64,), **kwargs):
        super().__init__(**kwargs)
        self.layers = require_count("layers", layers, 0)
        self.units = require_units(units)
        self.couplings = [
            AffineCoupling(place, self.units, name=f"coupling_{place}") for place in range(layers)
        ]

    def build(self, input_shape=None):
        for coupling in self.couplings:
            coupling.build(input_shape)
        self.built = True

    def log_prob(self, z, pseudo=None):
        total = 0.0
        for coupling in reversed(self.couplings):
            z, log_det = coupling(z, inverse=True)
            total = total + log_det
        return normal.log_prob(z, 0.0, 0.0) + total

    def sample(self, noise, pseudo=None):
        z = noise
        for coupling in self.couplings:
            z, _ = coupling(z)
        return z

    def get_config(self):
        return {**super().get_config(), "layers": self.layers, "units": self.units}
