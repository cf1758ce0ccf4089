"""Dilated convolutions over time: encoder and decoder of windows [steps, features].

A window is seen as a whole, so that none of them is causal: a step is told of both its sides.

Sources: Yu & Koltun 2016, "Multi-scale context aggregation by dilated convolutions"; Bai et al.
2018, "An empirical evaluation of generic convolutional and recurrent networks", for blocks whose
dilation doubles, with the input added to what they give.
"""

import math

import keras
from keras import layers

from zoo.errors import InputError
from zoo.networks.hiding import HideColumns, require_share
from zoo.networks.output_layers import normal_posterior

KERNEL = 3
FEWEST = 8
"""Steps that the strides leave, at least, where there are so many."""
MOST_HALVINGS = 3


def encoder(
    event_shape,
    latent,
    width=48,
    blocks=None,
    activation="silu",
    head=normal_posterior,
    hidden=0.0,
):
    """[batch, steps, features] -> what `head` makes of it, each [batch, latent].

    A convolution whose stride is `stride_of(steps)`, `blocks` residual ones that are dilated by 1,
    2, 4, ..., and a dense layer over all steps that are left.

    Args:
        width: channels of the convolutions.
        blocks: unless given as many as let a step see all others, `blocks_of`.
        hidden: share of all values that training hides, see `HideColumns`, where the second half of
            the features says which of the first are known; 0 hides none.
    """
    stride, blocks = _sizes(event_shape, latent, width, blocks)
    require_share(hidden)
    x = keras.Input(event_shape, name="x")
    owners = [*range(event_shape[-1] // 2)] * 2
    h = HideColumns(owners, hidden, name="hide")(x) if hidden else x
    h = layers.Conv1D(width, stride + KERNEL - 1, stride, padding="same", name="conv")(h)
    h = _dilated(h, width, blocks, activation)
    h = layers.Flatten(name="flatten")(h)
    h = layers.Dense(2 * width, activation=activation, name="dense")(h)
    return keras.Model(x, head(h, latent), name="encoder")


def decoder(raw_shape, latent, width=48, blocks=None, activation="silu"):
    """[batch, latent] -> the likelihood's raw output, [batch, steps, raw features].

    `encoder` mirrored: each step that is left becomes `stride_of(steps)` steps; the surplus is cut
    off.
    """
    stride, blocks = _sizes(raw_shape, latent, width, blocks)
    steps, features = raw_shape
    left = math.ceil(steps / stride)
    z = keras.Input((latent,), name="z")
    h = layers.Dense(2 * width, activation=activation, name="dense")(z)
    h = layers.Dense(left * width, name="expand")(h)
    h = layers.Reshape((left, width), name="steps")(h)
    h = _dilated(h, width, blocks, activation)
    h = layers.Conv1D(features * stride, KERNEL, padding="same", dtype="float32", name="output")(h)
    h = layers.Reshape((left * stride, features), dtype="float32", name="event")(h)
    if left * stride > steps:
        h = layers.Cropping1D((0, left * stride - steps), dtype="float32", name="crop")(h)
    return keras.Model(z, h, name="decoder")


def stride_of(steps):
    """Steps that become one: 1, 2, 4 or 8, so that `FEWEST` are left: 64 -> 8, 24 -> 2, 10 -> 1."""
    halvings = int(math.log2(max(1.0, steps / FEWEST)))
    return 2 ** min(MOST_HALVINGS, halvings)


def blocks_of(steps):
    """Residual blocks that let each of the steps that are left see all others."""
    left = math.ceil(steps / stride_of(steps))
    return max(1, math.ceil(math.log2(left)))


def _dilated(h, width, blocks, activation):
    """Residual blocks of two convolutions, dilated by 1, 2, 4, ...: [batch, steps, width]."""
    for i in range(blocks):
        inner = layers.Activation(activation, name=f"block_{i}_before")(h)
        inner = layers.Conv1D(
            width,
            KERNEL,
            dilation_rate=2**i,
            padding="same",
            activation=activation,
            name=f"block_{i}_dilated",
        )(inner)
        inner = layers.Conv1D(width, 1, name=f"block_{i}_mixed")(inner)
        h = layers.Add(name=f"block_{i}")([h, inner])
    return layers.Activation(activation, name="activation")(h)


def _sizes(shape, latent, width, blocks):
    """(stride, blocks), checked."""
    if len(shape) != 2:
        raise InputError(
            "Dilated convolutions take series [steps, features]; this data has events of shape "
            f"{tuple(shape)}. Take conv_vae for pictures and dense_vae for vectors."
        )
    if latent < 1:
        raise InputError(f"latent={latent}: a latent space has at least 1 axis.")
    if not isinstance(width, int) or width < 1:
        raise InputError(f"width={width}: give the convolutions' channels, 1 or more.")
    blocks = blocks_of(shape[0]) if blocks is None else blocks
    if not isinstance(blocks, int) or blocks < 0:
        raise InputError(f"blocks={blocks}: give residual blocks, 0 or more.")
    return stride_of(shape[0]), blocks
