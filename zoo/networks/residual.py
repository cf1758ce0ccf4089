"""Residual blocks, which a convolutional network puts after each change of size."""

import keras
from keras import layers

KERNEL = 3


def block(h, name, activation="silu", blocks=1):
    """h + conv(act(conv(act(h)))), shape kept: [batch, height, width, channels].

    Pre-activation (He et al. 2016, "Identity mappings in deep residual networks", figure 4e),
    without normalization: the second convolution starts small instead, by the number of blocks, so
    that a deep network starts near the identity (Zhang et al. 2019, "Fixup initialization").
    """
    channels, rest = h.shape[-1], h
    starts = ("glorot_uniform", keras.initializers.VarianceScaling(0.01 / blocks))
    for i, initializer in enumerate(starts):
        rest = layers.Activation(activation, name=f"{name}_act_{i}")(rest)
        rest = layers.Conv2D(
            channels,
            KERNEL,
            padding="same",
            kernel_initializer=initializer,
            name=f"{name}_conv_{i}",
        )(rest)
    return layers.Add(name=f"{name}_add")([h, rest])
