"""Last layers that several families share: from features to a posterior's parameters."""

import keras
from keras import ops

from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
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


def raw_shape(event_shape, parameters):
    """The shape of a decoder's output: of each value as many as its likelihood's `parameters`."""
    if not isinstance(parameters, int) or parameters < 1:
        raise InputError(f"parameters={parameters!r}: give the raw outputs a value, 1 or more.")
    return (*event_shape[:-1], event_shape[-1] * parameters)


def normal_posterior(features, latent):
    """Features [batch, n] -> {"mean", "log_var"}, each [batch, latent]."""
    mean = keras.layers.Dense(latent, name="mean")(features)
    log_var = keras.layers.Dense(latent, name="raw_log_var")(features)
    return {"mean": mean, "log_var": BoundedLogVar(name="log_var")(log_var)}


def point(features, latent):
    """Features [batch, n] -> {"z"}, [batch, latent]: an autoencoder's latents."""
    return {"z": keras.layers.Dense(latent, name="z")(features)}
