"""Dense encoder and decoder: events of any shape, taken as a vector."""

import math

import keras
from keras import layers

from zoo.errors import InputError
from zoo.networks.output_layers import normal_posterior, raw_shape


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


def decoder(event_shape, latent, units=(512, 512), activation="silu", parameters=1):
    """[batch, latent] -> the likelihood's raw output, `parameters` a value; `encoder` mirrored.

    [batch, *event[:-1], event[-1] * parameters].
    """
    shape = raw_shape(event_shape, parameters)
    _check(latent, units)
    z = keras.Input((latent,), name="z")
    h = z
    for i, width in enumerate(reversed(units)):
        h = layers.Dense(width, activation=activation, name=f"dense_{i}")(h)
    h = layers.Dense(math.prod(shape), name="output")(h)
    return keras.Model(z, layers.Reshape(shape, name="event")(h), name="decoder")


def _check(latent, units):
    if latent < 1:
        raise InputError(f"latent={latent}: a latent space has at least 1 axis.")
    if not units or min(units) < 1:
        raise InputError(f"units={tuple(units)}: give one positive number or more.")
