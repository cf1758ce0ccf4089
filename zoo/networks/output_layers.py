"""Last layers that several families share: from features to a posterior's parameters.

They compute in float32 whatever the dtype policy, as the densities do that are made of them.
"""

import math

import keras
from keras import ops

from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo.networks")
class BoundedLogVar(keras.layers.Layer):
    """Clips `log_var`, by default to [-30, 20]: its exponential overflows float32 past 88.

    Any shape -> the same shape.
    """

    def __init__(self, low=-30.0, high=20.0, **kwargs):
        super().__init__(**kwargs)
        self.low = low
        self.high = high

    def call(self, log_var):
        return ops.clip(log_var, self.low, self.high)

    def get_config(self):
        return {**super().get_config(), "low": self.low, "high": self.high}


@keras.saving.register_keras_serializable(package="zoo.networks")
class SoftBoundedLogVar(keras.layers.Layer):
    """`log_var` that stays below `high` smoothly and is clipped at `low`; 0 stays 0.

    high - softplus(c - raw), c chosen for 0. For groups of latents that follow one another: a draw
    exp(10) times as wide as its prior, which `BoundedLogVar` allows, is an input of all groups
    below it. Unlike a clip it has a gradient on its way to `high`.

    Any shape -> the same shape.
    """

    def __init__(self, low=-30.0, high=2.0, **kwargs):
        super().__init__(**kwargs)
        self.low = low
        self.high = high

    def call(self, raw):
        offset = math.log(math.expm1(self.high))
        return ops.maximum(self.high - ops.softplus(offset - raw), self.low)

    def get_config(self):
        return {**super().get_config(), "low": self.low, "high": self.high}


@keras.saving.register_keras_serializable(package="zoo.networks")
class UnitVector(keras.layers.Layer):
    """A vector over its length: [batch, n] -> [batch, n]. A row of zeros stays zero."""

    def call(self, raw):
        return raw * ops.rsqrt(ops.sum(ops.square(raw), axis=-1, keepdims=True) + 1e-30)


@keras.saving.register_keras_serializable(package="zoo.networks")
class Concentration(keras.layers.Layer):
    """From any number to a concentration within [low, high]: low + softplus(raw), clipped.

    Any shape -> the same shape.
    """

    def __init__(self, low=1.0, high=1e4, **kwargs):
        super().__init__(**kwargs)
        self.low = low
        self.high = high

    def call(self, raw):
        return ops.minimum(self.low + ops.softplus(raw), self.high)

    def get_config(self):
        return {**super().get_config(), "low": self.low, "high": self.high}


BOUNDED = {
    "log_var": lambda: BoundedLogVar(dtype="float32", name="log_var"),
    "log_scale": lambda: BoundedLogVar(-15.0, 10.0, dtype="float32", name="log_scale"),
    "direction": lambda: UnitVector(dtype="float32", name="direction"),
    "kappa": lambda: Concentration(dtype="float32", name="kappa"),
}
"""What keeps a posterior's parameter within its range, by its name; others have none to keep."""


class ParametricHead:
    """A head that gives a posterior's parameters, {name: width}, each [batch, width]."""

    def __init__(self, outputs):
        self.outputs = outputs

    def __call__(self, features, latent):
        """Features [batch, n]: every parameter sees all of them."""
        return self._bounded(lambda name, width: _dense(name, width)(features))

    def at_places(self, features):
        """Features [batch, rows, columns, n]: a parameter sees those of its own place.

        Those of a place lie side by side.

        Raises:
            InputError: if a parameter's width is no multiple of the places, as of a covariance.
        """
        places = math.prod(features.shape[1:3])
        for name, width in self.outputs.items():
            if width % places:
                raise InputError(
                    f"This posterior's {name} has {width} values, which is no multiple of the "
                    f"{places} places that an image is strided down to. Give latents for each, "
                    f"as --latent {places * math.ceil(width / places)}, a posterior of independent "
                    "latents, or --dense 512, behind which latents have no place."
                )

        def local(name, width):
            flat = keras.layers.Flatten(dtype="float32", name=f"flat_{name}")
            return flat(_dense(name, width // places)(features))

        return self._bounded(local)

    def _bounded(self, raw):
        values = {name: raw(name, width) for name, width in self.outputs.items()}
        return {name: BOUNDED[name]()(v) if name in BOUNDED else v for name, v in values.items()}


def _dense(name, width):
    """What gives a parameter, or what is then bounded to be one."""
    return keras.layers.Dense(
        width, dtype="float32", name=f"raw_{name}" if name in BOUNDED else name
    )


def normal_posterior(features, latent):
    """Features [batch, n] -> {"mean", "log_var"}, each [batch, latent]."""
    return ParametricHead({"mean": latent, "log_var": latent})(features, latent)


def point(features, latent):
    """Features [batch, n] -> {"z"}, [batch, latent]: an autoencoder's latents."""
    return {"z": keras.layers.Dense(latent, dtype="float32", name="z")(features)}
