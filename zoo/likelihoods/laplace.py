"""Independent Laplace values of one scale."""

import math

import keras
from keras import ops

from zoo import noise as seeded
from zoo.distributions import laplace
from zoo.likelihoods.parts import require_positive


@keras.saving.register_keras_serializable(package="zoo")
class Laplace(keras.layers.Layer):
    """Independent Laplace values around the decoder's output, with one scale for all of them.

    The absolute error as a likelihood: a few large errors cost less than under a normal one. The
    nats are those of a density: they depend on the unit of x and may be negative.

    Args:
        scale: mean distance from the output, fixed; None learns it.
        initial_scale: where a learned scale begins.
    """

    family = "laplace"
    support = (-float("inf"), float("inf"))
    spacing = None
    parameters = 1
    levels = None
    mean_is_probability = False

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return "a density: they depend on the unit of x"

    def __init__(self, scale=None, initial_scale=0.2, **kwargs):
        super().__init__(**kwargs)
        require_positive("scale", scale=scale, initial_scale=initial_scale)
        self.scale = scale
        self.initial_scale = initial_scale

    def build(self, input_shape=None):
        start = self.initial_scale if self.scale is None else self.scale
        self.log_scale = self.add_weight(
            name="log_scale",
            shape=(),
            initializer=keras.initializers.Constant(math.log(start)),
            trainable=self.scale is None,
        )
        self.built = True

    def log_prob(self, x, output, weight=None):
        """[batch, *event] twice -> [batch], nats; each value's counted `weight` times."""
        return laplace.log_prob(x, output, self._log_scale(), weight)

    def mean(self, output):
        """The decoder's output itself."""
        return output

    def mode(self, output, noise=None):
        """The decoder's output itself."""
        return output

    def noise(self, seed, shape, stream):
        """What `sample` takes, from int64 [batch] of seeds: [batch, *shape]."""
        return seeded.uniform(seed, shape, stream)

    def sample(self, output, noise):
        """A value around the output, drawn by the noise; shaped as the output."""
        return laplace.sample(output, self._log_scale(), noise)

    def margin(self, output, noise=None):
        """None: a draw moves with the mean and never jumps."""
        return None

    def _log_scale(self):
        return ops.clip(self.log_scale, -15.0, 10.0)

    def get_config(self):
        return {**super().get_config(), "scale": self.scale, "initial_scale": self.initial_scale}
