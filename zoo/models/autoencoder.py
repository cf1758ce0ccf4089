"""The plain autoencoder: the VAE's deterministic ancestor.

Source: Hinton & Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks";
Bengio et al. 2007, "Greedy layer-wise training of deep networks", for the cross-entropy.
"""

import keras

from zoo.models.latent_model import LatentModel


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
    generates = False

    def __init__(self, encoder, decoder, likelihood="bernoulli", conditions=None, **kwargs):
        super().__init__(encoder, decoder, likelihood, conditions, **kwargs)
        self.build()

    @property
    def outputs_of_encoder(self):
        """{name: width} of what the encoder gives."""
        return {"z": self.latent}

    def call(self, inputs, training=None):
        """[batch, *event] (and conditions) -> the likelihood's raw output."""
        x, condition = self.split(inputs)
        z = self.encoder(self.beside(x, condition), training=training)["z"]
        return self.raw(z, condition, x, training=training)

    def score(self, x, *condition):
        """[batch, *event] -> {"reconstruction"}: -log p(x|z), [batch], nats."""
        output = self.raw(self.represent(x, *condition), condition, x)
        log_p = self.likelihood.log_prob(x, output, self.weight(condition))
        return {"reconstruction": -log_p}
