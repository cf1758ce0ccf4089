"""The variants that `decoders.py` compares: one network, four ways to grow an image in it."""

import math

import keras
import numpy as np
from keras import layers

import zoo
from zoo.networks import conv

FILTERS, DENSE, LATENT = (16, 32), 512, 32  # of `catalog.conv_vae`


def transposed(h, size, name):
    """A transposed convolution of stride 2."""
    return layers.Conv2DTranspose(size, conv.KERNEL, conv.STRIDE, padding="same", name=name)(h)


def resized(h, size, name):
    """Each pixel repeated to 2x2, then a convolution (Odena et al. 2016)."""
    h = layers.UpSampling2D(conv.STRIDE, interpolation="nearest", name=f"{name}_repeat")(h)
    return layers.Conv2D(size, conv.KERNEL, padding="same", name=name)(h)


def sub_pixel(h, size, name):
    """A convolution to four times the channels, rearranged to 2x2 pixels (Shi et al. 2016)."""
    h = layers.Conv2D(size * conv.STRIDE**2, conv.KERNEL, padding="same", name=name)(h)
    return keras.ops.depth_to_space(h, conv.STRIDE)


# name -> (how the hidden layers grow, how the output grows)
VARIANTS = {
    "transposed": (transposed, transposed),
    "resize + convolution": (resized, resized),
    "sub-pixel": (sub_pixel, sub_pixel),
    "transposed, output sub-pixel": (transposed, sub_pixel),
}


def decoder(event_shape, hidden, output):
    """[batch, latent] -> logits [batch, *event]; as `conv.decoder` but for what grows the image."""
    height, width, channels = event_shape
    factor = conv.STRIDE ** len(FILTERS)
    rows, columns = math.ceil(height / factor), math.ceil(width / factor)
    z = keras.Input((LATENT,), name="z")
    h = layers.Dense(DENSE, activation="silu", name="dense")(z)
    h = layers.Dense(rows * columns * FILTERS[-1], activation="silu", name="expand")(h)
    h = layers.Reshape((rows, columns, FILTERS[-1]), name="grid")(h)
    for i, size in enumerate(FILTERS[-2::-1]):
        h = layers.Activation("silu", name=f"silu_{i}")(hidden(h, size, f"grow_{i}"))
    h = output(h, channels, "output")
    surplus = ((0, rows * factor - height), (0, columns * factor - width))
    if surplus != ((0, 0), (0, 0)):
        h = layers.Cropping2D(surplus, name="crop")(h)
    return keras.Model(z, h, name="decoder")


def build(name, event_shape, seed):
    """The convolutional VAE with one variant's decoder."""
    zoo.training.seed_everything(seed)
    encoder = conv.encoder(event_shape, LATENT, FILTERS, DENSE)
    return zoo.models.vae.VAE(
        encoder,
        decoder(event_shape, *VARIANTS[name]),
        prior=zoo.latents.priors.StandardNormal(),
        likelihood="bernoulli",
        seed=seed,
    )


def draw_biases(model, seed=0):
    """Draws every bias: a converter leaves out a bias that is zero, which a trained one is not."""
    drawn = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        if weight.path.endswith("/bias"):
            weight.assign(0.1 * drawn.standard_normal(weight.shape).astype(np.float32))
