"""Last layers that several families share: from features to a posterior's parameters."""

import keras
from keras import ops

from zoo.distributions.normal import LOG_VAR_BOUNDS


@keras.saving.register_keras_serializable(package="zoo")
class BoundedLogVar(keras.layers.Layer):
    """Clips `log_var` to [-30, 20], where its exponential neither overflows nor vanishes."""

    def call(self, log_var):
        return ops.clip(log_var, *LOG_VAR_BOUNDS)


def normal_posterior(features, latent):
    """Features [batch, n] -> {"mean", "log_var"}, each [batch, latent]."""
    mean = keras.layers.Dense(latent, name="mean")(features)
    log_var = keras.layers.Dense(latent, name="raw_log_var")(features)
    return {"mean": mean, "log_var": BoundedLogVar(name="log_var")(log_var)}
