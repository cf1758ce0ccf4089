"""Independent 8-bit values, each from a mixture of logistic distributions."""

import math

import keras
from keras import ops

from zoo import noise as seeded
from zoo.distributions import categorical, discretized_logistic
from zoo.errors import InputError
from zoo.likelihoods import independent, independent_levels
from zoo.likelihoods.base import Likelihood, add_log, log_of, smallest, stacked, unstacked

BOUNDS = (-7.0, 4.0)
"""Of the logarithm of a scale, on the scale [-1, 1]; the lower one as in the source."""


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class DiscretizedLogistic(Likelihood):
    """Independent 8-bit values, given as multiples of 1/255 in [0, 1].

    The decoder gives for each value the logits of K components, their means and the logarithms of
    their scales: 3 K raw outputs; of a single component two, or with one learned scale for all
    values one. Nats are those of a probability mass of 256 levels, so that models compare by bits
    per dimension. Source: `zoo.distributions.discretized_logistic`.

    Args:
        components: K, 1 or more.
        shared_scale: whether one number, learned with the model, is the scale of all values, as in
            the sigma-VAE of Rybkin et al. 2021; unless given it is that of a single component. Of
            a mixture each component has its own.
    """

    family = "discretized logistic"
    support = (0.0, 1.0)
    spacing = 1.0 / 255.0
    levels = discretized_logistic.LEVELS

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return "a probability mass of 256 levels" + (": the data was binarized" if binary else "")

    def __init__(self, components=1, shared_scale=None, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(components, int) or components < 1:
            raise InputError(f"components={components!r}: give a whole number, 1 or more.")
        if shared_scale and components > 1:
            raise InputError(
                f"components={components} with one scale for all: a mixture has a scale for each "
                "component. Give components=1, or leave shared_scale out."
            )
        self.components = components
        self.shared_scale = components == 1 if shared_scale is None else shared_scale

    def build(self, input_shape=None):
        if self.shared_scale:
            self.log_scale = add_log(self, "log_scale", math.exp(-1.0))
        self.built = True

    def raw_shape(self, event_shape):
        """The raw outputs of a value lie side by side: [*event[:-1], event[-1] * outputs]."""
        return stacked(event_shape, self._outputs)

    def log_prob(self, x, output, weight=None):
        """[batch, *event] and the raw output -> [batch], nats; each counted `weight` times."""
        return discretized_logistic.log_prob(x, *self._mixture(output), weight)

    def mean(self, output):
        """The mean of the 256 masses: [batch, *event], in [0, 1]."""
        return discretized_logistic.mean(*self._mixture(output))

    def independent(self, values):
        """As `Likelihood.independent`."""
        fit, log_prob = independent.logistic_parameters, independent.logistic_log_prob
        return (
            *independent_levels.histograms(self.levels, self.spacing, values),
            independent.Law("a logistic distribution", independent.each(fit), log_prob),
            independent.Law("a logistic mean, one scale,", independent.shared(fit), log_prob),
        )

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

        One scale for all is [1, ..., 1]. A scale begins at e**-1, which covers the range; so is a
        raw output of 0.
        """
        raw, k = unstacked(output, self._outputs), self.components
        means = raw[..., k : 2 * k] if k > 1 else raw[..., :1]
        logits = raw[..., :k] if k > 1 else ops.zeros_like(means)
        if self.shared_scale:
            log_scale = log_of(self.log_scale, *BOUNDS, raw.dtype)
            return logits, means, ops.reshape(log_scale, (1,) * len(means.shape))
        return logits, means, ops.clip(raw[..., -k:] - 1.0, *BOUNDS)

    @property
    def _outputs(self):
        """Raw outputs of a value."""
        if self.components == 1:
            return 1 if self.shared_scale else 2
        return 3 * self.components

    def get_config(self):
        own = {"components": self.components, "shared_scale": self.shared_scale}
        return {**super().get_config(), **own}
