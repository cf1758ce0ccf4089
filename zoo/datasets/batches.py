"""From a split to batches: order, binarization and nothing else, each a pure function of a seed.

A batch depends on (seed, step) alone, so that a run which was killed and resumed sees what an
uninterrupted run would have seen.
"""

import keras
import numpy as np

from zoo.errors import InputError

BINARIZATIONS = ("dynamic", "static", "none")
_ORDER, _DRAW, _ONCE = 0, 1, 2  # streams of random numbers that must not meet


def check_binarization(mode):
    """`mode` itself, or an error naming the modes there are."""
    if mode not in BINARIZATIONS:
        raise InputError(f"binarization {mode!r} is unknown; there are {', '.join(BINARIZATIONS)}.")
    return mode


def draw_once(split, indices, seed):
    """Binary values drawn for these examples, the same at every call: float32 [k, *event].

    The draw for an example depends on its index in the split and on the seed, not on its batch.
    """
    probabilities = split.batch(indices)
    uniform = np.empty(probabilities.shape, np.float32)
    for row, index in enumerate(np.arange(len(split))[indices]):
        source = np.random.Philox(key=[seed, _ONCE], counter=[0, 0, 0, index])
        uniform[row] = np.random.Generator(source).random(uniform.shape[1:], dtype=np.float32)
    return (uniform < probabilities).astype(np.float32)


def observations(split, indices, binarization, seed):
    """What a model is evaluated on: float32 [k, *event], binarized once unless mode is "none"."""
    check_binarization(binarization)
    if binarization == "none":
        return split.batch(indices)
    return draw_once(split, indices, seed)


class TrainingBatches(keras.utils.PyDataset):
    """Shuffled training batches (x, x), each a pure function of (seed, step).

    An epoch is one pass over the split, or `steps_per_epoch` steps where that is given: a run is
    checkpointed once an epoch, so a large split is better cut into shorter ones. Set `epoch`
    before iterating.

    Args:
        split: the training data.
        batch_size: examples a batch; what is left over at the end of a pass is dropped.
        binarization: "dynamic" draws anew at each visit, "static" once, "none" never.
    """

    def __init__(self, split, batch_size, seed, binarization="none", steps_per_epoch=None):
        super().__init__()
        if batch_size < 1:
            raise InputError(f"batch_size={batch_size}: a batch has at least 1 example.")
        self.split = split
        self.batch_size = min(batch_size, len(split))
        self.seed = seed
        self.binarization = check_binarization(binarization)
        self.steps_per_pass = len(split) // self.batch_size
        self.steps_per_epoch = steps_per_epoch or self.steps_per_pass
        self.epoch = 0
        self._order = (None, None)

    def __len__(self):
        return self.steps_per_epoch

    def __getitem__(self, step):
        x = self.at(self.epoch * self.steps_per_epoch + step)
        return x, x

    def at(self, step):
        """The batch of a global step, counted from 0 over all epochs: float32 [batch, *event]."""
        which_pass, place = divmod(step, self.steps_per_pass)
        order = self._permutation(which_pass)
        indices = np.sort(order[place * self.batch_size : (place + 1) * self.batch_size])
        if self.binarization == "static":
            return draw_once(self.split, indices, self.seed)
        x = self.split.batch(indices)
        if self.binarization == "none":
            return x
        uniform = np.random.default_rng([self.seed, _DRAW, step]).random(x.shape, dtype=np.float32)
        return (uniform < x).astype(np.float32)

    def _permutation(self, which_pass):
        if self._order[0] != which_pass:
            generator = np.random.default_rng([self.seed, _ORDER, which_pass])
            self._order = (which_pass, generator.permutation(len(self.split)))
        return self._order[1]


class EvaluationBatches(keras.utils.PyDataset):
    """Every example of a split in order, as (x, x), binarized once unless mode is "none"."""

    def __init__(self, split, batch_size, seed, binarization="none"):
        super().__init__()
        self.split = split
        self.batch_size = batch_size
        self.seed = seed
        self.binarization = check_binarization(binarization)

    def __len__(self):
        return -(-len(self.split) // self.batch_size)

    def __getitem__(self, step):
        stop = min(len(self.split), (step + 1) * self.batch_size)
        indices = np.arange(step * self.batch_size, stop)
        x = observations(self.split, indices, self.binarization, self.seed)
        return x, x
