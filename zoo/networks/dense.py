"""Dense encoder and decoder: events of any shape, taken as a vector."""

import math

import keras
from keras import layers

from zoo.errors import InputError
from zoo.networks.output_layers import normal_posterior


def encoder(event_shape, latent, units=(512, 512), activation="silu", head=normal_posterior):
    """[batch, *event] -> what `head` makes of the last features, each [batch, latent].

    One dense layer for each of `units`.
    """
    _check(latent, units)
    x = keras.Input(event_shape, name="x")
    h = layers.Flatten(name="flatten")(x)
    for i, width in enumerate(units):
        h = layers.Dense(width, activation=activation, name=f"dense_{i}")(h)
    return keras.Model(x, head(h, latent), name="encoder")


def decoder(raw_shape, latent, units=(512, 512), activation="silu"):
    """[batch, latent] -> the likelihood's raw output, [batch, *raw_shape]; `encoder` mirrored."""
    _check(latent, units)
    z = keras.Input((latent,), name="z")
    h = z
    for i, width in enumerate(reversed(units)):
        h = layers.Dense(width, activation=activation, name=f"dense_{i}")(h)
    h = layers.Dense(math.prod(raw_shape), dtype="float32", name="output")(h)
    h = layers.Reshape(raw_shape, dtype="float32", name="event")(h)
    return keras.Model(z, h, name="decoder")


def _check(latent, units):
    if latent < 1:
        raise InputError(f"latent={latent}: a latent space has at least 1 axis.")
    if not units or min(units) < 1:
        raise InputError(f"units={tuple(units)}: give one positive number or more.")
