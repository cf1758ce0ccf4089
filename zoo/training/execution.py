"""Several training steps in one program, and batches that are made while the device computes.

A device that is faster than Python waits for it between steps. On JAX, and where the examples lie
on the device, Keras's compiled step is scanned over the rows of many batches, so that the device is
left alone with all of them; what happens after a step (logs, checkpoints, Ctrl-C) happens after so
many.
"""

import concurrent.futures

import keras
import numpy as np

from zoo.errors import InputError

MOST_STEPS = 100
MOST_ON_CPU = 20  # so that Ctrl-C is heard soon
SMALL = 5  # a divisor below a fifth of the most is small


def steps_at_once(settings, batches, model):
    """How many steps are executed as one program: `Settings.steps_per_execution`, or a choice.

    Unless given, as by `fitting`: `MOST_STEPS` at most, on a CPU `MOST_ON_CPU`. There XLA's loops
    compute convolutions several times slower, and a model with some takes a step at a time, as
    all do where there is but one.

    Raises:
        InputError: if several were asked for where there is but one.
    """
    require(settings, batches)
    asked = settings.steps_per_execution
    if _hindered(settings, batches):
        return 1
    if asked:
        return min(asked, len(batches))
    if not keras.distribution.list_devices()[0].startswith("cpu"):
        return fitting(len(batches), MOST_STEPS)
    return 1 if _has_convolutions(model) else fitting(len(batches), MOST_ON_CPU)


def require(settings, batches=None):
    """Refuses several steps at once where there is but one; without `batches` what they decide.

    Raises:
        InputError: with the reason.
    """
    asked, hindered = settings.steps_per_execution, _hindered(settings, batches)
    if hindered and asked and asked > 1:
        raise InputError(
            f"steps_per_execution={asked}: {hindered}, and a step is executed alone. Give 1, or "
            "leave it out."
        )


def fitting(steps, most):
    """What is executed at once of an epoch of so many steps.

    The largest divisor that is `most` at most, for what is left over would be compiled as a program
    of its own; where that is small, half of `most`.
    """
    divisors = [n for n in range(1, min(most, steps) + 1) if steps % n == 0]
    return divisors[-1] if divisors[-1] >= min(most // SMALL, steps) else most // 2


def _has_convolutions(model):
    return any("Conv" in type(layer).__name__ for layer in model._flatten_layers())


def _hindered(settings, batches):
    """Why there is but one step in a program, or None."""
    backend = keras.backend.backend()
    if backend != "jax":
        return f"several steps are one program on JAX alone, and this is {backend}"
    if settings.devices > 1:
        return f"several steps are one program on one device, and here are {settings.devices}"
    if batches is not None and batches.by_length is not None:
        return "batches of strings are of several lengths"
    if batches is not None and not batches.fits_device:
        return "the examples do not lie on the device, for they are too large or on a disk"
    return None


class Executions(keras.utils.PyDataset):
    """What is left of an epoch after its first steps, so many steps an item.

    An item ends where a multiple of `at_once` steps of the epoch does, wherever training goes on
    from, so that a run that was interrupted goes on with the programs that it had. Of several steps
    there is an axis more in front, [steps, batch, ...].

    While the device computes, a thread makes the next item, of several steps or of examples that
    the host reads, decodes and binarizes. (On TensorFlow tf.data has a thread for that.)

    Args:
        batches: `zoo.datasets.batches.TrainingBatches`.
        at_once: steps of an item.
        first: steps of the epoch that were taken before.
    """

    def __init__(self, batches, at_once=1, first=0):
        super().__init__()
        self.batches = batches
        total = len(batches)
        inner = range(first - first % at_once + at_once, total, at_once)
        self.ends = [*inner, total]
        self.begins = [first, *inner]
        self.first = first
        self.at_once = at_once
        read = batches.feed is None and keras.backend.backend() == "jax"
        self.makes_ahead = at_once > 1 or read
        self._thread = None
        self._ahead = None, None
        self._begun = False

    def on_epoch_begin(self):
        self._begun = True

    def __len__(self):
        return len(self.ends)

    def __getitem__(self, item):
        if not self._begun and self.batches.by_length is not None:
            return self._looked_at(item)
        if not self.makes_ahead:
            return self._made(item)
        if self._thread is None:
            self._thread = concurrent.futures.ThreadPoolExecutor(1)
        which = self.batches.epoch, item
        known, ahead = self._ahead
        if ahead is not None:
            made = ahead.result()  # first of all: batches are made by one thread at a time
        if known != which:
            made = self._made(item)
        if item + 1 < len(self):
            following = self._thread.submit(self._made, item + 1)
            self._ahead = (self.batches.epoch, item + 1), following
        else:
            self._ahead = None, None
        return made

    def _looked_at(self, item):
        """What Keras looks at before an epoch: items 0 and 1, which shapes TensorFlow then expects.

        Any number of steps where the two have not the same: so the second has one less.
        """
        ((x, *besides),) = (keras.tree.flatten(self._made(item)),)
        x = x[:, : x.shape[1] - item]
        return ((x, *besides) if besides else x,)

    def last_step(self, item):
        """The last step of an item, counted from 0 and from the first item's first."""
        return self.ends[item] - self.first - 1

    def _made(self, item):
        if self.at_once == 1:
            return self.batches[self.begins[item]]
        steps = [self.batches[i] for i in range(self.begins[item], self.ends[item])]
        return keras.tree.map_structure(lambda *each: np.stack(each), *steps)


class Callbacks(keras.callbacks.CallbackList):
    """Tells callbacks, the progress bar among them, the last step of an item for the item.

    Args:
        callbacks, options: as Keras's.
        executions: an `Executions`.
    """

    def __init__(self, callbacks, executions, **options):
        self.executions = executions
        steps = executions.last_step(len(executions) - 1) + 1
        super().__init__(callbacks, add_history=True, steps=steps, **options)

    def on_train_batch_begin(self, batch, logs=None):
        super().on_train_batch_begin(self._step(batch), logs)

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(self._step(batch), logs)

    def _step(self, item):
        return self.executions.last_step(item)


def scanned(step, state, data):
    """Keras's `train_step` on JAX, (state, data) -> (logs, state), for each step of an item.

    Gives the logs of the last one.
    """
    import jax

    (x,) = data
    given, *conditions = x if isinstance(x, tuple) else (x,)
    given = dict(given)
    values = given.pop("values")  # the examples, which every step takes rows of

    def one(state, batch):
        rows, *conditions = batch
        x = rows | {"values": values}
        logs, state = step(state, ((x, *conditions) if conditions else x,))
        return state, logs

    state, logs = jax.lax.scan(one, state, (given, *conditions))
    return jax.tree.map(lambda each: each[-1], logs), state
