"""Convolutional encoder and decoder: strided down, transposed and sub-pixel up.

With `blocks` they are the residual ones.
"""

import math

import keras
from keras import layers, ops

from zoo.errors import InputError
from zoo.networks import residual
from zoo.networks.heads import normal_posterior, raw_shape

KERNEL = 3
STRIDE = 2


def encoder(
    event_shape,
    latent,
    filters=(32, 64),
    dense=256,
    activation="silu",
    blocks=0,
    head=normal_posterior,
):
    """[batch, height, width, channels] -> what `head` makes of it, each [batch, latent].

    One convolution of stride 2 for each of `filters`, `blocks` residual blocks after each, then a
    dense layer.
    """
    _check(event_shape, latent, filters, dense, blocks)
    x = keras.Input(event_shape, name="x")
    h = x
    # A residual block activates what it takes in.
    between = None if blocks else activation
    for i, width in enumerate(filters):
        h = layers.Conv2D(
            width, KERNEL, STRIDE, padding="same", activation=between, name=f"conv_{i}"
        )(h)
        h = _residual(h, f"level_{i}", activation, blocks)
    h = layers.Flatten(name="flatten")(h)
    h = layers.Dense(dense, activation=activation, name="dense")(h)
    return keras.Model(x, head(h, latent), name="encoder")


def decoder(
    event_shape, latent, filters=(32, 64), dense=256, activation="silu", blocks=0, parameters=1
):
    """[batch, latent] -> the likelihood's raw output, `parameters` a value.

    [batch, height, width, channels * parameters].

    Mirrors `encoder`: transposed convolutions, then a sub-pixel convolution (Shi et al. 2016),
    which works at half the image's size. Where a height or width is no multiple of the strides,
    the surplus row or column is cropped.
    """
    _check(event_shape, latent, filters, dense, blocks)
    height, width, channels = raw_shape(event_shape, parameters)
    factor = STRIDE ** len(filters)
    rows, columns = math.ceil(height / factor), math.ceil(width / factor)
    z = keras.Input((latent,), name="z")
    h = layers.Dense(dense, activation=activation, name="dense")(z)
    between = None if blocks else activation
    h = layers.Dense(rows * columns * filters[-1], activation=between, name="expand")(h)
    h = layers.Reshape((rows, columns, filters[-1]), name="grid")(h)
    h = _residual(h, "grid", activation, blocks)
    for i, size in enumerate(filters[-2::-1] if len(filters) > 1 else ()):
        h = layers.Conv2DTranspose(
            size, KERNEL, STRIDE, padding="same", activation=between, name=f"deconv_{i}"
        )(h)
        h = _residual(h, f"level_{i}", activation, blocks)
    h = layers.Conv2D(channels * STRIDE**2, 3, padding="same", name="output")(h)
    h = ops.depth_to_space(h, STRIDE)  # one operator in a SavedModel and in ONNX
    surplus = (rows * factor - height, columns * factor - width)
    if any(surplus):
        h = layers.Cropping2D(((0, surplus[0]), (0, surplus[1])), name="crop")(h)
    return keras.Model(z, h, name="decoder")


def _residual(h, name, activation, blocks):
    """`blocks` residual blocks and the activation that ends them."""
    for i in range(blocks):
        h = residual.block(h, f"{name}_block_{i}", activation, blocks)
    return layers.Activation(activation, name=f"{name}_end")(h) if blocks else h


def _check(event_shape, latent, filters, dense, blocks):
    if blocks < 0:
        raise InputError(f"blocks={blocks}: give the residual blocks of each size, 0 or more.")
    if latent < 1:
        raise InputError(f"latent={latent}: a latent space has at least 1 axis.")
    if dense < 1:
        raise InputError(f"dense={dense}: a dense layer has at least 1 unit.")
    if not filters or min(filters) < 1:
        raise InputError(f"filters={tuple(filters)}: give one positive number or more.")
    if len(event_shape) != 3:
        raise InputError(
            f"A convolutional network takes images (height, width, channels); this data has "
            f"events of shape {tuple(event_shape)}."
        )
    smallest, factor = min(event_shape[:2]), STRIDE ** len(filters)
    if smallest < factor:
        fitting = tuple(filters)[: int(math.log2(smallest))]
        advice = f"Give fewer filters, such as {fitting}." if fitting else "Give larger images."
        raise InputError(
            f"Images of {event_shape[0]}x{event_shape[1]} are too small for {len(filters)} "
            f"convolutions of stride {STRIDE}: they must be {factor}x{factor} or more. {advice}"
        )
