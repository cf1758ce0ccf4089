"""What decoders share that give each step from the steps before it: the loop that feeds them back.

Source: Bowman et al. 2016, "Generating sentences from a continuous space", for teachers that are
followed in part only.
"""

import math

import keras
import numpy as np
from keras import layers, ops

from zoo import recurrent_cells
from zoo.errors import InputError


class Autoregressive(keras.Model):
    """Abstract: z, conditions and x -> the raw output of each step, given z and the steps before.

    Called on [z, x] or [z, conditions, x], as is done in training and in scoring, every step sees
    the true steps before it (teacher forcing). `unroll` feeds back its own instead, and `step`
    gives one alone.

    Every implementer has `raw_shape`, `event_shape`, and `ends`: whether the last feature of a step
    is 1 where a sequence has ended, and else 0.
    """

    @property
    def state_sizes(self):
        """Widths of the states that a step hands to the next, which are zeros before the first."""
        raise NotImplementedError

    def stepper(self, inputs):
        """What gives one step, of z or [z, conditions]; all in `recurrent_cells.precision()`.

        Returns:
            (the step before [batch, width], *states) -> (raw output [batch, raw width], states).
            The step before the first is zeros.
        """
        raise NotImplementedError

    def step(self, inputs, last, state):
        """One step: (raw output [batch, *raw_shape[1:]], the next state [batch, n]), float32.

        Args:
            inputs: z [batch, latent], or [z, conditions].
            last: the step before, [batch, *event_shape[1:]]; zeros before the first.
            state: [batch, n], of n = sum(state_sizes); zeros before the first.
        """
        dtype, states, begin = recurrent_cells.precision(), [], 0
        for size in self.state_sizes:
            states.append(ops.cast(state[:, begin : begin + size], dtype))
            begin += size
        last = ops.cast(ops.reshape(last, (-1, math.prod(self.event_shape[1:]))), dtype)
        output, states = self.stepper(inputs)(last, *states)
        output = ops.reshape(ops.cast(output, "float32"), (-1, *self.raw_shape[1:]))
        return output, ops.cast(ops.concatenate(states, axis=1), "float32")

    def unroll(self, inputs, choose, noise=None):
        """The raw output of every step, given what `choose` made of the steps before.

        Args:
            inputs: z [batch, latent], or [z, conditions].
            choose: (output of a step, noise of that step) -> the step, [batch, *event[1:]] each.
            noise: [batch, steps, ...] for `choose`, which otherwise gets None.

        Where `ends`, the steps after a row's end are 0, and it stops once all rows have ended.
        Each step is put where it belongs: a list that grows would be as long as there are steps.

        Returns:
            [batch, *raw_shape], float32, rounded once: see `zoo.recurrent_cells`.
        """
        steps, width = self.event_shape[0], math.prod(self.event_shape[1:])
        step, dtype = self.stepper(inputs), recurrent_cells.precision()
        rows = ops.shape(inputs[0] if isinstance(inputs, list | tuple) else inputs)[0]
        places, given = np.arange(steps, dtype=np.int32)[None, :, None], _of_step(noise, dtype)

        def goes_on(i, made, going, *states):
            return ops.logical_and(i < steps, ops.any(going > 0.5))

        def one(i, made, going, last, *states):
            output, states = step(last, *states)
            last = choose(ops.reshape(output, (-1, *self.raw_shape[1:])), given(i))
            last = ops.cast(ops.reshape(last, (-1, width)), dtype)
            output = ops.cast(output, "float32")
            if self.ends:
                output = output * ops.expand_dims(going, 1)
            output = ops.expand_dims(output, 1)
            made = made + ops.cast(ops.equal(places, i), "float32") * output  # which was 0 there
            if self.ends:
                going = ops.minimum(going, ops.cast(last[:, -1] < 0.5, "float32"))
            return i + 1, made, going, last, *states

        made = ops.zeros((rows, steps, math.prod(self.raw_shape[1:])), "float32")
        states = [ops.zeros((rows, size), dtype) for size in (width, *self.state_sizes)]
        begin = (ops.convert_to_tensor(0, "int32"), made, ops.ones_like(made[:, 0, 0]), *states)
        made = ops.while_loop(goes_on, one, begin)[1]
        return ops.reshape(made, (-1, *self.raw_shape))


@keras.saving.register_keras_serializable(package="zoo.networks")
class AtEachStep(layers.Layer):
    """[batch, width] and [batch, steps, ...] -> [batch, steps, width]: the same at each step."""

    def call(self, same, rows):
        steps = rows.shape[1]
        return ops.repeat(
            ops.expand_dims(same, 1), ops.shape(rows)[1] if steps is None else steps, axis=1
        )

    def compute_output_shape(self, same_shape, rows_shape):
        return (*rows_shape[:2], same_shape[-1])


@keras.saving.register_keras_serializable(package="zoo.networks")
class Before(layers.Layer):
    """[batch, steps, width] -> the same, one step later: zeros first, the last step gone."""

    def call(self, rows):
        return ops.concatenate([ops.zeros_like(rows[:, :1]), rows[:, :-1]], axis=1)


def require_teacher(dropout):
    """Raises unless the share of steps that training hides leaves some."""
    if not 0.0 <= dropout < 1.0:
        raise InputError(f"teacher_dropout={dropout}: give a share of the steps from 0 to below 1.")


def _of_step(noise, dtype):
    """i -> the noise of step i, [batch, ...], of [batch, steps, ...]; None of None."""
    if noise is None:
        return lambda i: None
    noise = ops.cast(noise, dtype)
    return lambda i: ops.take(noise, i, axis=1)
