"""Independent values in [0, 1]."""

import keras
from keras import ops

from zoo import noise as seeded
from zoo.distributions import continuous_bernoulli
from zoo.likelihoods import independent
from zoo.likelihoods.base import Likelihood, smallest


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class ContinuousBernoulli(Likelihood):
    """Independent values in [0, 1], such as grey values; the decoder's output are logits.

    The likelihood that a Bernoulli's cross-entropy of grey values is taken for. Source:
    `zoo.distributions.continuous_bernoulli`.
    """

    family = "continuous bernoulli"
    support = (0.0, 1.0)

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return "a density on [0, 1]" + (": the data was binarized" if binary else "")

    def log_prob(self, x, output, weight=None):
        """[batch, *event] twice -> [batch], nats; each value's counted `weight` times."""
        return continuous_bernoulli.log_prob(x, output, weight)

    def mean(self, output):
        """The distribution's mean, which is not the sigmoid; shaped as the decoder's output."""
        return continuous_bernoulli.mean(output)

    def independent(self, values):
        """As `Likelihood.independent`."""
        law = independent.continuous_bernoulli_logits, continuous_bernoulli.log_prob
        return (independent.Law("a continuous Bernoulli distribution", *law),)

    def mode(self, output, noise=None):
        """The likelier end, 0 or 1."""
        return ops.cast(output > 0.0, output.dtype)

    def noise(self, seed, shape, stream):
        """What `sample` takes, from int64 [batch] of seeds: [batch, *shape]."""
        return seeded.uniform(seed, shape, stream)

    def sample(self, output, noise):
        """A value in [0, 1], drawn by the noise; shaped as the output."""
        return continuous_bernoulli.sample(output, noise)

    def margin(self, output, noise=None):
        """How little a mean must change for another mode: -> [batch]. None: draws never jump."""
        return smallest(ops.abs(self.mean(output) - 0.5)) if noise is None else None
