"""What every likelihood states."""

import math

import keras
from keras import ops

from zoo.artifact.endpoints import BATCH, REAL, Tensor
from zoo.errors import InputError

FASTER = 10.0
"""How many times as fast as other weights a learned scale moves; see `add_log`."""


class Likelihood(keras.layers.Layer):
    """Abstract: p(x|z), made of a decoder's raw output. Computed in float32, whatever the policy.

    - `family`: its name. `support`: the smallest and the largest value. `spacing`: where values are
      multiples of a number, that number; None where they are continuous.
    - `levels`: 256 where its nats are of 8-bit values, and can be stated as bits per dimension.
    - `draws_generated`: whether `generate` answers draws from p(x|z), where a mean is no example.
    - `covariates`: names of numbers that `outputs` takes beside the raw output, float32 [batch]
      each, such as the size of a library; x itself states them, see `covariates_of`.
    - `columns`: of a table, each a `zoo.artifact.columns.Column`, in its own order.
    - `marks_ends`: whether the last feature that networks are given of a step is 1 where a sequence
      has ended, and else 0.
    - `marks_known`: whether the second half of the features that networks are given of a step says
      which of those in the first half are known, 1, or missing, 0, as those then are themselves.
    - `token_count`: how many tokens there are, where each step is one of them; None elsewhere.
    - `offsets`: how many of the first features that networks are given say how far a step goes from
      the one before.
    - `network_value`: what a value of `network_input` is, in words, where it has the shape of the
      event and squared differences say how far examples lie apart; None where they do not, since
      some values are codes of words, or are missing.
    - `network_affine`: whether `network_input` of a mean is the mean of `network_input`.
    - `mean_kind`: how exact `mean` must be, one of `zoo.artifact.endpoints.TOLERANCES`.
    """

    family = None
    support = (-float("inf"), float("inf"))
    spacing = None
    levels = None
    draws_generated = False
    covariates = ()
    columns = ()
    marks_ends = False
    marks_known = False
    token_count = None
    offsets = 0
    mean_kind = REAL
    network_value = "value"
    network_affine = True

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    # --- what lies on either side of the networks ----------------------------------------------

    def example(self, event_shape):
        """The contract's tensors of an example that is given: of one, `x`, unless said otherwise.

        Whatever they are, x within the model is one float32 [batch, *event], made by `join`.
        """
        return (Tensor("x", "float32", (BATCH, *event_shape)),)

    def join(self, given):
        """x [batch, *event] of the tensors of `example`, {name: tensor}."""
        return given["x"]

    def split(self, x):
        """The tensors of `example` of an array x [batch, *event]: {name: array}; `join` undone."""
        return {"x": x}

    def possible(self, x):
        """1 for each row of x [batch, *event] that can be, else 0: int32 [batch]; None: all can."""
        return None

    def impossible(self, x):
        """(place, what is wrong with it and what is wanted) of the first row that cannot be.

        None where all of x [batch, *event] are `possible`.
        """
        return None

    def network_shape(self, event_shape):
        """The shape of what the networks take of an event: that of `network_input`."""
        return tuple(event_shape)

    def event_shape(self, network_shape):
        """The shape of the event of which the networks take that shape: `network_shape` undone."""
        return tuple(network_shape)

    def network_input(self, x):
        """What the networks take of x [batch, *event], as they like it: standardised, say."""
        return x

    def raw_shape(self, event_shape):
        """The shape of the raw output that a decoder must give of an event, without the batch."""
        return tuple(event_shape)

    def covariates_of(self, x):
        """The `covariates` that x [batch, *event] states: {name: [batch]}."""
        return {}

    def steps_needed(self, x):
        """Steps of each row of x [n, steps, ...], an array, that say something: int64 [n].

        Networks that `marks_ends` can be given so few of them in training. None: all say something.
        """
        return None

    def nats_are(self, binary):
        """What the nats are of, given whether the data was binarized."""
        raise NotImplementedError

    def log_prob(self, x, output, weight=None):
        """[batch, *event] and the raw output -> [batch], nats; each counted `weight` times."""
        raise NotImplementedError

    def mean(self, output):
        """The expected value: [batch, *event]."""
        raise NotImplementedError

    def outputs(self, output, weight=None):
        """What `decode` answers of the raw output: {name: tensor}, as `tensors` lists them.

        `weight` is 0 where there is nothing to answer, past a sequence's end. A likelihood that
        names `covariates` takes their values after it, [batch] each.
        """
        mean = self.mean(output)
        return {"x_mean": mean if weight is None else mean * weight}

    def tensors(self, event_shape):
        """The contract's tensors of `outputs`: a tuple of `zoo.artifact.endpoints.Tensor`."""
        return (Tensor("x_mean", "float32", (BATCH, *event_shape), self.mean_kind),)

    def independent(self, values):
        """Laws of each value by itself in the same family, `zoo.likelihoods.independent.Law`s.

        Of flattened events of so many values. Where there are several, data decides; () where none
        is known: a model is then compared with none.
        """
        return ()

    def scores(self, x, output):
        """What `score` says of x besides its nats: {name: tensor}, as `score_tensors` lists them.

        Of each row of x and of the raw output; averaged over the draws of an example.
        """
        return {}

    def score_tensors(self, event_shape):
        """The contract's tensors of `scores`."""
        return ()

    # --- draws: where `generate` answers them, and of decoders that feed back what they choose --

    def drawn_tensors(self, event_shape):
        """The contract's tensors of `drawn`."""
        return self.tensors(event_shape)

    def mode(self, output, noise=None):
        """The likeliest value: [batch, *event]."""
        raise NotImplementedError

    def noise(self, seed, shape, stream):
        """What `sample` takes, from int64 [batch] of seeds: [batch, *shape]."""
        raise NotImplementedError

    def sample(self, output, noise):
        """A value drawn by the noise: [batch, *event]."""
        raise NotImplementedError

    def drawn(self, output, noise, weight=None):
        """What `generate` answers of what the noise drew, or of steps that were fed back.

        {name: tensor}, as `drawn_tensors` lists them; `outputs` where it has nothing to add.
        """
        return self.outputs(output, weight)

    def margin(self, output, noise=None):
        """How little must change for another draw, or another mode: [batch]; None: none jumps."""
        raise NotImplementedError


def stacked(event_shape, count):
    """`raw_shape` of a likelihood with `count` raw outputs a value, side by side."""
    return (*event_shape[:-1], event_shape[-1] * count)


def unstacked(output, count):
    """[batch, ..., channels * count] -> [batch, ..., channels, count]."""
    *inner, last = output.shape[1:]
    return ops.reshape(output, (-1, *inner, last // count, count))


def add_log(layer, name, start, learned=True, shape=()):
    """A weight of a layer that holds a tenth of log(start), which `log_of` gives back.

    Adam moves any weight by its learning rate at most a step, and the scale of the data may lie
    several powers of ten from where it begins: so its logarithm moves `FASTER` times as fast as the
    networks' weights do.
    """
    start = keras.initializers.Constant(math.log(start) / FASTER)
    return layer.add_weight(name=f"{name}_tenth", shape=shape, initializer=start, trainable=learned)


def log_of(weight, low, high, dtype="float32"):
    """The logarithm that a weight of `add_log` holds, within bounds.

    Its gradient is as if there were none, so that what has left them comes back.
    """
    value = ops.cast(FASTER * weight, dtype)
    return value + ops.stop_gradient(ops.clip(value, low, high) - value)


def smallest(gap):
    """The smallest value of each event: [batch, *event] -> [batch]."""
    return ops.min(gap, axis=tuple(range(1, len(gap.shape))))


def require_positive(what, **values):
    """Raises InputError where one of the values, by name, is given and not > 0."""
    for name, value in values.items():
        if value is not None and not value > 0.0:
            raise InputError(f"{name}={value!r}: a {what} must be > 0.")
