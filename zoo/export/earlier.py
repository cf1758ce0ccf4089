"""The test data of an artifact that was published before, in this schema or the first one.

Schema 1 kept each endpoint's inputs beside its answers: `input.x`, `output.x_mean`.
"""

import functools
import zipfile
import zlib

import numpy as np

from zoo.artifact import layout
from zoo.errors import ArtifactError, ExportError
from zoo.export.comparison import differing, read, table
from zoo.export.keras import answers


def inputs(folder, names):
    """{input: array} of an artifact's examples: `x` and the conditions, named.

    Raises:
        ArtifactError: if they cannot be read.
    """
    first = _first_schema(folder)
    file = layout.answers("reconstruct") if first else layout.INPUTS
    arrays = _arrays(folder / file)
    prefix = "input." if first else ""
    missing = [name for name in names if prefix + name not in arrays]
    if missing:
        raise ArtifactError(f"{folder / file} holds no {', '.join(missing)}.")
    return {name: arrays[prefix + name] for name in names}


def require_same_answers(folder, model, contract):
    """Raises an `ExportError` unless a model answers as the artifact's test data says.

    So that no file that was changed since takes the place of the model whose nats are stated.
    """
    rows = []
    for name, endpoint in contract.items():
        if not (folder / layout.answers(name)).is_file():
            raise ArtifactError(f"{folder} has no test data of the model's endpoint {name}.")
        given, wanted = _read(folder, endpoint)
        run = functools.partial(answers, model)
        rows += differing("model.keras", run, endpoint, given, wanted)
    if rows:
        raise ExportError(
            f"{folder / layout.KERAS} does not answer as the artifact's test data says:\n"
            + table(rows)
        )


def _read(folder, endpoint):
    if not _first_schema(folder):
        return read(folder, endpoint)
    path = folder / layout.answers(endpoint.name)
    arrays = _arrays(path)
    try:
        return tuple(
            {t.name: arrays[f"{side}.{t.name}"] for t in tensors}
            for side, tensors in (("input", endpoint.inputs), ("output", endpoint.outputs))
        )
    except KeyError as error:
        raise ArtifactError(f"{path} holds no {error.args[0]}.") from error


def _first_schema(folder):
    return not (folder / layout.INPUTS).exists()


def _arrays(path):
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from error
