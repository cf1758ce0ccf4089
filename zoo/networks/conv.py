"""Convolutional encoders and decoders: strided down, transposed and sub-pixel up.

With `blocks` they are the residual ones. Those of a grid have no dense layer: their latents keep
the places that they have in the image.
"""

import math

import keras
from keras import layers, ops

from zoo.errors import InputError
from zoo.networks import residual
from zoo.networks.output_layers import ParametricHead

KERNEL = 3
STRIDE = 2
LARGEST_GRID = 8


def encoder(
    event_shape,
    latent,
    filters=None,
    dense=256,
    activation="silu",
    blocks=0,
    head=None,
):
    """[batch, height, width, channels] -> what `head` makes of it, each [batch, latent].

    One convolution of stride 2 for each of `filters`, which unless given are `fitting_filters`,
    `blocks` residual blocks after each, then a dense layer. With `dense` 0 there is none: each
    latent sees one place of the grid and what lies around it, and `head` is a `ParametricHead`.
    """
    _check_latents(latent, dense)
    filters = fitting_filters(event_shape) if filters is None else filters
    require_fitting(event_shape, filters, blocks)
    head = head or ParametricHead({"mean": latent, "log_var": latent})
    x = keras.Input(event_shape, name="x")
    h = _down(x, filters, activation, blocks)
    if not dense:
        _check_places(latent, event_shape, filters)
        return keras.Model(x, head.at_places(h), name="encoder")
    h = layers.Flatten(name="flatten")(h)
    h = layers.Dense(dense, activation=activation, name="dense")(h)
    return keras.Model(x, head(h, latent), name="encoder")


def decoder(raw_shape, latent, filters=None, dense=256, activation="silu", blocks=0):
    """[batch, latent] -> the likelihood's raw output, [batch, height, width, raw channels].

    Mirrors `encoder`: transposed convolutions, then a sub-pixel convolution (Shi et al. 2016),
    which works at half the image's size. Where a height or width is no multiple of the strides,
    the surplus row or column is cropped.
    """
    _check_latents(latent, dense)
    filters = fitting_filters(raw_shape) if filters is None else filters
    require_fitting(raw_shape, filters, blocks)
    rows, columns = grid(raw_shape, filters)
    z = keras.Input((latent,), name="z")
    between = None if blocks else activation
    if not dense:
        _check_places(latent, raw_shape, filters)
        h = layers.Reshape((rows, columns, latent // (rows * columns)), name="grid")(z)
        for name, end in (("around", activation), ("expand", between)):
            h = layers.Conv2D(filters[-1], KERNEL, padding="same", activation=end, name=name)(h)
        return keras.Model(z, _up(h, raw_shape, filters, activation, blocks), name="decoder")
    h = layers.Dense(dense, activation=activation, name="dense")(z)
    h = layers.Dense(rows * columns * filters[-1], activation=between, name="expand")(h)
    h = layers.Reshape((rows, columns, filters[-1]), name="grid")(h)
    h = _up(h, raw_shape, filters, activation, blocks)
    return keras.Model(z, h, name="decoder")


def fitting_filters(event_shape, first=16, most=48):
    """Widths of as many strided convolutions as an image needs: `first`, doubled up to `most`.

    Two, and more where it takes more to bring the longer side to 8 or below, so that the dense
    layer behind them does not grow with the square of the side; fewer where the image is smaller.
    """
    _require_image(event_shape)
    longer, shorter = max(event_shape[:2]), min(event_shape[:2])
    levels = max(2, math.ceil(math.log2(longer / LARGEST_GRID)))
    levels = max(1, min(levels, int(math.log2(shorter))))
    return tuple(min(first * STRIDE**i, most) for i in range(levels))


def grid(event_shape, filters):
    """(rows, columns) that an image is strided down to."""
    factor = STRIDE ** len(filters)
    return tuple(math.ceil(size / factor) for size in event_shape[:2])


def grid_encoder(event_shape, dimension, filters=None, activation="silu", blocks=0):
    """[batch, height, width, channels] -> {"vectors"}, [batch, *grid, dimension].

    `encoder` without its dense layers: a vector for each place of the `grid`.
    """
    filters = fitting_filters(event_shape) if filters is None else filters
    require_fitting(event_shape, filters, blocks)
    x = keras.Input(event_shape, name="x")
    h = _down(x, filters, activation, blocks)
    vectors = layers.Conv2D(dimension, 1, dtype="float32", name="vectors")(h)
    return keras.Model(x, {"vectors": vectors}, name="encoder")


def grid_decoder(raw_shape, dimension, filters=None, activation="silu", blocks=0):
    """[batch, *grid, dimension] -> the likelihood's raw output, [batch, height, width, channels].

    Mirrors `grid_encoder`.
    """
    filters = fitting_filters(raw_shape) if filters is None else filters
    require_fitting(raw_shape, filters, blocks)
    z = keras.Input((*grid(raw_shape, filters), dimension), name="z")
    between = None if blocks else activation
    h = layers.Conv2D(filters[-1], KERNEL, padding="same", activation=between, name="expand")(z)
    h = _up(h, raw_shape, filters, activation, blocks)
    return keras.Model(z, h, name="decoder")


def _down(h, filters, activation, blocks):
    """An image -> its grid, [batch, *grid, filters[-1]]."""
    # A residual block activates what it takes in.
    between = None if blocks else activation
    for i, width in enumerate(filters):
        h = layers.Conv2D(
            width, KERNEL, STRIDE, padding="same", activation=between, name=f"conv_{i}"
        )(h)
        h = _residual(h, f"level_{i}", activation, blocks)
    return h


def _up(h, raw_shape, filters, activation, blocks):
    """A grid [batch, *grid, filters[-1]] -> the raw output of an image."""
    height, width, channels = raw_shape
    h = _residual(h, "grid", activation, blocks)
    for i, size in enumerate(filters[-2::-1] if len(filters) > 1 else ()):
        h = layers.Conv2DTranspose(
            size,
            KERNEL,
            STRIDE,
            padding="same",
            activation=None if blocks else activation,
            name=f"deconv_{i}",
        )(h)
        h = _residual(h, f"level_{i}", activation, blocks)
    h = layers.Conv2D(channels * STRIDE**2, KERNEL, padding="same", dtype="float32", name="output")(
        h
    )
    h = ops.depth_to_space(h, STRIDE)  # one operator in a SavedModel and in ONNX
    surplus = (h.shape[1] - height, h.shape[2] - width)
    if any(surplus):
        crop = ((0, surplus[0]), (0, surplus[1]))
        h = layers.Cropping2D(crop, dtype="float32", name="crop")(h)
    return h


def _residual(h, name, activation, blocks):
    """`blocks` residual blocks and the activation that ends them."""
    for i in range(blocks):
        h = residual.block(h, f"{name}_block_{i}", activation, blocks)
    return layers.Activation(activation, name=f"{name}_end")(h) if blocks else h


def _check_latents(latent, dense):
    if latent < 1:
        raise InputError(f"latent={latent}: a latent space has at least 1 axis.")
    if dense < 0:
        raise InputError(f"dense={dense}: a dense layer has at least 1 unit; 0 leaves it out.")


def _check_places(latent, event_shape, filters):
    rows, columns = grid(event_shape, filters)
    if latent % (rows * columns):
        nearest = rows * columns * math.ceil(latent / (rows * columns))
        raise InputError(
            f"latent={latent}: without a dense layer each of the {rows}x{columns} places has as "
            f"many latents. Give {nearest}, or --dense 512."
        )


def require_fitting(event_shape, filters, blocks):
    """Raises an `InputError` for images that so many strided convolutions do not fit."""
    if blocks < 0:
        raise InputError(f"blocks={blocks}: give the residual blocks of each size, 0 or more.")
    if not filters or min(filters) < 1:
        raise InputError(f"filters={tuple(filters)}: give one positive number or more.")
    _require_image(event_shape)
    smallest, factor = min(event_shape[:2]), STRIDE ** len(filters)
    if smallest < factor:
        fitting = tuple(filters)[: int(math.log2(smallest))]
        advice = f"Give fewer filters, such as {fitting}." if fitting else "Give larger images."
        raise InputError(
            f"Images of {event_shape[0]}x{event_shape[1]} are too small for {len(filters)} "
            f"convolutions of stride {STRIDE}: they must be {factor}x{factor} or more. {advice}"
        )


def _require_image(event_shape):
    if len(event_shape) != 3:
        raise InputError(
            f"A convolutional network takes images (height, width, channels); this data has "
            f"events of shape {tuple(event_shape)}."
        )
