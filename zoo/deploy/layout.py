"""What every layout shares: names that servers accept, checked copies, a folder written whole."""

import contextlib
import os
import re
from pathlib import PurePosixPath

from zoo.artifact import external_data
from zoo.artifact import layout as names
from zoo.atomic_write import whole_folder
from zoo.errors import ArtifactError, ExportError, InputError

# Triton takes a model's name from its directory and from one part of a URL, TensorFlow Serving ends
# it at a colon. These characters mean nothing to either of them, to a shell or to a file system.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def served_name(artifact, name=None):
    """The name to serve an artifact by: `name`, or the one that its manifest states.

    Raises:
        InputError: if it has a character other than letters, digits, `_`, `-` and `.`.
    """
    name = artifact.manifest.get("name") if name is None else name
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be a served model's name: wanted are letters, digits, '_', '-' and "
            "'.', the first a letter, digit or '_'. Give another with name= (--name)."
        )
    unfit = [each for each in artifact.endpoints if not _NAME.fullmatch(each)]
    if unfit:
        raise ArtifactError(f"{artifact.folder}: {unfit[0]!r} cannot be an endpoint's name.")
    return name


def title(artifact):
    """The artifact's name for a README's first line, whatever characters it has."""
    name = str(artifact.manifest.get("name"))
    return "".join(each if each.isprintable() else "?" for each in name)


def require_whole_number(name, value, least, most):
    """Raises an `InputError` unless the value is an int of least to most."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"{name}: given {value!r}, wanted a whole number of {least} to {most}.")


def copy(artifact, file, target):
    """Copies one of the artifact's files; the bytes that were checked are those written."""
    if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
        raise ArtifactError(f"{artifact.folder}: manifest.json lists {file!r}, outside the folder.")
    artifact.reader.copy(file, target)


def write_graph(artifact, endpoint, target):
    """Writes an endpoint's float32 graph with its weights inside, once all bytes are checked.

    Of a server's folder each model is one file then: it can be uploaded, moved and served by
    itself, by servers and stores that know nothing of files beside a graph, and holds no weight
    that its endpoint does not use.
    """
    graph = artifact.reader.read(names.graph(endpoint))
    weights = {
        file.rpartition("/")[2]: artifact.reader.read(file)
        for file in names.WEIGHTS.values()
        if file.rpartition("/")[2] in external_data.locations(graph)
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(external_data.embedded(graph, weights))


def require_free(out):
    """Raises an `InputError` if something lies at `out`."""
    if os.path.lexists(out):
        raise InputError(f"{out} exists already. Remove it, or give another folder to write to.")


@contextlib.contextmanager
def written_whole(out):
    """Yields an empty folder that becomes `out` if the block ends without an exception.

    Otherwise it is removed. It gets the modes that the user's umask states, so that a server that
    runs as somebody else reads what the user wants to be read.
    """
    require_free(out)
    try:
        with whole_folder(out) as stage:
            yield stage
    except OSError as error:
        if isinstance(error, FileExistsError):
            require_free(out)
        raise ExportError(
            f"The layout could not be written to {out} ({error.strerror or error}). Nothing was "
            "left there; give a folder that can be written to."
        ) from error
