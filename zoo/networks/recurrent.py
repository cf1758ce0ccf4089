"""Recurrent encoder and decoders (LSTM or GRU): over sequences, or images read row by row.

Events are [steps, features], or [height, width, channels], whose rows are the steps. Sequences may
end before their last step: the networks then take an int32 `length` [batch] besides, of which the
steps from there on are padding.

Sources: Hochreiter & Schmidhuber 1997 (LSTM), Cho et al. 2014 (GRU); Bowman et al. 2016,
"Generating sentences from a continuous space", for recurrent VAEs and for teachers that are
followed in part only.
"""

import math

import keras
import numpy as np
from keras import layers, ops

from zoo import recurrent_cells
from zoo.errors import InputError
from zoo.networks.output_layers import normal_posterior

CELLS = {"lstm": layers.LSTM, "gru": layers.GRU}


def encoder(
    event_shape,
    latent,
    units=128,
    cell="gru",
    bidirectional=False,
    lengths=False,
    ends=False,
    offsets=0,
    head=normal_posterior,
):
    """[batch, *event], and `length` -> what `head` makes of the last state, each [batch, latent].

    Args:
        units: width of the recurrent layer, of each direction.
        cell: "lstm" or "gru".
        bidirectional: whether a second layer reads the steps backwards.
        lengths: whether it takes the `length` of each sequence, whose padding it does not read.
        ends: whether the last feature of a step is 1 where a sequence has ended, and else 0: it
            then reads as far as that.
        offsets: how many of the first features say how far a step goes: it reads where each step
            arrives, too, which is their sum.
    """
    _check(event_shape, latent, units, cell)
    x, length = _steps_input(event_shape, ends), _length(lengths)
    read = _recurrent(cell, units)
    if bidirectional:
        read = layers.Bidirectional(read, name="bidirectional")
    mask = None
    if ends:
        mask = BeforeEnd(name="mask")(x)
    elif lengths:
        mask = StepMask(event_shape[0], name="mask")(length)
    rows = x if ends else layers.Reshape(_rows(event_shape), name="rows")(x)
    if offsets:
        rows = layers.Concatenate(name="with_places")([rows, Places(offsets, name="places")(rows)])
    h = read(rows, mask=mask)
    return keras.Model([x, length] if lengths else x, head(h, latent), name="encoder")


def decoder(raw_shape, latent, units=128, cell="gru", lengths=False):
    """[batch, latent], and `length` -> the likelihood's raw output, [batch, *raw_shape].

    Every step is given the same of z; which step it is, the recurrent layer's state knows.
    """
    _check(raw_shape, latent, units, cell)
    steps, width = _rows(raw_shape)
    z, length = keras.Input((latent,), name="z"), _length(lengths)
    h = _with_length(z, length, steps)
    h = layers.Dense(units, activation="tanh", name="dense")(h)
    h = layers.RepeatVector(steps, name="repeat")(h)
    h = _recurrent(cell, units, return_sequences=True)(h)
    output = layers.Dense(width, dtype="float32", name="output")(h)
    output = layers.Reshape(raw_shape, dtype="float32", name="event")(output)
    return keras.Model([z, length] if lengths else z, output, name="decoder")


@keras.saving.register_keras_serializable(package="zoo.networks")
class AutoregressiveDecoder(keras.Model):
    """z, conditions and x -> the raw output of each step, given z and the steps of x before it.

    Called on [z, x] or [z, length, x], as is done in training and in scoring, every step sees the
    true steps before it (teacher forcing). `unroll` feeds back its own instead.

    Args:
        raw_shape, latent, units, cell, lengths: as in `decoder`.
        ends: as in `encoder`.
        offsets: as in `encoder`; where the steps before have arrived, every step is given.
        event_shape: of x; the raw output's unless given.
        teacher_dropout: share of x's steps that training hides, so that z has something to say.
        context: width of the dense layer through which every step is told of z; `units` unless
            given. What it costs it costs at every step.
    """

    def __init__(
        self,
        raw_shape,
        latent,
        units=128,
        cell="gru",
        lengths=False,
        teacher_dropout=0.0,
        event_shape=None,
        offsets=0,
        context=None,
        ends=False,
        name="decoder",
        **kwargs,
    ):
        raw_shape = tuple(raw_shape)
        event_shape = tuple(event_shape or raw_shape)
        _check(event_shape, latent, units, cell)
        if not 0.0 <= teacher_dropout < 1.0:
            raise InputError(
                f"teacher_dropout={teacher_dropout}: give a share of the steps from 0 to below 1."
            )
        steps, width = _rows(event_shape)
        z, length = keras.Input((latent,), name="z"), _length(lengths)
        x = _steps_input(event_shape, ends)
        context = units if context is None else context
        if not isinstance(context, int) or context < 1:
            raise InputError(f"context={context}: give the dense layer's width, 1 or more.")
        dense = layers.Dense(context, activation="tanh", name="dense")
        recurrent = _recurrent(cell, units, return_sequences=True)
        output = layers.Dense(_rows(raw_shape)[1], dtype="float32", name="output")
        rows = x if ends else layers.Reshape((steps, width), name="rows")(x)
        seen = Before(name="before")(rows)
        places = [Places(offsets, name="places")(seen)] if offsets else []
        seen = layers.Dropout(teacher_dropout, (None, None, 1), name="teacher")(seen)
        h = dense(_with_length(z, length, steps))
        h = AtEachStep(name="repeat")(h, rows)
        h = output(recurrent(layers.Concatenate(name="with_before")([seen, *places, h])))
        h = h if ends else layers.Reshape(raw_shape, dtype="float32", name="event")(h)
        inputs = [z, length, x] if lengths else [z, x]
        super().__init__(inputs=inputs, outputs=h, name=name, **kwargs)
        self.raw_shape = raw_shape
        self.event_shape = event_shape
        self.latent = latent
        self.units = units
        self.cell = cell
        self.lengths = lengths
        self.teacher_dropout = teacher_dropout
        self.offsets = offsets
        self.context = context
        self.ends = ends

    def unroll(self, inputs, choose, noise=None):
        """The raw output of every step, given what `choose` made of the steps before.

        Args:
            inputs: z [batch, latent], or [z, length].
            choose: (output of a step, noise of that step) -> the step, [batch, *event[1:]] each.
            noise: [batch, steps, ...] for `choose`, which otherwise gets None.

        Where `ends`, it stops once all rows have chosen an end; the steps from there on are 0.

        Returns:
            [batch, *raw_shape], float32, rounded once: see `zoo.recurrent_cells`.
        """
        steps, _ = _rows(self.event_shape)
        z, *length = inputs if isinstance(inputs, list | tuple) else (inputs,)
        context = recurrent_cells.dense(self.get_layer("dense"))(
            _with_length(z, *length or [None], steps)
        )
        cell = _FedBack(
            self.get_layer("recurrent").cell,
            self.get_layer("output"),
            context,
            choose,
            self.event_shape[1:],
            self.raw_shape[1:],
            None if noise is None else tuple(noise.shape[2:]),
            self.offsets,
        )
        if noise is not None:
            noise = ops.reshape(noise, (-1, steps, math.prod(noise.shape[2:])))
        return ops.reshape(_unrolled(cell, z, noise, steps, self.ends), (-1, *self.raw_shape))

    def get_config(self):
        names = ("raw_shape", "latent", "units", "cell", "lengths", "teacher_dropout")
        names += ("event_shape", "offsets", "context", "ends", "name")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)


@keras.saving.register_keras_serializable(package="zoo.networks")
class StepMask(layers.Layer):
    """int32 [batch] of lengths -> bool [batch, steps]: True at the steps before the end."""

    def __init__(self, steps, **kwargs):
        super().__init__(**kwargs)
        self.steps = steps

    def call(self, length):
        counted = np.arange(self.steps, dtype=np.int32)[None]
        return ops.less(counted, ops.expand_dims(ops.cast(length, "int32"), 1))

    def get_config(self):
        return {**super().get_config(), "steps": self.steps}


@keras.saving.register_keras_serializable(package="zoo.networks")
class BeforeEnd(layers.Layer):
    """[batch, steps, features] -> bool [batch, steps]: as many True as steps whose last is not 1.

    Written as `StepMask` of that number, which exporters know for one of lengths.
    """

    def call(self, rows):
        steps = rows.shape[1]
        steps = ops.shape(rows)[1] if steps is None else steps
        counted = ops.expand_dims(ops.arange(steps, dtype="int32"), 0)
        before = ops.sum(ops.cast(rows[..., -1] < 0.5, "int32"), axis=1, keepdims=True)
        return ops.less(counted, before)


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
class Places(layers.Layer):
    """[batch, steps, width] -> [batch, steps, offsets]: the sums of the first features so far."""

    def __init__(self, offsets, **kwargs):
        super().__init__(**kwargs)
        self.offsets = offsets

    def call(self, rows):
        return ops.cumsum(rows[..., : self.offsets], axis=1)

    def get_config(self):
        return {**super().get_config(), "offsets": self.offsets}


@keras.saving.register_keras_serializable(package="zoo.networks")
class Before(layers.Layer):
    """[batch, steps, width] -> the same, one step later: zeros first, the last step gone."""

    def call(self, rows):
        return ops.concatenate([ops.zeros_like(rows[:, :1]), rows[:, :-1]], axis=1)


def _unrolled(cell, z, noise, steps, ends):
    """[batch, steps, width] that a `_FedBack` gives step after step, until all rows have ended.

    Each step is put where it belongs: a list that grows would be as long as there are steps.
    """
    rows, places = ops.shape(z)[0], np.arange(steps, dtype=np.int32)[None, :, None]
    made = ops.zeros((rows, steps, cell.output_size), "float32")
    states = [ops.zeros((rows, size), cell.compute_dtype) for size in cell.state_size]

    def goes_on(step, made, going, *states):
        return ops.logical_and(step < steps, ops.any(going > 0.5))

    def one(step, made, going, *states):
        given = None if noise is None else ops.take(noise, step, axis=1)
        output, states = cell(given, states)
        made = ops.where(ops.equal(places, step), ops.expand_dims(output, 1), made)
        if ends:  # of what was chosen; states[0]
            going = ops.minimum(going, ops.cast(states[0][:, -1] < 0.5, "float32"))
        return step + 1, made, going, *states

    begin = (ops.convert_to_tensor(0, "int32"), made, ops.ones_like(made[:, 0, 0]), *states)
    return ops.while_loop(goes_on, one, begin)[1]


class _FedBack:
    """A step that is given noise and its own last step.

    Its states are that step, where it has arrived, and those of the cell within.
    """

    def __init__(self, cell, output, context, choose, step_shape, raw_shape, noise_shape, offsets):
        self.compute_dtype = recurrent_cells.precision()
        self.cell = recurrent_cells.step(cell, context)
        self.output = recurrent_cells.dense(output)
        self.choose = choose
        self.raw_shape = raw_shape
        self.noise_shape = noise_shape
        self.output_size = math.prod(raw_shape)
        self.width = math.prod(step_shape)
        states = cell.state_size if isinstance(cell.state_size, list | tuple) else [cell.state_size]
        self.offsets = offsets
        self.state_size = [self.width, *([offsets] if offsets else []), *states]

    def __call__(self, noise, states):
        last, *inner = states
        place = []
        if self.offsets:
            before, *inner = inner
            place = [before + last[:, : self.offsets]]
        inner = self.cell(ops.concatenate([last, *place], axis=1) if place else last, *inner)
        output = self.output(inner[0])
        given = None
        if self.noise_shape is not None:
            given = ops.reshape(ops.cast(noise, self.compute_dtype), (-1, *self.noise_shape))
        chosen = self.choose(ops.reshape(output, (-1, *self.raw_shape)), given)
        chosen = ops.cast(ops.reshape(chosen, (-1, self.width)), self.compute_dtype)
        return ops.cast(output, "float32"), [chosen, *place, *inner]


def _recurrent(cell, units, **options):
    # cuDNN's operators would run neither in ONNX nor in a SavedModel on a CPU.
    return CELLS[cell](units, use_cudnn=False, name="recurrent", **options)


def _rows(event_shape):
    """(steps, width of a step) of an event."""
    return event_shape[0], math.prod(event_shape[1:])


def _steps_input(event_shape, ends):
    """x; of any number of steps where it says itself where it ends."""
    shape = (None, *event_shape[1:]) if ends else event_shape
    return keras.Input(shape, name="x")


def _length(lengths):
    return keras.Input((), dtype="int32", name="length") if lengths else None


def _with_length(z, length, steps):
    """z, and where sequences have a length of their own its share of all steps: [batch, n]."""
    if length is None:
        return z
    share = ops.expand_dims(ops.cast(length, "float32"), 1) / steps
    return ops.concatenate([z, share], axis=1)


def _check(event_shape, latent, units, cell):
    if latent < 1:
        raise InputError(f"latent={latent}: a latent space has at least 1 axis.")
    if not isinstance(units, int) or units < 1:
        raise InputError(f"units={units}: give the recurrent layer's width, 1 or more.")
    if cell not in CELLS:
        raise InputError(f"cell {cell!r} is unknown; there are {', '.join(CELLS)}.")
    if len(event_shape) not in (2, 3):
        raise InputError(
            "A recurrent network takes sequences [steps, features], or images [height, width, "
            f"channels] row by row; this data has events of shape {tuple(event_shape)}."
        )
