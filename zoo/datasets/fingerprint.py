"""Is it the same data? A digest of everything that a split holds."""

import hashlib

import numpy as np

from zoo.datasets.base import Split
from zoo.datasets.storage import progress

_CHUNK_BYTES = 16 * 2**20


def of_split(split: Split) -> str:
    """32 hexadecimal digits that change with any value, label, length or position of a split.

    It is the same for equal data in memory and on disk. All examples are read, some MiB at a time.
    """
    digest = hashlib.sha256()
    _add(digest, "images", split.images)
    for name in ("labels", "lengths", "positions"):
        values = getattr(split, name)
        if values is None:
            digest.update(f"no {name}".encode())
        else:
            _add(digest, name, values)
    return digest.hexdigest()[:32]


def _add(digest, name: str, values) -> None:
    digest.update(repr((name, str(values.dtype), tuple(values.shape))).encode())
    bytes_of_one = max(1, int(np.prod(values.shape[1:])) * values.dtype.itemsize)
    rows = max(1, _CHUNK_BYTES // bytes_of_one)
    with progress(len(values), "Reading every example") as bar:
        for start in range(0, len(values), rows):
            chunk = np.ascontiguousarray(values[start : start + rows])
            digest.update(chunk.data)
            bar.update(len(chunk))
