"""Normal latents, bent by a flow until their posterior is none of the named families."""

import keras
from keras import ops

from zoo.distributions import normal
from zoo.latents.flows import InverseAutoregressive, require_count, require_units
from zoo.latents.posteriors.base import Posterior


@keras.saving.register_keras_serializable(package="zoo.posteriors")
class InverseAutoregressiveFlow(Posterior):
    """A diagonal normal's samples, changed by autoregressive layers (Kingma et al. 2016).

    The encoder gives `mean` and `log_var` of the normal, and a `context` which the layers take, see
    `zoo.latents.flows`. Only the density of what `draw` drew is known, and no KL in closed form.
    Without a layer it is the normal posterior, and there is no context.

    Args:
        layers: how many, >= 0.
        units: widths of the hidden layers of each layer's network.
        context: values of the context, >= 0.
    """

    family = "inverse autoregressive flow"
    has_density = False

    def __init__(self, layers=4, units=(128,), context=32, **kwargs):
        super().__init__(**kwargs)
        self.layers = require_count("layers", layers, 0)
        self.units = require_units(units)
        self.context = require_count("context", context, 0)
        self.flow = [
            InverseAutoregressive(bool(i % 2), self.units, context, name=f"autoregressive_{i}")
            for i in range(layers)
        ]

    def outputs(self, latent):
        context = self.context if self.layers else 0
        return {"mean": latent, "log_var": latent} | ({"context": context} if context else {})

    def build(self, input_shape=None):
        for layer in self.flow:
            layer.build(input_shape)
        self.built = True

    def draw(self, parameters, noise, training=False, step=None):
        z = normal.sample(parameters["mean"], parameters["log_var"], noise)
        # The normal's density at its own sample, of which the noise knows every digit.
        log_q = normal.log_prob(noise, 0.0, 0.0) - 0.5 * ops.sum(parameters["log_var"], axis=-1)
        z, log_det = self.bent(z, parameters)
        return z, log_q - log_det

    def sample(self, parameters, noise):
        return self.draw(parameters, noise)[0]

    def point(self, parameters):
        """What the flow makes of the normal's mean: [batch, latent]. Not the mean of z itself."""
        return self.bent(parameters["mean"], parameters)[0]

    def bent(self, z, parameters):
        """(z after every layer, the sum of their log |det|): [rows, latent] and [rows]."""
        total = ops.zeros_like(z[:, 0])
        for layer in self.flow:
            z, log_det = layer(z, parameters.get("context"))
            total = total + log_det
        return z, total

    def get_config(self):
        names = ("layers", "units", "context")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
