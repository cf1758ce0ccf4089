"""The variational mixture of posteriors."""

import keras
import numpy as np
from keras import ops

from zoo.distributions import mixture
from zoo.errors import InputError
from zoo.latents.priors.base import Prior
from zoo.latents.priors.mixture import require_components

EDGE = 0.05
"""Share of the range that pseudo-inputs begun at examples keep from its ends."""


@keras.saving.register_keras_serializable(package="zoo.priors")
class VampPrior(Prior):
    """1/K sum_k q(z|u_k): the posteriors of learned pseudo-inputs (Tomczak & Welling 2018, eq. 9).

    The pseudo-inputs are a sigmoid of weights, stretched to the data's range. Tomczak & Welling cut
    them off at its ends, where a value has no gradient any more and stays for good; a sigmoid has
    one everywhere. Of data without bounds they are the weights themselves. They begin at random
    unless `start_from` is given examples.

    Args:
        components: K >= 1 pseudo-inputs.
        event_shape: of x as the networks are given it.
        bounds: its (lowest, highest) value; None where there are none, as of standardised data.
    """

    family = "VampPrior"
    learns_inputs = True

    def __init__(self, components=50, event_shape=None, bounds=(0.0, 1.0), **kwargs):
        super().__init__(**kwargs)
        self.components = require_components(components)
        if event_shape is None:
            raise InputError("A VampPrior learns pseudo-inputs: give the event_shape of x.")
        self.event_shape = tuple(event_shape)
        self.bounds = None if bounds is None else tuple(bounds)
        if self.bounds is not None and not self.bounds[0] < self.bounds[1]:
            raise InputError(f"bounds={self.bounds}: give (lowest, highest) of the data.")

    def build(self, input_shape=None):
        self.raw = self.add_weight(
            shape=(self.components, *self.event_shape),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="pseudo_inputs",
        )
        self.built = True

    def pseudo_inputs(self):
        """u: [components, *event], within `bounds`."""
        if self.bounds is None:
            return ops.convert_to_tensor(self.raw)
        low, high = self.bounds
        return low + (high - low) * ops.sigmoid(self.raw)

    def start_from(self, x):
        """Lets the first len(x) pseudo-inputs be examples x [n, *event], n <= components.

        But for values within `EDGE` of an end of the range, which are moved that far inside.

        Raises:
            InputError: for examples of another shape, too many of them, or out of bounds.
        """
        x = np.asarray(x, np.float32)
        if x.shape[1:] != self.event_shape or len(x) > self.components:
            raise InputError(
                f"start_from: given {list(x.shape)}, wanted up to {self.components} examples of "
                f"shape {list(self.event_shape)}."
            )
        raw = np.array(ops.convert_to_numpy(self.raw))
        raw[: len(x)] = x if self.bounds is None else self._inverse(x)
        self.raw.assign(raw)

    def _inverse(self, x):
        """The weights of which `pseudo_inputs` makes x, moved inside by `EDGE`."""
        low, high = self.bounds
        if len(x) and not (low <= x.min() and x.max() <= high):
            raise InputError(
                f"start_from: the examples reach from {x.min():g} to {x.max():g}, the "
                f"pseudo-inputs from {low:g} to {high:g}: give VampPrior the bounds of the data."
            )
        share = np.clip((x - low) / (high - low), EDGE, 1.0 - EDGE)
        return np.log(share) - np.log1p(-share)

    def noise_kinds(self, latent):
        return (("uniform", 1), ("normal", latent))

    def log_prob(self, z, pseudo=None):
        return mixture.log_prob(z, ops.zeros(self.components), **pseudo)

    def sample(self, noise, pseudo=None):
        chosen = mixture.choose_evenly(self.components, noise[:, 0])
        return mixture.sample(chosen, **pseudo, noise=noise[:, 1:])

    def get_config(self):
        names = ("components", "event_shape", "bounds")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
