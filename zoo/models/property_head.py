"""What z says of numbers that are known of an example besides x, such as a molecule's logP."""

import math

import keras
import numpy as np
from keras import layers, ops

from zoo.errors import InputError

LEAST_SCALE = 0.2
"""Of an error, in standard deviations of the property: to say more of it costs z nats of x."""


@keras.saving.register_keras_serializable(package="zoo.models")
class PropertyHead(layers.Layer):
    """p(y|z) of properties y: normal, its means a small network's, one learned scale for each.

    Trained along with a VAE it orders the latent space by what it predicts, so that one can climb
    there (Gómez-Bombarelli et al. 2018, section 2.3). Inside, a property is standardised by the
    training data's mean and deviation; what it answers is in the property's own unit. Computed in
    float32, whatever the dtype policy.

    Args:
        names: of the properties, each an identifier.
        means, deviations: of the training data, a number each.
        latent: values of z.
        units: widths of the hidden layers.
        weight: of -log p(y|z) in the loss, > 0.
    """

    def __init__(self, names, means, deviations, latent, units=(64,), weight=1.0, **kwargs):
        super().__init__(**{"name": "property_head", **kwargs, "dtype": "float32"})
        self.names, self.units = tuple(names), tuple(units)
        self.means, self.deviations = _numbers(means), _numbers(deviations)
        self.latent = latent
        self.weight = float(weight)
        _check(self)
        self.hidden = [
            layers.Dense(width, activation="silu", dtype="float32", name=f"hidden_{place}")
            for place, width in enumerate(self.units)
        ]
        self.last = layers.Dense(len(self.names), dtype="float32", name="output")
        self.build((None, latent))

    def build(self, input_shape):
        if self.built:
            return
        width = input_shape[-1]
        for layer in (*self.hidden, self.last):
            layer.build((None, width))
            width = layer.units
        self.log_scale = self.add_weight(
            name="log_scale", shape=(len(self.names),), initializer="zeros"
        )
        self.built = True

    def call(self, z):
        """[rows, latent] -> the means, standardised: [rows, properties]."""
        for layer in self.hidden:
            z = layer(z)
        return self.last(z)

    def predict(self, z):
        """[rows, latent] -> {name: [rows]}, each in its unit."""
        made = self(z) * np.float32(self.deviations) + np.float32(self.means)
        return {name: made[:, place] for place, name in enumerate(self.names)}

    def nats(self, z, y):
        """-log p(y|z) in standardised units: [rows, latent], [rows, properties] -> [rows].

        A property that is not known, NaN, costs nothing.
        """
        known = ops.equal(y, y)
        wanted = (ops.where(known, y, 0.0) - np.float32(self.means)) / np.float32(self.deviations)
        log_scale = ops.maximum(self.log_scale, math.log(LEAST_SCALE))
        off = (wanted - self(z)) * ops.exp(-log_scale)
        nats = 0.5 * ops.square(off) + log_scale + 0.5 * math.log(2.0 * math.pi)
        return ops.sum(ops.where(known, nats, 0.0), axis=-1)

    def get_config(self):
        names = ("names", "means", "deviations", "latent", "units", "weight")
        return {"name": self.name} | {name: getattr(self, name) for name in names}


def head(properties, latent, units=(64,), weight=1.0):
    """A `PropertyHead` of properties {name: array [n]}, those of the training data.

    Raises:
        InputError: for one that is nowhere known, or the same everywhere.
    """
    values = {name: np.asarray(each, np.float64) for name, each in properties.items()}
    known = {name: each[np.isfinite(each)] for name, each in values.items()}
    for name, each in known.items():
        if not len(each) or not each.std() > 0.0:
            raise InputError(
                f"The property {name} {'is the same in all' if len(each) else 'is known of none'} "
                "of the training examples: there is nothing to learn. Leave it out."
            )
    means = [float(each.mean()) for each in known.values()]
    deviations = [float(each.std()) for each in known.values()]
    return PropertyHead(tuple(values), means, deviations, latent, units, weight)


def _numbers(values):
    return tuple(float(value) for value in values)


def _check(given):
    names = given.names
    if not names or len({*names}) < len(names) or not all(map(str.isidentifier, names)):
        raise InputError(
            f"names={names!r}: give properties different names, each an identifier such as logP."
        )
    if "z" in names:
        raise InputError("A property cannot be called z, as the latents are.")
    if not len(names) == len(given.means) == len(given.deviations):
        raise InputError(
            f"{len(names)} properties have {len(given.means)} means and {len(given.deviations)} "
            "deviations: give one each."
        )
    if not all(each > 0.0 for each in given.deviations) or not given.weight > 0.0:
        raise InputError(f"deviations={given.deviations}, weight={given.weight}: all must be > 0.")
