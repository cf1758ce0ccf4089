"""The plain autoencoder: the VAE's deterministic ancestor.

Source: Hinton & Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks";
Bengio et al. 2007, "Greedy layer-wise training of deep networks", for the cross-entropy.
"""

import keras
from keras import ops

from zoo.models import networks_fit, training_inputs
from zoo.models.latent_model import LatentModel
from zoo.objectives import average


@keras.saving.register_keras_serializable(package="zoo.models")
class Autoencoder(LatentModel):
    """Encoder and decoder without a distribution between: x -> z -> p(x|z).

    Final. Trained on -log p(x|z) alone: with a Bernoulli likelihood the cross-entropy between x and
    its reconstruction, summed over the event. It has no prior, so that there is nothing to
    generate from, and no bound on log p(x).

    Args:
        encoder: [batch, *event] -> {"z"}, [batch, latent].
        decoder, likelihood, conditions: as in `LatentModel`.
    """

    nats = ("reconstruction",)
    monitor = "reconstruction"

    def __init__(self, encoder, decoder, likelihood="bernoulli", conditions=None, **kwargs):
        super().__init__(encoder, decoder, likelihood, conditions, **kwargs)
        networks_fit.require(self)
        self.build()

    @property
    def latent(self):
        return self.decoder.inputs[0].shape[-1]

    @property
    def encoded(self):
        return {"z": self.latent}

    @property
    def feature_shapes(self):
        return {"z": (self.latent,)}

    @property
    def state_shape(self):
        return (self.latent,)

    @property
    def latent_facts(self):
        return {"size": self.latent, "groups": {"z": [self.latent]}}

    def encode(self, x, *condition):
        return self._only_valid(self.features(x, condition), condition, x=x)

    def point(self, x, *condition):
        return self.encode(x, *condition)["z"]

    def score(self, x, *condition):
        """[batch, *event] -> {"reconstruction"}: -log p(x|z), [batch], nats; and `scores`."""
        raw = self.raw(self.features(x, condition)["z"], condition, x)
        answer = {"reconstruction": -self._log_p(raw, x, condition)[:, 0]}
        return self._only_valid(answer | self.likelihood.scores(x, raw), condition, x=x)

    # --- training ----------------------------------------------------------------------------

    def call(self, inputs, training=None):
        """[batch, *event] (and conditions) -> {"raw", "state"}."""
        (x, condition, _), training = self._split(inputs), bool(training)
        x, made = training_inputs.made(self, x)
        z = self.features(x, condition, training)["z"]
        return {"raw": self.raw(z, condition, x, training), "state": z, **made}

    def _taught(self, y_pred, condition, y, training):
        return self.raw(y_pred["state"], condition, y, training)

    def _loss(self, x, condition, y_pred, weight, training):
        reconstruction = -self._log_p(y_pred["raw"], x, condition)[:, 0]
        self._track(self.reconstruction_tracker, reconstruction, weight)
        loss = average(reconstruction, weight) + sum(self.losses)
        return loss if weight is None else loss * ops.mean(weight)
