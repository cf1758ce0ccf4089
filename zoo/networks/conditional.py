"""Encoders and decoders that take a label besides, made of those of any family.

The encoder sees the label as one more channel, learned for each class; the decoder as a learned
vector beside z. Source: Kingma et al. 2014, "Semi-supervised learning with deep generative models",
equation 3, where the label is observed.
"""

import math

import keras
from keras import layers

from zoo.errors import InputError

EMBEDDING = 16


def encoder(build, event_shape, latent, classes, **options):
    """x [batch, *event] and label int32 [batch] -> the encoder's outputs.

    Args:
        build: a family's `encoder`, built for events with one channel more.
        classes: >= 2; labels are 0 to classes - 1.
    """
    _check(classes)
    x, label = keras.Input(event_shape, name="x"), _label()
    *grid, channels = event_shape
    plane = layers.Embedding(classes, math.prod(grid), name="label_plane")(label)
    plane = layers.Reshape((*grid, 1), name="plane")(plane)
    inner = build((*grid, channels + 1), latent, **options)
    h = layers.Concatenate(name="beside")([x, plane])
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
    h = layers.Concatenate(name="beside")([z, vector])
    return keras.Model([z, label], inner(h), name="decoder")


def _label():
    return keras.Input((), dtype="int32", name="label")


def _check(classes):
    if classes < 2:
        raise InputError(f"classes={classes}: a label tells 2 classes or more apart.")
