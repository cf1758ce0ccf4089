"""What happens beside the steps: order of the data, checkpoints, early stop, failure, logs."""

import csv
import math
import time
from pathlib import Path

import keras

from zoo.atomic_write import whole
from zoo.errors import TrainingError
from zoo.training import checkpoint

WHAT_TO_TRY = (
    "Begin anew with --restart and a smaller --learning-rate (a third, say) or a larger "
    "--batch-size, or look for extreme values in the data."
)


SMALLER_IS_BETTER = ("reconstruction",)


class EpochOrder(keras.callbacks.Callback):
    """Tells the training batches which epoch is drawn, so that they depend on nothing else."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.epoch = epoch


class StopOnDivergence(keras.callbacks.Callback):
    """Raises at the first step whose loss is not finite, and says what to try."""

    def __init__(self, steps_per_epoch):
        super().__init__()
        self.steps_per_epoch = steps_per_epoch
        self.epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        loss = float((logs or {}).get("loss", 0.0))  # a running mean: once NaN, always NaN
        if math.isfinite(loss):
            return
        step = self.epoch * self.steps_per_epoch + batch + 1
        raise TrainingError(
            f"The loss is {loss} at step {step} (epoch {self.epoch + 1}, step {batch + 1} of "
            f"{self.steps_per_epoch}), so training has stopped. {WHAT_TO_TRY}"
        )


class Journal(keras.callbacks.Callback):
    """Keeps the history, the best weights and the checkpoint; stops when nothing improves.

    Args:
        folder: where `checkpoint.npz` and `history.csv` are kept.
        progress, best_weights: the state to go on from.
        identity: the configuration, stored in each checkpoint.
        patience: epochs whose validation is not better by the model's `monitor` before stopping; 0
            never stops.
        checkpoint_seconds: the least time between checkpoints; the last epoch always has one.
    """

    def __init__(self, folder, progress, best_weights, identity, patience, checkpoint_seconds):
        super().__init__()
        self.folder = Path(folder)
        self.progress = progress
        self.best_weights = best_weights
        self.identity = identity
        self.patience = patience
        self.checkpoint_seconds = checkpoint_seconds
        self.saved_at = self.epoch_began = time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch_began = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        now, progress = time.monotonic(), self.progress
        progress.epoch = epoch + 1
        progress.seconds += now - self.epoch_began
        row = {"epoch": epoch + 1, **{name: float(value) for name, value in logs.items()}}
        progress.history.append(row | {"seconds": round(progress.seconds, 3)})
        monitor = self.model.monitor
        value = row[f"val_{monitor}"] * (-1.0 if monitor in SMALLER_IS_BETTER else 1.0)
        if not math.isfinite(value):
            raise TrainingError(
                f"The {monitor} of the validation split is {value} after epoch {epoch + 1}, though "
                f"the training loss is finite, so training has stopped. {WHAT_TO_TRY}"
            )
        if value > progress.best_value:
            progress.best_value, progress.best_epoch = value, epoch + 1
            self.best_weights = checkpoint.snapshot(self.model.weights)
        if self.patience and progress.epoch - progress.best_epoch >= self.patience:
            progress.stopped = self.model.stop_training = True
        write_history(self.folder, progress.history)
        if now - self.saved_at >= self.checkpoint_seconds:
            self.save()

    def on_train_end(self, logs=None):
        self.save()

    def save(self):
        """Writes the checkpoint now."""
        checkpoint.save(self.folder, self.model, self.progress, self.best_weights, self.identity)
        self.saved_at = time.monotonic()


def write_history(folder, history):
    """history.csv: a row an epoch, written whole."""
    with whole(Path(folder) / "history.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(history[0]), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(history)
