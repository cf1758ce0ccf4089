"""Last layers that several families share: from features to a posterior's parameters.

They compute in float32 whatever the dtype policy, as the densities do that are made of them.
"""

import keras
from keras import ops


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


def parametric(outputs):
    """A head that gives a posterior's parameters, {name: width}, each [batch, width]."""

    def head(features, latent):
        given = {}
        for name, width in outputs.items():
            bound = BOUNDED.get(name)
            raw = keras.layers.Dense(width, dtype="float32", name=f"raw_{name}" if bound else name)(
                features
            )
            given[name] = bound()(raw) if bound else raw
        return given

    return head


def normal_posterior(features, latent):
    """Features [batch, n] -> {"mean", "log_var"}, each [batch, latent]."""
    return parametric({"mean": latent, "log_var": latent})(features, latent)


def point(features, latent):
    """Features [batch, n] -> {"z"}, [batch, latent]: an autoencoder's latents."""
    return {"z": keras.layers.Dense(latent, dtype="float32", name="z")(features)}
