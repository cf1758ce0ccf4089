"""What happens beside the steps: order of the data, checkpoints, early stop, failure, logs."""

import csv
import functools
import math
import time
from pathlib import Path

import keras

from zoo.atomic_write import whole
from zoo.errors import Interrupted, TrainingError
from zoo.training import averages, checkpoint
from zoo.training.aside import Aside

HISTORY = "history.csv"
WHAT_TO_TRY = (
    "Begin anew with --restart and a smaller --learning-rate (a third, say), more --warmup-steps "
    "or a larger --batch-size, or look for extreme values in the data."
)
FAR = 10.0  # times as far above where it began as that is from 0: a loss there has exploded
LONG = 100  # steps in a row; single ones come back


SMALLER_IS_BETTER = ("loss", "reconstruction")


class EpochOrder(keras.callbacks.Callback):
    """Tells the training batches which epoch is drawn, so that they depend on nothing else."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.epoch = epoch


class OneEpoch(keras.callbacks.Callback):
    """Ends `fit` after an epoch."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True


class StopOnDivergence(keras.callbacks.Callback):
    """Raises where the loss is not finite or stays far above where it began; says what to try.

    It has exploded where it is more than `FAR` times the first step's (or the event's number of
    values, if that is more) above the first step's, for `LONG` steps in a row. Of steps that are
    executed together it knows the mean.

    Args:
        steps_per_epoch: of a whole epoch.
        progress: a `Progress`, which keeps the first step's loss.
        first: the step of the epoch that is its first batch.
    """

    def __init__(self, steps_per_epoch, progress, first=0):
        super().__init__()
        self.steps_per_epoch = steps_per_epoch
        self.progress = progress
        self.first = first
        self.epoch = 0
        self.sum = None if first else 0.0  # of the epoch's losses; None: not known yet
        self.before = first  # the step at which it was that
        self.exploded = 0  # steps in a row

    def set_model(self, model):
        # Kept: a callback that asks for its model has JAX hand over all variables, every step here.
        super().set_model(model)
        self.values = math.prod(model.event_shape)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        self.first, self.before, self.sum = 0, 0, 0.0

    def on_train_batch_end(self, batch, logs=None):
        mean = float((logs or {}).get("loss", 0.0))  # a running mean: once NaN, always NaN
        step = self.first + batch + 1
        if not math.isfinite(mean):
            self._stop(f"The loss is {mean}", step)
        count, self.before = step - self.before, step
        before, self.sum = self.sum, mean * step
        if before is None:
            return
        loss = (self.sum - before) / count
        if self.progress.first_loss is None:
            self.progress.first_loss = loss
        began = self.progress.first_loss
        highest = began + FAR * max(abs(began), self.values)
        self.exploded = self.exploded + count if loss > highest else 0
        if self.exploded >= LONG:
            self._stop(
                f"The loss, which began at {began:.5g} nats, has been above {highest:.5g} for "
                f"{LONG} steps and is {loss:.5g}",
                step,
            )

    def _stop(self, what, step):
        raise TrainingError(
            f"{what} at step {self.epoch * self.steps_per_epoch + step} (epoch {self.epoch + 1}, "
            f"step {step} of {self.steps_per_epoch}), so training has stopped. {WHAT_TO_TRY}"
        )


class Journal(keras.callbacks.Callback):
    """Keeps the history, the best weights and the checkpoint; stops when nothing improves.

    The best epoch is the one whose validation is best by the model's `monitor`, of those that end
    at the model's `settled_step` or later: before, a schedule makes the metric another one. Where
    none does, it is the last.

    Files are written while training goes on: it waits for no more than the copying of what is to be
    written. A context, at whose end they are written.

    Args:
        folder: where `checkpoint.npz` and `history.csv` are kept; None writes neither.
        steps_per_epoch: of a whole epoch.
        state: the `State` to go on from; changed as training goes on.
        identity: the configuration, stored in each checkpoint.
        patience: epochs without a better one before stopping; 0 never stops.
        request: an `interruption.Request`, looked at after each step.
        seconds: the least time between checkpoints; the last epoch always has one.
        share: of the time that training may wait for checkpoints.
    """

    def __init__(self, folder, steps_per_epoch, state, identity, patience, request, seconds, share):
        super().__init__()
        self.folder = None if folder is None else Path(folder)
        self.steps_per_epoch = steps_per_epoch
        self.state = state
        self.identity = identity
        self.patience = patience
        self.request = request
        self.seconds = self.pause = seconds
        self.share = share
        self.saved_at = self.epoch_began = time.monotonic()
        self.seconds_before = state.progress.seconds
        self.first = 0
        self.aside = Aside()

    def __enter__(self):
        self.aside.__enter__()
        return self

    def __exit__(self, *failure):
        self.aside.__exit__(*failure)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch_began = time.monotonic()
        self.seconds_before = self.state.progress.seconds
        self.first = self.state.progress.step
        if self.state.metrics:
            targets = checkpoint.metric_variables(self.model)
            for variable, value in zip(targets, self.state.metrics, strict=True):
                variable.assign(value)
            self.state.metrics = []

    def on_train_batch_end(self, batch, logs=None):
        self.aside.look()
        step = self.first + batch + 1
        if step == self.steps_per_epoch:  # the end of the epoch follows
            return
        asked = self.request.number is not None
        if asked or time.monotonic() - self.saved_at >= self.pause:
            self.state.progress.step = step
            self.save()
        if asked:
            self._interrupt()

    def on_epoch_end(self, epoch, logs=None):
        progress = self.state.progress
        progress.epoch, progress.step = epoch + 1, 0
        self._count_seconds()
        row = {"epoch": epoch + 1, **{name: float(value) for name, value in logs.items()}}
        row |= self._skipped() | {"seconds": round(progress.seconds, 3)}
        progress.history.append(row)
        self._compare(row)
        if self.folder:
            rows = list(progress.history)
            self.aside.put(HISTORY, lambda: write_history(self.folder / HISTORY, rows))
        if self.request.number is not None:
            self.save()
            self._interrupt()
        if time.monotonic() - self.saved_at >= self.pause:
            self.save()

    def on_train_end(self, logs=None):
        self.save()
        self.aside.finish()

    def save(self):
        """Has the checkpoint written; the next one comes when this has cost its share of time."""
        began = time.monotonic()
        self._count_seconds()
        if self.folder:
            progress, best = self.state.progress, self.state.best_weights
            arrays = checkpoint.taken(self.model, progress, best, self.identity)
            written = functools.partial(checkpoint.write, self.folder, arrays)
            self.aside.put(checkpoint.FILE, written)
        self.saved_at = time.monotonic()
        self.pause = max(self.seconds, (self.saved_at - began) / self.share)

    def _compare(self, row):
        """Keeps the weights if the epoch is the best so far; stops if none has been for long."""
        monitor, progress = self.model.monitor, self.state.progress
        value = row[f"val_{monitor}"] * (-1.0 if monitor in SMALLER_IS_BETTER else 1.0)
        if not math.isfinite(value):
            raise TrainingError(
                f"The {monitor} of the validation split is {row[f'val_{monitor}']} after epoch "
                f"{progress.epoch}, though the training loss is finite, so training has stopped. "
                f"{WHAT_TO_TRY}"
            )
        settled = progress.epoch * self.steps_per_epoch >= self.model.settled_step
        if not settled or value > progress.best_value:
            progress.best_epoch = progress.epoch
            progress.best_value = value if settled else -math.inf
            self.state.best_weights = averages.kept(self.model)
        if self.patience and progress.epoch - progress.best_epoch >= self.patience:
            progress.stopped = self.model.stop_training = True

    def _skipped(self):
        """{"skipped": steps of the epoch}, where any may be."""
        adam, before = self.model.optimizer, self.state.progress.history
        if not adam.skip_norm:
            return {}
        return {"skipped": int(adam.skipped) - sum(row["skipped"] for row in before)}

    def _count_seconds(self):
        passed = time.monotonic() - self.epoch_began
        self.state.progress.seconds = self.seconds_before + passed

    def _interrupt(self):
        self.aside.finish()
        raise Interrupted(kept(self.folder), self.request.number)


def kept(folder):
    """A sentence about what an interrupted run has kept in its folder, and how to go on."""
    progress = checkpoint.progress_of(folder)
    if progress is None:
        return "Nothing was trained yet, so nothing is kept: run the same command again."
    return f"Training is kept as it stood {shown(progress)}; go on with --resume."


def shown(progress):
    """Where a run stands, in words."""
    steps = f"{progress.step} steps of epoch {progress.epoch + 1}"
    return f"after {steps}" if progress.step else f"after epoch {progress.epoch}"


def write_history(path, history):
    """CSV: a row an epoch, written whole."""
    with whole(path, "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(history[0]), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(history)
