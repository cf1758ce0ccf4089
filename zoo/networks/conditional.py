"""Encoders and decoders that take a label besides, made of those of any family.

The encoder sees the label as one more channel, learned for each class, of a large image in squares
of several pixels; the decoder as a learned vector beside z. Source: Kingma et al. 2014,
"Semi-supervised learning with deep generative models", equation 3, where the label is observed.
"""

import math

import keras
from keras import layers, ops

from zoo.errors import InputError

EMBEDDING = 16
LARGEST_PLANE = 32  # values along a side that are learned for each class


def encoder(build, event_shape, latent, classes, **options):
    """x [batch, *event] and label int32 [batch] -> the encoder's outputs.

    Args:
        build: a family's `encoder`, built for events with one channel more.
        classes: >= 2; labels are 0 to classes - 1.
    """
    _check(classes)
    x, label = keras.Input(event_shape, name="x"), _label()
    *grid, channels = event_shape
    plane = _label_plane(label, grid, classes)
    inner = build((*grid, channels + 1), latent, **options)
    h = layers.Concatenate(name="with_label")([x, plane])
    return keras.Model([x, label], inner(h), name="encoder")


def decoder(build, raw_shape, latent, classes, **options):
    """z [batch, latent] and label int32 [batch] -> the likelihood's raw output, `build`'s.

    Args:
        build: a family's `decoder`, built for `EMBEDDING` latents more.
    """
    _check(classes)
    z, label = keras.Input((latent,), name="z"), _label()
    # On the scale of z beside it: from Keras's 0.03 the decoder overlooks the label for long.
    scale = keras.initializers.RandomNormal(stddev=1.0)
    vector = layers.Embedding(classes, EMBEDDING, scale, name="label_vector")(label)
    inner = build(raw_shape, latent + EMBEDDING, **options)
    h = layers.Concatenate(name="with_label")([z, vector])
    return keras.Model([z, label], inner(h), name="decoder")


def _label_plane(label, grid, classes):
    """int32 [batch] -> [batch, *grid, 1]: values learned for each class.

    An image of more than `LARGEST_PLANE` along a side has one for a square of pixels, so that the
    weights do not grow with the square of the side.
    """
    factor = math.ceil(max(grid) / LARGEST_PLANE) if len(grid) == 2 else 1
    coarse = [math.ceil(size / factor) for size in grid]
    plane = layers.Embedding(classes, math.prod(coarse), name="label_plane")(label)
    plane = layers.Reshape((*coarse, 1), name="plane")(plane)
    if factor == 1:
        return plane
    plane = layers.Concatenate(name="square")([plane] * factor**2)
    plane = ops.depth_to_space(plane, factor)
    surplus = [side * factor - size for side, size in zip(coarse, grid, strict=True)]
    return layers.Cropping2D([(0, rest) for rest in surplus], name="crop")(plane)


def _label():
    return keras.Input((), dtype="int32", name="label")


def _check(classes):
    if classes < 2:
        raise InputError(f"classes={classes}: a label tells 2 classes or more apart.")
