"""Likelihoods p(x|z): what a decoder's raw output means.

A likelihood is a small Keras layer, since some of them learn (a scale); the maths itself lies in
`zoo.distributions`. Each states the data that it describes, so that a model and data which do not
belong together are refused before training.
"""

import keras
from keras import ops

from zoo import noise as seeded
from zoo.distributions import bernoulli, normal
from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class Bernoulli(keras.layers.Layer):
    """Independent binary values; the decoder's output are logits of the event's shape.

    Meant for binarized data. For data in between 0 and 1 the nats are a cross-entropy, not a
    likelihood: see `zoo.distributions.bernoulli.log_prob`.
    """

    family = "bernoulli"
    support = (0.0, 1.0)
    mean_is_probability = True

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return "a probability mass" if binary else "a cross-entropy: the data was not binarized"

    def log_prob(self, x, output, weight=None):
        """[batch, *event] twice -> [batch], nats; each value's counted `weight` times."""
        return bernoulli.log_prob(x, output, weight)

    def mean(self, output):
        """Probabilities, shaped as the decoder's output."""
        return bernoulli.mean(output)

    def mode(self, output, noise=None):
        """The likelier of 0 and 1."""
        return ops.cast(output > 0.0, output.dtype)

    def noise(self, seed, shape, stream):
        """What `sample` takes, from int64 [batch] of seeds: [batch, *shape]."""
        return seeded.uniform(seed, shape, stream)

    def sample(self, output, noise):
        """0 or 1, drawn by the noise; shaped as the output."""
        return bernoulli.sample(output, noise)

    def margin(self, mean, noise=None):
        """How little a probability must change for another draw, or another mode: -> [batch].

        The smallest of an event; mean and noise [batch, *event].
        """
        gap = ops.abs(mean - (0.5 if noise is None else noise))
        return ops.min(gap, axis=tuple(range(1, len(gap.shape))))


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
    mean_is_probability = False

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return "a density: they depend on the unit of x"

    def __init__(self, scale=None, initial_scale=0.2, **kwargs):
        super().__init__(**kwargs)
        for name, value in (("scale", scale), ("initial_scale", initial_scale)):
            if value is not None and not value > 0.0:
                raise InputError(f"{name}={value!r}: a standard deviation must be > 0.")
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

    def margin(self, mean, noise=None):
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


NAMES = {"bernoulli": Bernoulli, "normal": Normal}


def get(likelihood, event_shape=None):
    """A likelihood from its name, or the likelihood itself.

    "auto" is what suits images of this event shape: normal for several channels, whose values
    are not probabilities of anything, else Bernoulli.
    """
    if isinstance(likelihood, keras.layers.Layer):
        return likelihood
    if likelihood == "auto" and event_shape is not None:
        likelihood = "normal" if len(event_shape) == 3 and event_shape[-1] > 1 else "bernoulli"
    if likelihood not in NAMES:
        raise InputError(f"likelihood {likelihood!r} is unknown; there are {', '.join(NAMES)}.")
    return NAMES[likelihood]()
