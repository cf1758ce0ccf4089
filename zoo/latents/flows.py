"""Invertible layers of latents, which flow priors and flow posteriors are made of.

Each maps [rows, latent] to [rows, latent], by a scale and a shift of every latent, and gives the
logarithm of its Jacobian's determinant besides, [rows], nats. The logarithm of a scale is kept
within +-`LOG_SCALE` of 0. They compute in float32, whatever the dtype policy. Layers begin close to
the identity and not at it: the networks' last weights are drawn, very small, so that the first
gradient reaches those before them.
"""

import math

import keras
import numpy as np
from keras import layers, ops

from zoo.errors import InputError

LOG_SCALE = 2.0
_SMALL = 1e-3  # standard deviation of the last weights


@keras.saving.register_keras_serializable(package="zoo.latents")
class AffineCoupling(layers.Layer):
    """Scales and shifts some latents by what the others say (Dinh et al. 2017, equations 7 and 8).

    Which ones, the layer's place in the flow settles. Places 0 and 1 let the latents of an even and
    of an odd number change, places 2 and 3 go by the second binary digit of that number, and so on
    round all its digits: any two latents differ in one, so that each changes by the other somewhere
    in a flow of enough layers, two a digit.

    Args:
        place: in the flow, from 0.
        units: widths of the hidden layers of its network.
    """

    def __init__(self, place=0, units=(64,), **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.place = place
        self.units = require_units(units)

    def build(self, input_shape):
        latent = input_shape[-1]
        if latent < 2:
            raise InputError(
                f"latent={latent}: a coupling layer changes some latents by what the others say "
                "and needs 2 or more. Take more latents, or another prior."
            )
        digit = self.place // 2 % math.ceil(math.log2(latent))
        digits = (np.arange(latent) >> digit) % 2
        self.kept = tuple(np.flatnonzero(digits != self.place % 2).tolist())
        self.changed = tuple(np.flatnonzero(digits == self.place % 2).tolist())
        self.order = tuple(np.argsort(self.kept + self.changed).tolist())
        self.hidden = [
            layers.Dense(width, activation="silu", dtype="float32", name=f"hidden_{i}")
            for i, width in enumerate(self.units)
        ]
        self.last = layers.Dense(
            2 * len(self.changed),
            kernel_initializer=_small(),
            dtype="float32",
            name="shift_and_log_scale",
        )
        width = len(self.kept)
        for layer in (*self.hidden, self.last):
            layer.build((None, width))
            width = layer.units
        self.built = True

    def call(self, z, inverse=False):
        """(z changed, log |det|): [rows, latent] and [rows]; `inverse` takes the change back."""
        kept, changed = _taken(z, self.kept), _taken(z, self.changed)
        h = kept
        for layer in self.hidden:
            h = layer(h)
        shift, log_scale = affine(self.last(h))
        if inverse:
            changed, log_scale = (changed - shift) * ops.exp(-log_scale), -log_scale
        else:
            changed = changed * ops.exp(log_scale) + shift
        together = ops.concatenate([kept, changed], axis=-1)
        return _taken(together, self.order), ops.sum(log_scale, axis=-1)

    def get_config(self):
        return {**super().get_config(), "place": self.place, "units": self.units}


@keras.saving.register_keras_serializable(package="zoo.latents")
class InverseAutoregressive(layers.Layer):
    """Scales and shifts each latent by what those before it say (Kingma et al. 2016, equation 10).

    All at once, by a network whose weights are masked (Germain et al. 2015, "MADE"). To take the
    change back needs one pass a latent, hence is not offered. Kingma et al. gate by sigmoids; here
    a scale is exp of a bounded number, as in `AffineCoupling`, and begins at 1.

    Args:
        reverse: whether the latents come in reverse order; layers in succession alternate.
        units: widths of the hidden layers of its network.
        context: values of the features that the network takes besides; 0: it takes none.
    """

    def __init__(self, reverse=False, units=(64,), context=0, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.reverse = reverse
        self.units = require_units(units)
        self.context = context

    def build(self, input_shape):
        latent = input_shape[-1]
        places = np.arange(latent)[:: -1 if self.reverse else 1]
        # The rank of a hidden unit: of how many latents, in order, it may know. None knows itself.
        ranks, self.hidden = places + 1, []
        for i, width in enumerate(self.units):
            seen, ranks = ranks, np.arange(width) * latent // width
            self.hidden.append(MaskedDense(seen.tolist(), ranks.tolist(), name=f"hidden_{i}"))
        self.last = MaskedDense(
            ranks.tolist(),
            np.tile(places, 2).tolist(),
            kernel_initializer=_small(),
            name="shift_and_log_scale",
        )
        for layer in (*self.hidden, self.last):
            layer.build((None, len(layer.ranks)))
        if self.context:
            self.of_context = layers.Dense(
                self.units[0], use_bias=False, dtype="float32", name="of_context"
            )
            self.of_context.build((None, self.context))
        self.built = True

    def call(self, z, context=None):
        """(z changed, log |det|): [rows, latent] and [rows]; context [rows, n]."""
        h = z
        for i, layer in enumerate(self.hidden):
            h = layer(h)
            if i == 0 and self.context:
                h = h + self.of_context(context)
            h = ops.silu(h)
        shift, log_scale = affine(self.last(h))
        return z * ops.exp(log_scale) + shift, ops.sum(log_scale, axis=-1)

    def get_config(self):
        names = ("reverse", "units", "context")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="zoo.latents")
class MaskedDense(layers.Layer):
    """[rows, inputs] -> [rows, outputs]: an output sees the inputs whose rank is not above its own.

    Args:
        ranks: a whole number an input.
        limits: a whole number an output.
        kernel_initializer: of the kernel before it is masked.
    """

    def __init__(self, ranks, limits, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.ranks = tuple(ranks)
        self.limits = tuple(limits)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        shape = (len(self.ranks), len(self.limits))
        self.kernel = self.add_weight(
            shape=shape, initializer=self.kernel_initializer, name="kernel"
        )
        self.bias = self.add_weight(shape=shape[1:], initializer="zeros", name="bias")
        self.built = True

    def call(self, inputs):
        seen = np.less_equal.outer(self.ranks, self.limits).astype(np.float32)
        return ops.matmul(inputs, self.kernel * seen) + self.bias

    def get_config(self):
        return {
            **super().get_config(),
            "ranks": self.ranks,
            "limits": self.limits,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def affine(raw):
    """Raw output [rows, 2 n] of a layer's network -> (shift, log_scale), each [rows, n]."""
    shift, log_scale = ops.split(raw, 2, axis=-1)
    return shift, LOG_SCALE * ops.tanh(log_scale / LOG_SCALE)


def require_count(name, value, least):
    """`value`, or an error where it is not a whole number from `least` on.

    Raises:
        InputError: naming what was given.
    """
    if not (isinstance(value, int) and value >= least):
        raise InputError(f"{name}={value!r}: give a whole number, {least} or more.")
    return value


def require_units(units):
    """Widths as a tuple, or an error where they are none.

    Raises:
        InputError: naming what was given.
    """
    units = tuple(units)
    if not units or min(units) < 1:
        raise InputError(f"units={units}: give one positive number or more.")
    return units


def _small():
    return keras.initializers.RandomNormal(stddev=_SMALL)


def _taken(z, which):
    return ops.take(z, np.array(which, np.int32), axis=-1)
