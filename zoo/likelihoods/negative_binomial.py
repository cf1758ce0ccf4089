"""Independent counts that vary more than a Poisson distribution's."""

import keras
from keras import ops

from zoo import noise as seeded
from zoo.distributions import negative_binomial
from zoo.errors import InputError
from zoo.likelihoods import independent_counts
from zoo.likelihoods.base import Likelihood, add_log, log_of, require_positive, smallest


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class NegativeBinomial(Likelihood):
    """Independent counts, with one dispersion for all of them.

    The mean is the softplus of the decoder's output; the variance is mean + mean**2 / dispersion.

    Args:
        dispersion: fixed; None learns it. A large one is a Poisson distribution.
        initial_dispersion: where a learned one begins.
        most: what drawn counts are cut at; they are fed back by an autoregressive decoder alone.
    """

    family = "negative binomial"
    support = (0.0, float("inf"))
    spacing = 1.0

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return "a probability mass"

    def __init__(self, dispersion=None, initial_dispersion=1.0, most=255, **kwargs):
        super().__init__(**kwargs)
        given = {"dispersion": dispersion, "initial_dispersion": initial_dispersion}
        require_positive("dispersion", **given)
        if not isinstance(most, int) or most < 1:
            raise InputError(f"most={most!r}: give the largest count to draw, 1 or more.")
        self.dispersion = dispersion
        self.initial_dispersion = initial_dispersion
        self.most = most

    def build(self, input_shape=None):
        start = self.initial_dispersion if self.dispersion is None else self.dispersion
        self.log_dispersion = add_log(self, "log_dispersion", start, self.dispersion is None)
        self.built = True

    def log_prob(self, x, output, weight=None):
        """[batch, *event] twice -> [batch], nats; each value's counted `weight` times."""
        return negative_binomial.log_prob(x, *self._parameters(output), weight)

    def mean(self, output):
        """Expected counts, shaped as the decoder's output."""
        return ops.softplus(ops.maximum(output, -15.0))

    def independent(self, values):
        """As `Likelihood.independent`."""
        return independent_counts.negative_binomials()

    def mode(self, output, noise=None):
        """The likeliest count."""
        return negative_binomial.mode(*self._parameters(output))

    def noise(self, seed, shape, stream):
        """What `sample` takes, from int64 [batch] of seeds: [batch, *shape]."""
        return seeded.uniform(seed, shape, stream)

    def sample(self, output, noise):
        """A count drawn by the noise, at most `most`; shaped as the output."""
        return negative_binomial.sample(*self._parameters(output), noise, self.most)

    def margin(self, output, noise=None):
        """How little must change for another draw, or another mode: -> [batch].

        Of a draw a probability; of a mode its place between two counts, as a share of that place.
        """
        if noise is None:
            peak = negative_binomial.peak(*self._parameters(output))
            gap = ops.abs(peak - ops.maximum(ops.floor(peak + 0.5), 1.0))
            return smallest(gap / ops.maximum(peak, 1.0))
        bounds = negative_binomial.bounds(*self._parameters(output), self.most)
        return smallest(ops.min(ops.abs(bounds - ops.expand_dims(noise, -1)), axis=-1))

    def _parameters(self, output):
        """Logarithms of mean and dispersion; beyond 20,000 it is a Poisson distribution."""
        dispersion = log_of(self.log_dispersion, -7.0, 10.0, output.dtype)
        return ops.log(self.mean(output)), dispersion

    def get_config(self):
        return {
            **super().get_config(),
            "dispersion": self.dispersion,
            "initial_dispersion": self.initial_dispersion,
            "most": self.most,
        }
