"""How to train: the numbers that `fit` takes, and what they may be."""

import math
from dataclasses import dataclass

from zoo.errors import InputError

CLIP_NORM = 1000.0  # see docs/training.md


@dataclass(frozen=True)
class Settings:
    """How to train; two runs with equal settings, data and model end with equal weights.

    `epochs`, `batch_size`, `warmup_steps`, `validation_share` and `patience` that are None are
    settled by `plan`. `clip_norm` is the largest norm of a step's gradient, over all weights
    together; a longer one is shortened to it, 0 shortens none. A step whose gradient is longer than
    `skip_norm` before that, or no number, is not taken at all; 0 takes all. `ema` is the decay a
    step of exponential moving averages of the weights, which are then what is validated, kept and
    exported; 0 keeps none. `augment` holds "flip", "shift" or both, of images; training examples
    alone are augmented. `devices` are those, of all processes together, that each batch is cut
    among: see `zoo.training.devices`. `steps_per_execution` are the steps that one program takes,
    on JAX; None is by the device: see `zoo.training.execution`.
    """

    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float = 3e-3
    warmup_steps: int | None = None
    clip_norm: float = CLIP_NORM
    skip_norm: float = 0.0
    ema: float = 0.0
    weight_decay: float = 0.0
    validation_share: float | None = None
    patience: int | None = None
    seed: int = 0
    steps_per_epoch: int | None = None
    compiler: str = "auto"
    augment: tuple[str, ...] = ()
    devices: int = 1
    steps_per_execution: int | None = None

    def __post_init__(self):
        least = {"epochs": 1, "batch_size": 1, "steps_per_epoch": 1, "warmup_steps": 1}
        least |= {"patience": 0, "seed": 0, "devices": 1, "steps_per_execution": 1}
        for name, bound in least.items():
            value = getattr(self, name)
            if value is not None and value < bound:
                raise InputError(f"{name}={value}: it must be {bound} or more.")
        if self.seed >= 2**32:
            raise InputError(f"seed={self.seed}: it must be below 2**32.")
        if not 0.0 <= self.clip_norm < math.inf:
            raise InputError(
                f"clip_norm={self.clip_norm}: give a norm > 0 that gradients are shortened to, or "
                "0, which shortens none."
            )
        if not 0.0 <= self.skip_norm < math.inf:
            raise InputError(
                f"skip_norm={self.skip_norm}: give a norm > 0, above which a gradient's step is "
                "skipped, or 0, which skips none."
            )
        if not 0.0 <= self.ema < 1.0:
            raise InputError(
                f"ema={self.ema}: give the decay of the weights' averages, such as 0.999, below 1, "
                "or 0, which averages none."
            )
        if not self.learning_rate > 0.0:
            raise InputError(f"learning_rate={self.learning_rate}: it must be > 0.")
        if not self.weight_decay >= 0.0:
            raise InputError(f"weight_decay={self.weight_decay}: it must be 0 or more.")
        if self.validation_share is not None and not 0.0 < self.validation_share < 1.0:
            raise InputError(
                f"validation_share={self.validation_share}: give a share of the training data "
                "between 0 and 1; early stopping and the choice of the best weights need it."
            )
        if self.compiler not in ("auto", "graph", "xla"):
            raise InputError(f"compiler={self.compiler!r}: it is auto, graph or xla.")
