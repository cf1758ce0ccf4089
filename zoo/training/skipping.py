"""Steps that are not taken because their gradient is far too long (Child 2021).

A skipped step leaves weights, moments and averages as they were; data, noise and the learning rate
go on.
"""

import keras
from keras import ops

from zoo.errors import TrainingError

LONG = 100  # steps in a row that may be skipped


def norm(gradients):
    """Of all gradients together, None among them: a scalar, float32."""
    squares = [ops.sum(ops.square(ops.cast(g, "float32"))) for g in gradients if g is not None]
    return ops.sqrt(ops.sum(ops.stack(squares)))


def only_if(taken, step, variables):
    """Calls `step`; where `taken`, a scalar, is False, the variables are as they were before."""
    if keras.backend.backend() == "tensorflow":
        ops.cond(taken, step, lambda: None)
        return
    before = [variable.value for variable in variables]
    step()
    for variable, value in zip(variables, before, strict=True):
        variable.assign(ops.where(taken, variable.value, value))


class StopOnSkipping(keras.callbacks.Callback):
    """Raises where `LONG` steps in a row were skipped, at the latest after as many again."""

    def on_epoch_begin(self, epoch, logs=None):
        self.looked = 0

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 >= self.looked + LONG:
            self.looked = batch + 1
            self._look()

    def on_epoch_end(self, epoch, logs=None):
        self._look()

    def _look(self):
        adam = self.model.optimizer
        count = int(adam.skipped_in_a_row)
        if count < LONG:
            return
        raise TrainingError(
            f"The last {count} steps were skipped: the norm of their gradients is above "
            f"skip_norm={adam.skip_norm:g} or no number, {float(adam.last_norm):.5g} at the last "
            "one, so training has stopped. Begin anew with --restart and a larger --skip-norm, or "
            "0, which skips none; if training had gone well before, a smaller --learning-rate."
        )
