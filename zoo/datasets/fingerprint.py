"""Is it the same data? Digests of everything that a split, or a folder, holds."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath

from zoo.datasets import reading, storage
from zoo.datasets.base import Split
from zoo.errors import DatasetError


def of_split(split: Split) -> str:
    """32 hexadecimal digits that change with any value, label, length or position of a split.

    It is the same for equal data in memory and on disk. All examples are read, some MiB at a time.
    """
    digest = hashlib.sha256()
    parts = {
        "images": split.images,
        "labels": split.labels,
        "lengths": split.lengths,
        "positions": split.positions,
    }
    if split.properties is not None:
        parts["properties"] = split.properties
    for name, values in parts.items():
        if values is None:
            digest.update(f"no {name}".encode())
            continue
        digest.update(repr((name, str(values.dtype), tuple(values.shape))).encode())
        with storage.progress(len(values), "Reading every example") as bar:
            storage.add_rows(digest, values, bar)
    return digest.hexdigest()[:32]


def of_files(root: Path, files: Sequence[PurePath], description: str) -> list[str]:
    """sha256 of the content of each file below `root`, in hexadecimal.

    Raises:
        DatasetError: a file cannot be read or is no regular one.
    """
    workers = min(8, os.cpu_count() or 1)
    with (
        ThreadPoolExecutor(workers) as pool,
        storage.progress(len(files), description, " files") as bar,
    ):
        digests = []
        for digest in pool.map(of_file, (root / file for file in files)):
            digests.append(digest)
            bar.update()
    return digests


def of_file(path: Path) -> str:
    """sha256 of a regular file's content, in hexadecimal.

    Raises:
        DatasetError: it cannot be read or is no regular file.
    """
    with reading.open_regular(path) as stream:
        try:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise DatasetError(
                f"{reading.printable(path)} cannot be read: {error.strerror}."
            ) from error


def of_names(files: Sequence[PurePath], digests: Sequence[str]) -> str:
    """16 hexadecimal digits that change with the name or the content of any file."""
    digest = hashlib.sha256()
    for file, content in zip(files, digests, strict=True):
        digest.update(os.fsencode(file.as_posix()) + b"\0" + content.encode() + b"\n")
    return digest.hexdigest()[:16]
