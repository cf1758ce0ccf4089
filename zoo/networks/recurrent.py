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
from zoo.networks.autoregressive import AtEachStep, Autoregressive, Before, require_teacher
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
class AutoregressiveDecoder(Autoregressive):
    """z, conditions and x -> the raw output of each step: a recurrent layer over the steps before.

    Called on [z, x] or [z, length, x]; final.

    Args:
        raw_shape, latent, units, cell, lengths: as in `decoder`.
        ends: as in `encoder`.
        offsets: as in `encoder`; where the steps before have arrived, every step is given.
        event_shape: of x; the raw output's unless given.
        teacher_dropout: share of x's steps that training hides, so that z has something to say.
        context: widths of the dense layers through which every step is told of z, or the width of
            one; `units` unless given. The last costs at every step, those before it once a
            sequence.
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
        require_teacher(teacher_dropout)
        steps, width = _rows(event_shape)
        z, length = keras.Input((latent,), name="z"), _length(lengths)
        x = _steps_input(event_shape, ends)
        context = _widths(units if context is None else context)
        h = _with_length(z, length, steps)
        for number, each in enumerate(context):
            name = "dense" if not number else f"dense_{number}"
            h = layers.Dense(each, activation="tanh", name=name)(h)
        recurrent = _recurrent(cell, units, return_sequences=True)
        output = layers.Dense(_rows(raw_shape)[1], dtype="float32", name="output")
        rows = x if ends else layers.Reshape((steps, width), name="rows")(x)
        seen = Before(name="before")(rows)
        places = [Places(offsets, name="places")(seen)] if offsets else []
        seen = layers.Dropout(teacher_dropout, (None, None, 1), name="teacher")(seen)
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

    @property
    def context_layers(self):
        """The dense layers through which every step is told of z, in their order."""
        names = ["dense", *(f"dense_{number}" for number in range(1, len(self.context)))]
        return [self.get_layer(name) for name in names]

    @property
    def state_sizes(self):
        """Where the steps before have arrived, where that is told, and the cell's own."""
        own = self.get_layer("recurrent").cell.state_size
        own = own if isinstance(own, list | tuple) else [own]
        return (*([self.offsets] if self.offsets else []), *own)

    def stepper(self, inputs):
        z, *length = inputs if isinstance(inputs, list | tuple) else (inputs,)
        context = _with_length(z, *length or [None], self.event_shape[0])
        for layer in self.context_layers:
            context = recurrent_cells.dense(layer)(context)
        cell = recurrent_cells.step(self.get_layer("recurrent").cell, context)
        output = recurrent_cells.dense(self.get_layer("output"))

        def placed(last, place, *states):
            place = place + last[:, : self.offsets]
            states = cell(ops.concatenate([last, place], axis=1), *states)
            return output(states[0]), (place, *states)

        def plain(last, *states):
            states = cell(last, *states)
            return output(states[0]), states

        return placed if self.offsets else plain

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

    Written as `StepMask` of that number, which exporters know for one of lengths by its constant.
    """

    def call(self, rows):
        steps = rows.shape[1]
        if isinstance(steps, int):
            counted = np.arange(steps, dtype=np.int32)[None]
        else:  # not known, or to JAX a symbol
            counted = ops.expand_dims(ops.arange(ops.shape(rows)[1], dtype="int32"), 0)
        before = ops.sum(ops.cast(rows[..., -1] < 0.5, "int32"), axis=1, keepdims=True)
        return ops.less(counted, before)


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


def _widths(context):
    """The widths of one or more dense layers."""
    widths = tuple(context) if isinstance(context, list | tuple) else (context,)
    if not widths or not all(isinstance(each, int) and each > 0 for each in widths):
        raise InputError(
            f"context={context}: give the width of each dense layer, 1 or more; one layer or more."
        )
    return widths


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
