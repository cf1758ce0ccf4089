"""Weights that depend on the training step, for objectives that take a number or one of these."""

import math

import keras
from keras import ops

from zoo.errors import InputError


class Schedule:
    """Abstract: a weight by the training step, a scalar tensor.

    - `smallest`: the least it ever is. `last_step`: the step from which it stays. `final`: where.
    """

    smallest = None
    last_step = None
    final = None

    def __call__(self, step):
        raise NotImplementedError


@keras.saving.register_keras_serializable(package="zoo.schedules")
class Linear(Schedule):
    """From `start` to `end` over `steps` steps, then constant (Bowman et al. 2016, section 3.1).

    Args:
        start, end: the weight at step 0 and from `steps` on.
        steps: >= 1.
    """

    def __init__(self, start, end, steps):
        require_at_least("steps", steps, 1)
        for name, value in (("start", start), ("end", end)):
            if not math.isfinite(value):
                raise InputError(f"{name}={value!r}: a weight is a finite number.")
        self.start, self.end, self.steps = start, end, steps

    def __call__(self, step):
        share = ops.clip(ops.cast(step, "float32") / self.steps, 0.0, 1.0)
        return self.start + (self.end - self.start) * share

    @property
    def smallest(self):
        return min(self.start, self.end)

    @property
    def last_step(self):
        return self.steps

    @property
    def final(self):
        return self.end

    def __repr__(self):
        return f"Linear({self.start} to {self.end} in {self.steps:,} steps)"

    def get_config(self):
        return {"start": self.start, "end": self.end, "steps": self.steps}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="zoo.schedules")
class Cyclical(Schedule):
    """Rises from 0 to `top` in the first `rise` of each period and stays; after `cycles`, for good.

    Fu et al. 2019, "Cyclical annealing schedule", equation 6, where M is `cycles` and R is `rise`.

    Args:
        period: steps of a cycle, a whole number >= 1.
        cycles: how many, >= 1.
        rise: share of a period that rises, in (0, 1].
        top: the weight after the rise.
    """

    def __init__(self, period, cycles=4, rise=0.5, top=1.0):
        if not (isinstance(period, int) and period >= 1):
            raise InputError(f"period={period!r}: it must be a whole number of steps, 1 or more.")
        require_at_least("cycles", cycles, 1)
        if not 0.0 < rise <= 1.0:
            raise InputError(f"rise={rise!r}: give the share of a period that rises, in (0, 1].")
        require_at_least("top", top, 0.0)
        self.period, self.cycles, self.rise, self.top = period, cycles, rise, top

    def __call__(self, step):
        step = ops.cast(step, "int32")
        # Whole numbers: a quotient of floats may round to the period before at its border.
        within = ops.cast(ops.mod(step, self.period), "float32")
        rising = self.top * ops.minimum(within / (self.rise * self.period), 1.0)
        return ops.where(step >= self.period * self.cycles, self.top, rising)

    smallest = 0.0

    @property
    def last_step(self):
        return self.period * self.cycles

    @property
    def final(self):
        return self.top

    def __repr__(self):
        return f"Cyclical({self.cycles} times 0 to {self.top}, {self.period:,} steps each)"

    def get_config(self):
        return {
            "period": self.period,
            "cycles": self.cycles,
            "rise": self.rise,
            "top": self.top,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def at(weight, step):
    """The value at a step of a schedule, or of a number."""
    return weight(step) if isinstance(weight, Schedule) else weight


def final(weight):
    """Where a schedule ends, or the number itself."""
    return weight.final if isinstance(weight, Schedule) else weight


def last_step(weight):
    """The step from which a weight stays what it is; 0 of a number."""
    return weight.last_step if isinstance(weight, Schedule) else 0


def require_at_least(name, value, least):
    """Refuses a number, or a schedule that reaches one, below `least`."""
    smallest = value.smallest if isinstance(value, Schedule) else value
    if not smallest >= least:
        raise InputError(f"{name}={smallest!r}: it must be {least} or more.")
