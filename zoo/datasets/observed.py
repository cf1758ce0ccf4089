"""What a model sees of a dataset: order, binarization and batches, each a pure function of seeds.

A training batch depends on (seed, step) alone, so that a run which was killed and resumed sees
what an uninterrupted one would have seen.
"""

import hashlib
from dataclasses import dataclass, fields

import keras
import numpy as np

from zoo.datasets.base import Dataset, Split
from zoo.errors import DatasetError

BINARIZATIONS = ("dynamic", "static", "none")
CONDITIONS = {
    "label": "an .npz with y (or y_train and y_test), a folder with one folder a class, or a "
    "dataset of TensorFlow Datasets with labels",
    "length": "an .npz with length (or length_train and length_test)",
}
_ORDER, _DRAW, _CUT, _TRAIN, _TEST, _VALIDATION = range(6)  # streams that must not meet


def observe(data, binarization="none", seed=0):
    """A dataset whose splits know how they are binarized.

    Args:
        data: a `Dataset`.
        binarization: "dynamic" draws a training image anew at each visit and everything that is
            evaluated once; "static" draws everything once; "none" keeps the values.
        seed: of what is drawn once.
    """
    if binarization not in BINARIZATIONS:
        raise DatasetError(
            f"binarization {binarization!r} is unknown; there are {', '.join(BINARIZATIONS)}."
        )
    facts = {field.name: getattr(data, field.name) for field in fields(Dataset)}
    for name, stream in (("train", _TRAIN), ("test", _TEST)):
        facts[name] = ObservedSplit(facts[name], binarization, seed, stream)
    return Observed(**facts, binarization=binarization, seed=seed)


@dataclass(frozen=True, eq=False)
class ObservedSplit:
    """A split and its binarization."""

    split: Split
    binarization: str
    seed: int
    stream: int

    def __len__(self):
        return len(self.split)

    @property
    def labels(self):
        """int64 [n], or None."""
        return self.split.labels

    @property
    def lengths(self):
        """int64 [n], or None."""
        return self.split.lengths

    def condition(self, name):
        """int32 [n]: what a conditional model takes besides x, `label` or `length`.

        Raises:
            DatasetError: if this data has none.
        """
        values = {"label": self.split.labels, "length": self.split.lengths}.get(name)
        if values is None:
            raise DatasetError(
                f"This data has no {name}, which a model conditional on it takes beside each "
                f"example. Give {CONDITIONS.get(name, 'data that has it')}, or take another model."
            )
        return np.asarray(values).astype(np.int32)

    def inputs(self, indices, conditions=()):
        """What a model takes for these examples: (x, *conditions), see `observe`."""
        return self.observe(indices), *(self.condition(name)[indices] for name in conditions)

    def observe(self, indices):
        """What a model is evaluated on: float32 [k, *event], the same at every call.

        Binarized values are drawn once: the draw for an example depends on its index in the split,
        on which split it is and on the seed, not on the batch around it.
        """
        values = self.split.batch(indices)
        if self.binarization == "none":
            return values
        uniform = np.empty(values.shape, np.float32)
        for row, index in enumerate(np.arange(len(self))[indices]):
            source = np.random.Philox(key=[self.seed, self.stream], counter=[0, 0, 0, index])
            uniform[row] = np.random.Generator(source).random(values.shape[1:], dtype=np.float32)
        return (uniform < values).astype(np.float32)

    def cut(self, share, seed):
        """(training, validation): disjoint parts of this split, drawn with the seed."""
        count = max(1, round(share * len(self)))
        if count >= len(self):
            raise DatasetError(
                f"{len(self)} examples are too few to cut {share:.0%} of them off for "
                "validation: at least 2 are wanted."
            )
        order = np.random.default_rng([seed, _CUT]).permutation(len(self))
        rest, validation = np.sort(order[count:]), np.sort(order[:count])
        return tuple(
            ObservedSplit(self.split.subset(part), self.binarization, self.seed, stream)
            for part, stream in ((rest, self.stream), (validation, _VALIDATION))
        )

    def fingerprint(self, examples=64):
        """A digest of some examples, evenly spaced: tells whether two splits hold the same data."""
        rows = np.unique(np.linspace(0, len(self) - 1, examples).astype(int))
        values = self.split.batch(rows)
        return hashlib.sha256(
            repr((len(self), values.shape)).encode() + values.tobytes()
        ).hexdigest()[:16]

    def training_batches(self, batch_size, seed, steps_per_epoch=None, conditions=()):
        """Shuffled batches (x, x) without end, as `TrainingBatches`."""
        return TrainingBatches(self, batch_size, seed, steps_per_epoch, conditions)

    def evaluation_batches(self, batch_size, conditions=()):
        """Every example in order, as `EvaluationBatches`."""
        return EvaluationBatches(self, batch_size, conditions)


@dataclass(frozen=True, eq=False)
class Observed(Dataset):
    """A dataset whose `train` and `test` are `ObservedSplit`s."""

    binarization: str = "none"
    seed: int = 0


class TrainingBatches(keras.utils.PyDataset):
    """Shuffled training batches (x, x) or ((x, *conditions), x), pure functions of (seed, step).

    An epoch is one pass over the split, or `steps_per_epoch` steps where that is given. Set
    `epoch` before iterating. What is left over at the end of a pass is dropped from that pass.
    """

    def __init__(self, observed, batch_size, seed, steps_per_epoch=None, conditions=()):
        super().__init__()
        self.observed = observed
        self.batch_size = min(batch_size, len(observed))
        self.seed = seed
        self.steps_per_pass = len(observed) // self.batch_size
        self.steps_per_epoch = steps_per_epoch or self.steps_per_pass
        self.epoch = 0
        self.conditions = [observed.condition(name) for name in conditions]
        self._order = (None, None)

    def __len__(self):
        return self.steps_per_epoch

    def __getitem__(self, step):
        step += self.epoch * self.steps_per_epoch
        x, indices = self.at(step), self.indices(step)
        return _beside(x, *(values[indices] for values in self.conditions)), x

    def indices(self, step):
        """Which examples the batch of a global step holds, in order."""
        which_pass, place = divmod(step, self.steps_per_pass)
        order = self._permutation(which_pass)
        return np.sort(order[place * self.batch_size : (place + 1) * self.batch_size])

    def at(self, step):
        """The batch of a global step, counted from 0 over all epochs: float32 [batch, *event]."""
        indices = self.indices(step)
        if self.observed.binarization != "dynamic":
            return self.observed.observe(indices)
        x = self.observed.split.batch(indices)
        uniform = np.random.default_rng([self.seed, _DRAW, step]).random(x.shape, dtype=np.float32)
        return (uniform < x).astype(np.float32)

    def _permutation(self, which_pass):
        if self._order[0] != which_pass:
            generator = np.random.default_rng([self.seed, _ORDER, which_pass])
            self._order = (which_pass, generator.permutation(len(self.observed)))
        return self._order[1]


class EvaluationBatches(keras.utils.PyDataset):
    """Every example of a split in order, as (x, x) or ((x, *conditions), x); drawn once."""

    def __init__(self, observed, batch_size, conditions=()):
        super().__init__()
        self.observed = observed
        self.batch_size = batch_size
        self.conditions = tuple(conditions)

    def __len__(self):
        return -(-len(self.observed) // self.batch_size)

    def __getitem__(self, step):
        stop = min(len(self.observed), (step + 1) * self.batch_size)
        indices = np.arange(step * self.batch_size, stop)
        x, *condition = self.observed.inputs(indices, self.conditions)
        return _beside(x, *condition), x


def _beside(x, *condition):
    """x, or x and its conditions as a model takes them."""
    return (x, *condition) if condition else x
