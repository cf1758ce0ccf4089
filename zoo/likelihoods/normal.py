"""Independent normal values of one scale."""

import keras
from keras import ops

from zoo import noise as seeded
from zoo.distributions import normal
from zoo.likelihoods.parts import require_positive


@keras.saving.register_keras_serializable(package="zoo")
class Normal(keras.layers.Layer):
    """Independent normal values around the decoder's output, with one scale for all of them.

    The scale is learned together with the model (the sigma-VAE of Rybkin et al. 2021, section 4,
    where it is one number shared by all pixels), or fixed when `scale` is given.

    Nats are those of a density: they depend on the unit of x and may be negative.

    Args:
        scale: standard deviation, fixed; None learns it.
        initial_scale: where a learned scale begins.
    """

    family = "normal"
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
        require_positive("standard deviation", scale=scale, initial_scale=initial_scale)
        self.scale = scale
        self.initial_scale = initial_scale

    def build(self, input_shape=None):
        start = self.initial_scale if self.scale is None else self.scale
        self.log_var = self.add_weight(
            name="log_var",
            shape=(),
            initializer=keras.initializers.Constant(2.0 * ops.convert_to_numpy(ops.log(start))),
            trainable=self.scale is None,
        )
        self.built = True

    def log_prob(self, x, output, weight=None):
        """[batch, *event] twice -> [batch], nats; each value's counted `weight` times."""
        return normal.log_prob(x, output, self._log_var(), weight)

    def mean(self, output):
        """The decoder's output itself."""
        return output

    def mode(self, output, noise=None):
        """The decoder's output itself."""
        return output

    def noise(self, seed, shape, stream):
        """What `sample` takes, from int64 [batch] of seeds: [batch, *shape]."""
        return seeded.normal(seed, shape, stream)

    def sample(self, output, noise):
        """A normal value around the output, drawn by the noise; shaped as the output."""
        return normal.sample(output, self._log_var(), noise)

    def margin(self, output, noise=None):
        """None: a draw moves with the mean and never jumps."""
        return None

    def _log_var(self):
        return ops.clip(self.log_var, -30.0, 20.0)

    def get_config(self):
        return {
            **super().get_config(),
            "scale": self.scale,
            "initial_scale": self.initial_scale,
        }
