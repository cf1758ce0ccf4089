"""Exponential moving averages of the weights: what validation measures, what is kept and exported.

Of trainable weights; codebooks, steps of schedules and random generators are as they are.
"""

import contextlib

import keras
from keras import ops

from zoo.training.checkpoint import snapshot


def share(decay, steps):
    """1 - d of `average = d * average + (1 - d) * weight`: what the newest weight has of it.

    d is the smaller of `decay` and (1 + steps) / (10 + steps), as in
    `tf.train.ExponentialMovingAverage(decay, num_updates=steps)`: the average of a short training
    is one of its later weights, and not of those that it began with.

    Args:
        decay: d in the long run, below 1.
        steps: taken before this one, an integer tensor.
    """
    return ops.maximum(1.0 - decay, 9.0 / (10.0 + ops.cast(steps, "float32")))


def kept(model):
    """What is exported: of each weight of the model its average, or it itself where it has none."""
    chosen = {id(weight): average for weight, average in _pairs(model)}
    return snapshot([chosen.get(id(weight), weight) for weight in model.weights])


@contextlib.contextmanager
def in_place(model):
    """Within the block, the model's weights are their averages.

    After it, and after an interruption of it, they are bit for bit what they were.
    """
    pairs = _pairs(model)
    weights = [weight for weight, _ in pairs]
    before = snapshot(weights)
    try:
        _assign(weights, snapshot([average for _, average in pairs]))
        yield
    finally:
        _assign(weights, before)


class InValidation(keras.callbacks.Callback):
    """Has the validation split measured with the averages in the place of the weights.

    Itself a context, at whose end the weights are put back where a validation was interrupted.
    """

    def __init__(self):
        super().__init__()
        self.averaged = contextlib.ExitStack()

    def on_test_begin(self, logs=None):
        self.averaged.enter_context(in_place(self.model))

    def on_test_end(self, logs=None):
        self.averaged.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.averaged.close()


def _pairs(model):
    """[(weight, its average)]; [] where there are none."""
    averages = model.optimizer.averages
    return list(zip(model.trainable_variables, averages, strict=True)) if averages else []


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
