"""Independent 8-bit values, each from a mixture of logistic distributions."""

import keras
from keras import ops

from zoo import noise as seeded
from zoo.distributions import categorical, discretized_logistic
from zoo.errors import InputError
from zoo.likelihoods.base import Likelihood, smallest, stacked, unstacked


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class DiscretizedLogistic(Likelihood):
    """Independent 8-bit values, given as multiples of 1/255 in [0, 1].

    The decoder gives 3 x `components` raw outputs a value: logits of the components, their means
    and the logarithms of their scales. Nats are those of a probability mass of 256 levels, so that
    models compare by bits per dimension. Source: `zoo.distributions.discretized_logistic`.

    Args:
        components: K of the mixture.
    """

    family = "discretized logistic"
    support = (0.0, 1.0)
    spacing = 1.0 / 255.0
    levels = discretized_logistic.LEVELS

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return "a probability mass of 256 levels" + (": the data was binarized" if binary else "")

    def __init__(self, components=5, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(components, int) or components < 1:
            raise InputError(f"components={components!r}: give a whole number, 1 or more.")
        self.components = components

    def raw_shape(self, event_shape):
        """Three raw outputs a component and value: [*event[:-1], event[-1] * 3 * components]."""
        return stacked(event_shape, 3 * self.components)

    def log_prob(self, x, output, weight=None):
        """[batch, *event] and the raw output -> [batch], nats; each counted `weight` times."""
        return discretized_logistic.log_prob(x, *self._mixture(output), weight)

    def mean(self, output):
        """The mean of the 256 masses: [batch, *event], in [0, 1]."""
        return discretized_logistic.mean(*self._mixture(output))

    def mode(self, output, noise=None):
        """The likeliest level's value: [batch, *event]."""
        return categorical.mode(self._masses(output)) * self.spacing

    def noise(self, seed, shape, stream):
        """What `sample` takes, from int64 [batch] of seeds: [batch, *shape]."""
        return seeded.uniform(seed, shape, stream)

    def sample(self, output, noise):
        """A multiple of 1/255 drawn by the noise: [batch, *event]."""
        return categorical.sample(self._masses(output), noise) * self.spacing

    def margin(self, output, noise=None):
        """How little a probability must change for another draw, or another mode: -> [batch]."""
        return smallest(categorical.gap(self._masses(output), noise))

    def _masses(self, output):
        """Log masses, which are logits of the levels: [batch, *event, 256]."""
        return discretized_logistic.log_masses(*self._mixture(output))

    def _mixture(self, output):
        """Logits, means, log scales, each [batch, *event, K]; scales as in the source from e**-7.

        Raw outputs of 0 are a scale of e**-1, which covers the range.
        """
        raw, k = unstacked(output, 3 * self.components), self.components
        log_scales = ops.clip(raw[..., 2 * k :] - 1.0, -7.0, 4.0)
        return raw[..., :k], raw[..., k : 2 * k], log_scales

    def get_config(self):
        return {**super().get_config(), "components": self.components}
