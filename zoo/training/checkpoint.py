"""One file that holds all of a run's state, written whole or not at all.

Holds every variable of the model (weights and the state of its random generators) and of the
optimizer (moments, averages of the weights, and the iteration that its schedule reads), the best
weights so far, the run's progress as JSON, and in the midst of an epoch the running means of its
metrics. Arrays are stored by position.
"""

import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np

from zoo.atomic_write import whole
from zoo.errors import TrainingError

FILE = "checkpoint.npz"


@dataclass
class Progress:
    """Where a run stands: after so many whole epochs, and steps of the next one."""

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    stopped: bool = False
    best_epoch: int = 0
    best_value: float = -float("inf")
    first_loss: float | None = None
    history: list[dict] = field(default_factory=list)
    place: dict = field(default_factory=dict)  # of the last sitting: `zoo.provenance.here()`

    def finished(self, epochs):
        """Whether nothing is left of a training of so many epochs."""
        return self.stopped or self.epoch >= epochs


@dataclass
class State:
    """A run in memory, beside what the model and its optimizer hold.

    Args:
        progress: a `Progress`.
        best_weights: arrays, of the best epoch so far.
        metrics: arrays, the running sums of the epoch that was interrupted; [] between epochs.
    """

    progress: Progress
    best_weights: list
    metrics: list = field(default_factory=list)


def variables(model):
    """Every variable that decides how training goes on, in a fixed order."""
    return [*model.variables, *model.optimizer.variables]


def metric_variables(model):
    """The running sums of what an epoch measures, in a fixed order."""
    return [variable for metric in model.metrics for variable in metric.variables]


def snapshot(variables):
    """The variables' values as numpy arrays of their own.

    From a device with memory of its own all are on their way at once.
    """
    values = [variable.value for variable in variables]
    if keras.backend.backend() == "jax":
        for value in values:
            value.copy_to_host_async()
    return [np.array(keras.ops.convert_to_numpy(value)) for value in values]


def taken(model, progress, best_weights, identity):
    """{name: array} of what a checkpoint holds, as all stands now: training may go on."""
    arrays = {f"state/{i}": value for i, value in enumerate(snapshot(variables(model)))}
    arrays |= {f"best/{i}": value for i, value in enumerate(best_weights)}
    if progress.step:
        means = snapshot(metric_variables(model))
        arrays |= {f"metric/{i}": value for i, value in enumerate(means)}
    arrays["progress"] = np.array(json.dumps(asdict(progress)))
    arrays["identity"] = np.array(json.dumps(identity))
    return arrays


def write(folder, arrays):
    """Writes what was `taken` beside the old checkpoint, then renames it into place."""
    path = Path(folder) / FILE
    try:
        with whole(path) as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise TrainingError(
            f"The checkpoint {path} could not be written ({error.strerror or error}). The one "
            "before it, if any, is untouched: make room, then go on with --resume."
        ) from error


def load(folder):
    """(progress, identity, arrays) of the checkpoint in a folder, or None where there is none."""
    path = Path(folder) / FILE
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        progress = Progress(**json.loads(str(arrays.pop("progress"))))
        return progress, json.loads(str(arrays.pop("identity"))), arrays
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(
            f"{path} is not a checkpoint that this version reads ({error}). "
            "Begin anew with --restart."
        ) from error


def progress_of(folder):
    """The `Progress` of the checkpoint in a folder, or None where there is none that can be read.

    Reads no weights.
    """
    try:
        with np.load(Path(folder) / FILE, allow_pickle=False) as file:
            return Progress(**json.loads(str(file["progress"])))
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile):
        return None


def restore(model, arrays):
    """Sets every variable of the model and its optimizer.

    Returns:
        The best weights, and the running sums of an epoch's metrics: [] between two epochs.
    """
    targets = variables(model)
    state = _stored(arrays, "state")
    shapes, given = [tuple(v.shape) for v in targets], [value.shape for value in state]
    if shapes != given:
        raise TrainingError(
            f"The checkpoint holds {len(given)} variables that do not fit this model's "
            f"{len(shapes)}: it was written by another model. Begin anew with --restart."
        )
    for variable, value in zip(targets, state, strict=True):
        variable.assign(value)
    return _stored(arrays, "best"), _stored(arrays, "metric")


def restore_best(model, arrays):
    """Sets the weights of the best epoch, which mean the same under every backend; gives them.

    Where the optimizer and the random generators stand is left alone: nothing is trained on.
    """
    best = _stored(arrays, "best")
    if [tuple(v.shape) for v in model.weights] != [value.shape for value in best]:
        raise TrainingError(
            "The checkpoint holds weights that do not fit this model: it was written by another "
            "one. Begin anew with --restart."
        )
    for variable, value in zip(model.weights, best, strict=True):
        variable.assign(value)
    return best


def _stored(arrays, kind):
    return [arrays[f"{kind}/{i}"] for i in range(sum(k.startswith(f"{kind}/") for k in arrays))]


def require_same(identity, stored, progress, folder):
    """Refuses to resume a run under another configuration, naming what differs.

    The backend may be another one where nothing is left to be trained.

    Raises:
        TrainingError: with what is possible.
    """
    then, now = stored.get("backend"), identity["backend"]
    if progress.finished(stored.get("epochs", float("inf"))):
        stored = stored | {"backend": now}
    elif then != now and identity | {"backend": then} == stored:
        raise TrainingError(
            f"The training in {folder} has not ended, and was begun on {then}: on {now} it would "
            f"draw other noise. Go on with KERAS_BACKEND={then}, here or where it was begun; once "
            "it has ended, --resume goes on from there on any backend. Or begin anew with "
            "--restart."
        )
    keys = sorted(set(identity) | set(stored))
    different = [
        f"  {key}: {stored.get(key, 'absent')!r} then, {identity.get(key, 'absent')!r} now"
        for key in keys
        if identity.get(key) != stored.get(key)
    ]
    if different:
        raise TrainingError(
            f"The run in {folder} was started with another configuration:\n"
            + "\n".join(different)
            + "\nResume it with its own options, or begin anew with --restart."
        )
