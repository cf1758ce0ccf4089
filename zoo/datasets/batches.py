"""Batches of a split for Keras, each a pure function of seeds.

A training batch depends on (seed, step) alone, so that a run which was killed and resumed sees
what an uninterrupted one would have seen.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from zoo.datasets import augmentation, draws, resident
from zoo.datasets.binarization import BinarizedSplit
from zoo.datasets.by_length import ByLength, Pass

_ORDER = 0  # streams that must not meet, nor `binarization`'s, which are 2 to 4
_AUGMENT = 5
_WIDTHS = 6


class TrainingBatches(keras.utils.PyDataset):
    """Shuffled training batches (x,) or ((x, *conditions),), pure functions of (seed, step).

    An epoch is one pass over the split, or `steps_per_epoch` steps where that is given. Set
    `epoch` before iterating. What is left over at the end of a pass is dropped from that pass.

    `augment` holds "flip", "shift" or both (`zoo.datasets.augmentation`), drawn anew at each visit
    of an image, before it is binarized; what is binarized once moves as it was drawn.

    x is float32 [batch, *event], or once there is a `feed` {"rows": int32 [batch, ...]}, of which
    it makes the same bits on the device.

    Where `needed`, int64 [n], says how many of its steps each example needs, batches are of about
    the same length, see `zoo.datasets.by_length`, and x is float32 [batch, fewer steps, ...].
    """

    def __init__(
        self,
        data: BinarizedSplit,
        batch_size: int,
        seed: int,
        steps_per_epoch: int | None = None,
        conditions: Sequence[str] = (),
        augment: Sequence[str] = (),
        needed: np.ndarray | None = None,
    ):
        super().__init__()
        augmentation.require(augment, data.schema)
        self.data = data
        self.augment = tuple(augment)
        self.batch_size = min(batch_size, len(data))
        self.seed = seed
        self.steps_per_pass = len(data) // self.batch_size
        self.steps_per_epoch = steps_per_epoch or self.steps_per_pass
        self.epoch = 0
        self.conditions = [data.condition(name) for name in conditions]
        self.by_length = None if needed is None else ByLength(needed, self.batch_size)
        self._pass: tuple[int, np.ndarray | Pass] | None = None
        self.feed: resident.Resident | None = None

    @property
    def fits_device(self) -> bool:
        """Whether the examples can lie on the device: see `resident.fits`."""
        return self.by_length is None and resident.fits(self.data)

    def stay_on_device(self) -> "resident.Resident | None":
        """Puts the examples onto the device, where they are in memory and fit; gives the `feed`."""
        values = resident.values_of(self.data) if self.fits_device else None
        if values is not None:
            drawn_once = self.data.binarization != "dynamic"
            scaled = self.data.binarization == "none" and values.dtype == np.uint8
            self.feed = resident.Resident(
                values, scaled, self.augment, None if drawn_once else self.seed
            )
        return self.feed

    def __len__(self) -> int:
        return self.steps_per_epoch

    def __getitem__(self, step: int) -> tuple[Any]:
        step += self.epoch * self.steps_per_epoch
        rows = self.rows(step)
        x: Any = self._made(rows) if self.feed is None else {"rows": rows}
        return (_model_inputs(x, *(values[rows[:, 0]] for values in self.conditions)),)

    def indices(self, step: int) -> np.ndarray:
        """Which examples the batch of a global step holds, in order."""
        which_pass, place = divmod(step, self.steps_per_pass)
        walked = self._walked(which_pass)
        if isinstance(walked, Pass):
            return walked.rows[place]
        return np.sort(walked[place * self.batch_size : (place + 1) * self.batch_size])

    def width(self, step: int) -> int | None:
        """Steps that the batch of a global step is cut to; None: it has all."""
        which_pass, place = divmod(step, self.steps_per_pass)
        walked = self._walked(which_pass)
        return int(walked.widths[place]) if isinstance(walked, Pass) else None

    def rows(self, step: int) -> np.ndarray:
        """What a batch is made of: int32 [batch, 2], each example's place and the step.

        Where there are augmentations, [batch, 5], with what `augmentation.moves` drew.
        """
        indices = self.indices(step)
        columns = [np.stack([indices, np.full_like(indices, step)], axis=1)]
        if self.augment:
            generator = np.random.default_rng([self.seed, _AUGMENT, step])
            shape = len(indices), *self.data.schema.shape
            columns.append(augmentation.moves(shape, self.augment, generator))
        return np.concatenate(columns, axis=1).astype(np.int32)

    def at(self, step: int) -> np.ndarray:
        """The batch of a global step, counted from 0 over all epochs: float32 [batch, *event]."""
        return self._made(self.rows(step))

    def _made(self, rows: np.ndarray) -> np.ndarray:
        drawn_once = self.data.binarization != "dynamic"
        x = (self.data.examples if drawn_once else self.data.split.batch)(rows[:, 0])
        if self.augment:
            x = augmentation.moved(x, rows[:, 2:])
        if (width := self.width(int(rows[0, 1]))) is not None:
            x = x[:, :width]
        return x if drawn_once else draws.ones(x, self.seed, rows).astype(np.float32)

    def _walked(self, which_pass: int) -> np.ndarray | Pass:
        """The order of a pass, or its batches where they are by length."""
        if self._pass is None or self._pass[0] != which_pass:
            generator = np.random.default_rng([self.seed, _ORDER, which_pass])
            order = generator.permutation(len(self.data))
            if self.by_length is None:
                self._pass = (which_pass, order)
            else:
                generator = np.random.default_rng([self.seed, _WIDTHS, which_pass])
                self._pass = (which_pass, self.by_length.batches(order, generator))
        return self._pass[1]


class EvaluationBatches(keras.utils.PyDataset):
    """Every example of a split in order, as (x, x) or ((x, *conditions), x); drawn once."""

    def __init__(self, data: BinarizedSplit, batch_size: int, conditions: Sequence[str] = ()):
        super().__init__()
        self.data = data
        self.batch_size = batch_size
        self.conditions = tuple(conditions)

    def __len__(self) -> int:
        return -(-len(self.data) // self.batch_size)

    def __getitem__(self, step: int) -> tuple[Any, np.ndarray]:
        stop = min(len(self.data), (step + 1) * self.batch_size)
        indices = np.arange(step * self.batch_size, stop)
        x, *condition = self.data.inputs(indices, self.conditions)
        return _model_inputs(x, *condition), x


def _model_inputs(x: Any, *condition: np.ndarray) -> Any:
    """x, or x and its conditions as a model takes them."""
    return (x, *condition) if condition else x
