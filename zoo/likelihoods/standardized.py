"""A likelihood of standardised values, in the units of the data as given."""

import keras
import numpy as np
from keras import ops

from zoo import likelihoods
from zoo.artifact.endpoints import BATCH, FEATURE, Tensor
from zoo.distributions.events import sum_event
from zoo.errors import InputError
from zoo.likelihoods import independent
from zoo.likelihoods.base import Likelihood


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class Standardized(Likelihood):
    """Another likelihood of u = (x - center) / scale, as a density of x itself.

    Networks are given u, and the raw output is one of u; whatever else takes or gives values does
    so in the units of x: log p(x) = log p(u) - sum of log(scale), by the change of variables.

    What is missing, NaN, counts for nothing in the nats. Networks then see u = 0 in its place, the
    center, and beside the features of u as many that are 1 where a value is known and 0 elsewhere.

    Args:
        likelihood: of u, over all real numbers: "normal", "laplace", or a `Likelihood`.
        center, scale: of the last axis, a number a feature; scale > 0.
        missing: whether values of x may be missing.

    Raises:
        InputError: for a likelihood of other values, or a center and scale that are none.
    """

    mean_kind = FEATURE

    def __init__(self, likelihood, center, scale, missing=False, **kwargs):
        super().__init__(**kwargs)
        self.missing = missing
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

    @property
    def marks_known(self):
        """Whether values may be missing."""
        return self.missing

    @property
    def network_value(self):
        """In words; None where some may be missing."""
        return None if self.missing else "standardised value"

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

    def example(self, event_shape):
        return (Tensor("x", "float32", (BATCH, *event_shape), missing=self.missing),)

    def network_shape(self, event_shape):
        *inner, features = event_shape
        return (*inner, features * (2 if self.missing else 1))

    def event_shape(self, network_shape):
        *inner, features = network_shape
        return (*inner, features // (2 if self.missing else 1))

    def network_input(self, x):
        """Standardised: [batch, *event] -> [batch, *network_shape]."""
        if not self.missing:
            return self.standardised(x)
        return ops.concatenate([self.standardised(self.filled(x)), self.known(x)], axis=-1)

    def standardised(self, x):
        """[batch, *event] -> u, the same shape; NaN stays."""
        return (x - self._constant(self.center, x)) / self._constant(self.scale, x)

    def known(self, x):
        """1 where a value is known, 0 where it is missing: shaped as x."""
        return 1.0 - ops.cast(ops.isnan(x), x.dtype)

    def filled(self, x):
        """x with the center of its feature where a value is missing."""
        # By where: tf2onnx multiplies other choices, and 0 times NaN is NaN.
        return ops.where(ops.isnan(x), self._constant(self.center, x), x)

    def raw_shape(self, event_shape):
        """The likelihood's own."""
        return self.likelihood.raw_shape(event_shape)

    def log_prob(self, x, output, weight=None):
        """[batch, *event] and the raw output -> [batch], nats; each counted `weight` times."""
        x = ops.convert_to_tensor(x)
        if self.missing:
            weight = self.known(x) * (1.0 if weight is None else weight)
            x = self.filled(x)
        inner = self.likelihood.log_prob(self.standardised(x), output, weight)
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
        laws = tuple(
            independent.changed(law, lambda x: (x - center) / scale, lambda x: log_slope)
            for law in self.likelihood.independent(values)
        )
        return tuple(independent.of_known(law, center) for law in laws) if self.missing else laws

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
        return {**super().get_config(), **own, "missing": self.missing}

    @classmethod
    def from_config(cls, config):
        likelihood = keras.saving.deserialize_keras_object(config["likelihood"])
        return cls(**config | {"likelihood": likelihood})
