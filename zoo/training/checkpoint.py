"""One file that holds all of a run's state, written whole or not at all.

Holds every variable of the model (weights and the state of its random generators) and of the
optimizer (moments, and the iteration that its schedule reads), the best weights so far, and the
run's progress as JSON. Arrays are stored by position.
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
    """Where a run stands after some whole epochs."""

    epoch: int = 0
    seconds: float = 0.0
    stopped: bool = False
    best_epoch: int = 0
    best_value: float = -float("inf")
    history: list[dict] = field(default_factory=list)


def variables(model):
    """Every variable that decides how training goes on, in a fixed order."""
    return [*model.variables, *model.optimizer.variables]


def snapshot(variables):
    """The variables' values as numpy arrays of their own."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def save(folder, model, progress, best_weights, identity):
    """Writes the checkpoint beside the old one, then renames it into place."""
    arrays = {f"state/{i}": value for i, value in enumerate(snapshot(variables(model)))}
    arrays |= {f"best/{i}": value for i, value in enumerate(best_weights)}
    arrays["progress"] = np.array(json.dumps(asdict(progress)))
    arrays["identity"] = np.array(json.dumps(identity))
    path = Path(folder) / FILE
    try:
        with whole(path) as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise TrainingError(
            f"The checkpoint {path} could not be written ({error.strerror}). The one before it, "
            "if any, is untouched: make room, then go on with --resume."
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
    except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise TrainingError(
            f"{path} is not a checkpoint that this version reads ({error}). "
            "Begin anew with --restart."
        ) from error


def restore(model, arrays):
    """Sets every variable of the model and its optimizer; returns the best weights."""
    targets = variables(model)
    state = [arrays[f"state/{i}"] for i in range(sum(k.startswith("state/") for k in arrays))]
    shapes, given = [tuple(v.shape) for v in targets], [value.shape for value in state]
    if shapes != given:
        raise TrainingError(
            f"The checkpoint holds {len(given)} variables that do not fit this model's "
            f"{len(shapes)}: it was written by another model. Begin anew with --restart."
        )
    for variable, value in zip(targets, state, strict=True):
        variable.assign(value)
    return [arrays[f"best/{i}"] for i in range(sum(k.startswith("best/") for k in arrays))]


def require_same(identity, stored, folder):
    """Refuses to resume a run under another configuration, naming what differs."""
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
