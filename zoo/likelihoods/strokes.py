"""Strokes of a pen: where it goes next, whether it is lifted then, and where a drawing ends."""

import math

import keras
import numpy as np
from keras import ops

from zoo import noise as seeded
from zoo.artifact.endpoints import BATCH, FEATURE, Tensor
from zoo.distributions import bivariate_normal_mixture as mixture
from zoo.distributions import categorical
from zoo.errors import InputError
from zoo.likelihoods import independent_strokes
from zoo.likelihoods.base import Likelihood, require_positive, smallest

DOWN, LIFTED, END = 0, 1, 2
"""Pen states of a step: it draws on, is lifted after this step, or the drawing ended before it."""

STATES = 3
FINEST, WIDEST = 0.02, 1e3


@keras.saving.register_keras_serializable(package="zoo.likelihoods")
class Strokes(Likelihood):
    """Drawings x [batch, steps, (dx, dy, pen)]: offsets from point to point, and the pen's state.

    dx and dy have a mixture of bivariate normals, in units of `scale`, one for both, so that a
    drawing keeps its shape; the pen one of three probabilities, independent of them given the
    steps before (Ha & Eck 2018, "A neural representation of sketch drawings", section 3.2). The
    first step whose pen is 2 ends a drawing. It says so and nothing else, and the steps after it
    say nothing: log p(x) is one of drawings of any length, in the units of dx and dy.

    Components are no narrower than `FINEST` of the scale: on values that lie on a grid, as whole
    numbers do, a density would otherwise be worth any number of nats. None is wider than `WIDEST`.

    Args:
        components: K >= 1 of the mixture.
        scale: of dx and dy, > 0, in their unit.
    """

    family = "strokes"
    marks_ends = True
    offsets = 2
    mean_kind = FEATURE
    network_value = None

    def __init__(self, components=10, scale=1.0, **kwargs):
        super().__init__(**kwargs)
        require_positive("scale", scale=scale)
        if not isinstance(components, int) or components < 1:
            raise InputError(f"components={components!r}: give a whole number, 1 or more.")
        self.components = components
        self.scale = float(scale)

    def network_shape(self, event_shape):
        """[steps, 5]: dx, dy, and a 1 at the pen's state."""
        if len(event_shape) != 2 or event_shape[-1] != 3:
            raise InputError(
                "The strokes likelihood describes drawings [steps, (dx, dy, pen)]; this data has "
                f"events of shape {list(event_shape)}. Take another likelihood."
            )
        return (event_shape[0], 2 + STATES)

    def event_shape(self, network_shape):
        """[steps, 3]."""
        return (network_shape[0], 3)

    def network_input(self, x):
        """[..., 3] -> [..., 5]."""
        states = np.arange(STATES, dtype=keras.backend.standardize_dtype(x.dtype))
        state = ops.cast(ops.abs(x[..., 2:] - states) < 0.5, x.dtype)
        return ops.concatenate([x[..., :2] / self.scale, state], axis=-1)

    def raw_shape(self, event_shape):
        """Six numbers a component and three of the pen, at each step."""
        self.network_shape(event_shape)
        return (event_shape[0], 6 * self.components + STATES)

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        return "a density of offsets, which depends on their unit, and of pen states"

    def log_prob(self, x, output, weight=None):
        """[batch, steps, 3] and the raw output -> [batch], nats; each step counted `weight` times.

        What `weight` [batch, steps, ...] says of dx counts for its step.
        """
        parameters, pen_logits = self._parameters(output)
        return self.log_prob_of(x, parameters, ops.log_softmax(pen_logits, axis=-1), weight)

    def log_prob_of(self, x, parameters, pen_log_p, weight=None):
        """The same of the mixture's parameters by name, in units of `scale`, and of log P(pen)."""
        x = ops.convert_to_tensor(x)
        ended = _is_end(x)
        offsets = mixture.log_prob(x[..., :2] / self.scale, **parameters)
        offsets = (offsets - 2.0 * math.log(self.scale)) * (1.0 - ended)
        chosen = ops.abs(x[..., 2:] - categorical.numbers(pen_log_p)) < 0.5
        pen = ops.sum(ops.where(chosen, pen_log_p, 0.0), axis=-1)
        nats = (offsets + pen) * _goes_on(ended)
        return ops.sum(nats if weight is None else nats * weight[..., 0], axis=-1)

    def mean(self, output):
        """The expected offset and pen state of each step, given those before: [..., 3]."""
        parameters, pen_logits = self._parameters(output)
        return self._joined(mixture.mean(**parameters), categorical.mean(pen_logits))

    def independent(self, values):
        """Laws of each step by itself: one normal distribution of the offsets, or a mixture."""
        return independent_strokes.laws(self, values // 3, FINEST)

    def mode(self, output, noise=None):
        """The mean of the heaviest component, and the likeliest pen state: [..., 3]."""
        parameters, pen_logits = self._parameters(output)
        return self._joined(mixture.mode(**parameters), categorical.mode(pen_logits))

    def noise(self, seed, shape, stream):
        """What `sample` takes, from int64 [batch] of seeds: [batch, steps, 4]."""
        steps = shape[0]
        drawn = seeded.draw((("uniform", 2 * steps), ("normal", 2 * steps)), seed, stream)
        halves = (ops.reshape(each, (-1, steps, 2)) for each in ops.split(drawn, 2, axis=-1))
        return ops.concatenate(list(halves), axis=-1)

    def sample(self, output, noise):
        """A step drawn by the noise [..., 4]: [..., 3]."""
        parameters, pen_logits = self._parameters(output)
        point = mixture.sample(**parameters, chosen=noise[..., 0], drawn=noise[..., 2:])
        return self._joined(point, categorical.sample(pen_logits, noise[..., 1]))

    def margin(self, output, noise=None):
        """How little a probability must change for another component or pen state: [batch]."""
        parameters, pen_logits = self._parameters(output)
        chosen, pen = (None, None) if noise is None else (noise[..., 0], noise[..., 1])
        drawn = self.mode(output) if noise is None else self.sample(output, noise)
        ended = _is_end(drawn)
        gap = categorical.gap(pen_logits, pen)
        if self.components > 1:
            of_component = categorical.gap(parameters["logits"], chosen)
            gap = ops.minimum(gap, ops.where(ended > 0.5, 1.0, of_component))
        return smallest(ops.where(_goes_on(ended) > 0.5, gap, 1.0))

    def outputs(self, output, weight=None):
        """`x_mean`, and `strokes`: the likeliest steps, which a decoder was fed back."""
        return self._drawing(output, self.mode(output))

    def drawn(self, output, noise, weight=None):
        """The same, where `strokes` are the steps that the noise draws."""
        return self._drawing(output, self.sample(output, noise))

    def tensors(self, event_shape):
        """Both [batch, steps, (dx, dy, pen)]; past the end of `strokes` 0, 0, 2."""
        shape = (BATCH, *event_shape)
        return tuple(Tensor(name, "float32", shape, FEATURE) for name in ("x_mean", "strokes"))

    def _drawing(self, output, steps):
        ended = _is_end(steps)
        inside = ops.expand_dims(_goes_on(ended) * (1.0 - ended), -1)
        past = (1.0 - inside) * np.asarray([0.0, 0.0, END], np.float32)
        of_each = {"x_mean": self.mean(output), "strokes": steps}
        return {name: value * inside + past for name, value in of_each.items()}

    def _joined(self, point, pen):
        return ops.concatenate([point * self.scale, ops.expand_dims(pen, -1)], axis=-1)

    def _parameters(self, output):
        """(the mixture's parameters by name, logits of the pen [..., 3]) of the raw output."""
        k = self.components
        low = math.log(FINEST)
        scales = [output[..., i * k : (i + 1) * k] for i in (3, 4)]
        log_scale = low + ops.softplus(ops.stack(scales, axis=-1) - low)
        too_much = ops.stop_gradient(ops.maximum(log_scale - math.log(WIDEST), 0.0))
        return {
            "logits": output[..., :k],
            "mean": ops.stack([output[..., k : 2 * k], output[..., 2 * k : 3 * k]], axis=-1),
            "log_scale": log_scale - too_much,
            "below": output[..., 5 * k : 6 * k],
        }, output[..., 6 * k :]

    def get_config(self):
        own = {"components": self.components, "scale": self.scale}
        return {**super().get_config(), **own}


def _is_end(x):
    """1 at the steps whose pen says that the drawing ended before them: [..., 3] -> [...]."""
    return ops.cast(x[..., 2] > 0.5 * (LIFTED + END), x.dtype)


def _goes_on(ended):
    """1 up to the first step that is an end, that step too: [batch, steps] -> the same."""
    return ops.cast(ops.cumsum(ended, axis=-1) - ended < 0.5, ended.dtype)
