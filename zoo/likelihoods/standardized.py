"""A likelihood of standardised values, in the units of the data as given."""

import keras
import numpy as np
from keras import ops

from zoo import likelihoods
from zoo.artifact.endpoints import FEATURE
from zoo.distributions.events import sum_event
from zoo.errors import InputError
from zoo.likelihoods import independent
from zoo.likelihoods.base import Likelihood


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class Standardized(Likelihood):
    """Another likelihood of u = (x - center) / scale, as a density of x itself.

    Networks are given u, and the raw output is one of u; whatever else takes or gives values does
    so in the units of x: log p(x) = log p(u) - sum of log(scale), by the change of variables.

    Args:
        likelihood: of u, over all real numbers: "normal", "laplace", or a `Likelihood`.
        center, scale: of the last axis, a number a feature; scale > 0.

    Raises:
        InputError: for a likelihood of other values, or a center and scale that are none.
    """

    mean_kind = FEATURE
    network_value = "standardised value"

    def __init__(self, likelihood, center, scale, **kwargs):
        super().__init__(**kwargs)
        self.likelihood = likelihoods.get(likelihood)
        self.center = tuple(float(each) for each in center)
        self.scale = tuple(float(each) for each in scale)
        if self.likelihood.support != Likelihood.support or self.likelihood.spacing:
            raise InputError(
                f"A {self.likelihood.family} likelihood describes values in "
                f"{list(self.likelihood.support)}, standardised ones are any real numbers: take "
                "normal or laplace."
            )
        if len(self.center) != len(self.scale) or not all(each > 0.0 for each in self.scale):
            raise InputError(
                f"center of {len(self.center)} and scale of {len(self.scale)} features: give both "
                "a number for each, scales above 0."
            )

    @property
    def family(self):
        """The likelihood's own."""
        return self.likelihood.family

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return self.likelihood.nats_are(binary)

    def build(self, input_shape=None):
        if input_shape is not None and input_shape[-1] != len(self.center):
            raise InputError(
                f"center and scale are of {len(self.center)} features, and the data has "
                f"{input_shape[-1]}."
            )
        if not self.likelihood.built:  # one that was read back is
            self.likelihood.build(input_shape)
        self.built = True

    def network_input(self, x):
        """Standardised: [batch, *event] -> the same shape."""
        return (x - self._constant(self.center, x)) / self._constant(self.scale, x)

    def raw_shape(self, event_shape):
        """The likelihood's own."""
        return self.likelihood.raw_shape(event_shape)

    def log_prob(self, x, output, weight=None):
        """[batch, *event] and the raw output -> [batch], nats; each counted `weight` times."""
        x = ops.convert_to_tensor(x)
        inner = self.likelihood.log_prob(self.network_input(x), output, weight)
        log_scale = np.log(np.asarray(self.scale, np.float64))
        return inner - sum_event(0.0 * x + self._constant(log_scale, x), weight)

    def mean(self, output):
        """The expected value, in the units of x: [batch, *event]."""
        return self._as_given(self.likelihood.mean(output))

    def independent(self, values):
        """The likelihood's own, of standardised values, as densities of x."""
        each = values // len(self.center)  # how often the features follow one another
        center, scale = (
            np.tile(np.asarray(of, np.float32), each) for of in (self.center, self.scale)
        )
        log_slope = -np.log(np.tile(self.scale, each))
        return tuple(
            independent.changed(law, lambda x: (x - center) / scale, lambda x: log_slope)
            for law in self.likelihood.independent(values)
        )

    def mode(self, output, noise=None):
        """The likeliest value, in the units of x: [batch, *event]."""
        return self._as_given(self.likelihood.mode(output))

    def noise(self, seed, shape, stream):
        """What `sample` takes, from int64 [batch] of seeds: [batch, *shape]."""
        return self.likelihood.noise(seed, shape, stream)

    def sample(self, output, noise):
        """A value drawn by the noise, in the units of x: [batch, *event]."""
        return self._as_given(self.likelihood.sample(output, noise))

    def margin(self, output, noise=None):
        """The likelihood's own."""
        return self.likelihood.margin(output, noise)

    def _as_given(self, standardised):
        scale, center = (self._constant(each, standardised) for each in (self.scale, self.center))
        return standardised * scale + center

    def _constant(self, values, like):
        return ops.convert_to_tensor(np.asarray(values, np.float64), dtype=like.dtype)

    def get_config(self):
        likelihood = keras.saving.serialize_keras_object(self.likelihood)
        own = {"likelihood": likelihood, "center": self.center, "scale": self.scale}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config):
        likelihood = keras.saving.deserialize_keras_object(config["likelihood"])
        return cls(**config | {"likelihood": likelihood})
