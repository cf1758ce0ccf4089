"""An artifact's test data: arrays of the shapes that the contract says, whatever the files claim.

An .npz is a zip archive of arrays that state their own shapes. Both are looked at before memory is
taken for them: a file of a few KB may claim many GB.
"""

import io
import math
import zipfile
from collections.abc import Mapping

import numpy as np

from zoo.artifact import layout
from zoo.artifact.endpoints import PROOF_BATCHES, Endpoint, Tensor
from zoo.artifact.reading import Reader
from zoo.errors import ArtifactError
from zoo.runtime.sessions import Array

LARGEST = 2**28
"""Bytes of the largest file of test data that is read, 256 MiB; exports write some 2 MiB."""

MOST_ROWS = max(PROOF_BATCHES)

_HEADER = 2**14  # bytes before an array's values


class _Unusable(Exception):
    """Why a file cannot be replayed."""


def read(reader: Reader, endpoint: Endpoint) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
    """({input: array}, {output: array}) that an artifact holds of one endpoint, [rows, ...].

    Raises:
        ArtifactError: if a file is not as it was exported, or is no such data.
    """
    chosen = Tensor(layout.ROWS, "int64", ("rows",))
    answers = layout.answers(endpoint.name)
    given = _arrays(reader, layout.INPUTS, endpoint.inputs)
    wanted = _arrays(reader, answers, (chosen, *endpoint.outputs))
    rows = wanted.pop(layout.ROWS)
    if {len(value) for value in wanted.values()} != {len(rows)}:
        raise _error(reader, answers, "it does not hold one answer a row")
    if len({len(value) for value in given.values()}) != 1:
        raise _error(reader, layout.INPUTS, "its inputs have different numbers of rows")
    count = len(next(iter(given.values())))
    if rows.min() < 0 or rows.max() >= count:
        raise _error(reader, answers, f"it names rows beyond the {count} of {layout.INPUTS}")
    return {name: value[rows] for name, value in given.items()}, wanted


def _arrays(reader: Reader, file: str, tensors: tuple[Tensor, ...]) -> dict[str, Array]:
    """{name: array} of some tensors in an .npz."""
    content = reader.read(file, LARGEST)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member.filename for member in archive.infolist()]
            return {t.name: _array(archive, members, t) for t in tensors}
    except Exception as error:  # of zipfile, zlib, bz2, lzma, struct, numpy's headers, and more
        raise _error(reader, file, str(error) or type(error).__name__) from error


def _error(reader: Reader, file: str, why: str) -> ArtifactError:
    return ArtifactError(f"{reader.folder / file} cannot be replayed: {why}")


def _array(archive: zipfile.ZipFile, members: list[str], tensor: Tensor) -> Array:
    """One array, once its archive and its own header claim what the contract says."""
    name = f"{tensor.name}.npy"
    if members.count(name) != 1:
        raise _Unusable(f"it holds {members.count(name)} arrays {tensor.name!r}, wanted is 1")
    dtype = np.dtype(tensor.dtype)
    row = tuple(size for size in tensor.shape[1:] if isinstance(size, int))
    most = _HEADER + MOST_ROWS * math.prod(row) * dtype.itemsize
    claimed = archive.getinfo(name).file_size
    if claimed > most:
        raise _Unusable(f"{tensor.name!r} claims {claimed:,} bytes, at most {most:,} are wanted")
    with archive.open(name) as file:
        stored = io.BytesIO(file.read(most + 1))
    version = np.lib.format.read_magic(stored)
    if version != (1, 0):
        raise _Unusable(f"{tensor.name!r} is of numpy's format {version}, wanted is (1, 0)")
    shape, column_major, found = np.lib.format.read_array_header_1_0(stored)
    if found != dtype or (column_major and len(shape) > 1) or shape[1:] != row or len(shape) == 0:
        raise _Unusable(
            f"{tensor.name!r} is {found} {list(shape)}, wanted is {dtype} [rows, "
            f"{', '.join(map(str, row))}]"
        )
    if not 1 <= shape[0] <= MOST_ROWS:
        raise _Unusable(f"{tensor.name!r} has {shape[0]} rows, wanted are 1 to {MOST_ROWS}")
    values = stored.read()
    if len(values) != math.prod(shape) * dtype.itemsize:
        raise _Unusable(f"{tensor.name!r} has {len(values):,} bytes of values for {list(shape)}")
    return np.frombuffer(values, dtype).reshape(shape)
