"""Independent whole numbers that stand for classes."""

import keras

from zoo import noise as seeded
from zoo.distributions import categorical
from zoo.errors import InputError
from zoo.likelihoods import independent_levels
from zoo.likelihoods.base import Likelihood, smallest, stacked, unstacked


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class Categorical(Likelihood):
    """Independent whole numbers from 0 to classes - 1; the decoder gives `classes` logits a value.

    The mean, and so `x_mean`, is the expected number, which says something only where the order of
    the numbers does.

    Args:
        classes: how many numbers there are, 2 or more; 2 fit binarized data.
    """

    family = "categorical"
    spacing = 1.0

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return "a probability mass"

    def __init__(self, classes=2, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(classes, int) or classes < 2:
            raise InputError(f"classes={classes!r}: give a whole number, 2 or more.")
        self.classes = classes

    @property
    def support(self):
        """The smallest and the largest number."""
        return (0.0, float(self.classes - 1))

    def raw_shape(self, event_shape):
        """`classes` logits a value: [*event[:-1], event[-1] * classes]."""
        return stacked(event_shape, self.classes)

    def log_prob(self, x, output, weight=None):
        """[batch, *event] and the raw output -> [batch], nats; each counted `weight` times."""
        return categorical.log_prob(x, self._logits(output), weight)

    def mean(self, output):
        """The expected number: [batch, *event]."""
        return categorical.mean(self._logits(output))

    def independent(self, values):
        """As `Likelihood.independent`."""
        return independent_levels.histograms(self.classes, self.spacing, values)

    def mode(self, output, noise=None):
        """The likeliest number: [batch, *event]."""
        return categorical.mode(self._logits(output))

    def noise(self, seed, shape, stream):
        """What `sample` takes, from int64 [batch] of seeds: [batch, *shape]."""
        return seeded.uniform(seed, shape, stream)

    def sample(self, output, noise):
        """A number drawn by the noise: [batch, *event]."""
        return categorical.sample(self._logits(output), noise)

    def margin(self, output, noise=None):
        """How little a probability must change for another draw, or another mode: -> [batch]."""
        return smallest(categorical.gap(self._logits(output), noise))

    def _logits(self, output):
        return unstacked(output, self.classes)

    def get_config(self):
        return {**super().get_config(), "classes": self.classes}
