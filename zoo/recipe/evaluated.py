"""What the evaluation of a run gave, kept in its folder until the artifact is in place.

It belongs to the weights and to how they were measured: a run that is exported later, or on another
machine, is not evaluated twice.
"""

import hashlib
import json
import zipfile
from pathlib import Path

import keras
import numpy as np

from zoo.atomic_write import tidy, whole
from zoo.evaluation.report import Report

FILE = "report.npz"


def digest(model, data, config):
    """What a report belongs to: the weights, the test examples, and the options of measuring."""
    how = (config.seed, config.samples, config.evaluated, config.sample_quality, config.inception)
    of_data = (data.test.fingerprint(), data.binarization, data.seed)
    found = hashlib.sha256(json.dumps([how, of_data]).encode())
    for weight in model.weights:
        found.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)).tobytes())
    return found.hexdigest()


def save(folder, report, belongs_to):
    """Writes a report into a run's folder; `belongs_to` is its `digest`."""
    facts = {"metrics": report.metrics, "protocol": report.protocol, "seconds": report.seconds}
    with whole(Path(folder) / FILE) as file:
        np.savez(file, facts=json.dumps(facts), belongs_to=belongs_to, means=report.means)


def load(folder, belongs_to):
    """The `Report` that a run's folder keeps, or None: there is none, or of other weights."""
    try:
        with np.load(Path(folder) / FILE, allow_pickle=False) as file:
            if str(file["belongs_to"]) != belongs_to:
                return None
            return Report(**json.loads(str(file["facts"])), means=file["means"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None  # absent, or damaged: it is evaluated anew


def clear(folder):
    """Removes it."""
    tidy(Path(folder) / FILE)
    (Path(folder) / FILE).unlink(missing_ok=True)
