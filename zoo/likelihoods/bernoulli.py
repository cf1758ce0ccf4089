"""Independent binary values."""

import keras
from keras import ops

from zoo import noise as seeded
from zoo.artifact.endpoints import PROBABILITY
from zoo.distributions import bernoulli
from zoo.likelihoods import independent
from zoo.likelihoods.base import Likelihood, smallest


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class Bernoulli(Likelihood):
    """Independent binary values; the decoder's output are logits of the event's shape.

    Meant for binarized data. For data in between 0 and 1 the nats are a cross-entropy, not a
    likelihood: see `zoo.distributions.bernoulli.log_prob`.
    """

    family = "bernoulli"
    support = (0.0, 1.0)
    mean_kind = PROBABILITY

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return "a probability mass" if binary else "a cross-entropy: the data was not binarized"

    def log_prob(self, x, output, weight=None):
        """[batch, *event] twice -> [batch], nats; each value's counted `weight` times."""
        return bernoulli.log_prob(x, output, weight)

    def mean(self, output):
        """Probabilities, shaped as the decoder's output."""
        return bernoulli.mean(output)

    def independent(self, values):
        """As `Likelihood.independent`."""
        law = independent.smoothed_logits, bernoulli.log_prob
        return (independent.Law("a smoothed probability", *law),)

    def mode(self, output, noise=None):
        """The likelier of 0 and 1."""
        return ops.cast(output > 0.0, output.dtype)

    def noise(self, seed, shape, stream):
        """What `sample` takes, from int64 [batch] of seeds: [batch, *shape]."""
        return seeded.uniform(seed, shape, stream)

    def sample(self, output, noise):
        """0 or 1, drawn by the noise; shaped as the output."""
        return bernoulli.sample(output, noise)

    def margin(self, output, noise=None):
        """How little a probability must change for another draw, or another mode: -> [batch].

        The smallest of an event; output and noise [batch, *event].
        """
        return smallest(ops.abs(self.mean(output) - (0.5 if noise is None else noise)))
