"""Examples of a prepared TensorFlow Datasets (TFDS) dataset, read without TensorFlow.

TFDS itself reads its files of records by TensorFlow alone. A file is one record after the other:
the length of the content, uint64 in little-endian order, a checksum of that, the content, and its
checksum, four bytes each (https://www.tensorflow.org/tutorials/load_data/tfrecord). What a record
holds is parsed by TFDS, and pictures in it are decoded by Pillow, JPEGs by a few levels otherwise
than TensorFlow does. The checksums are not looked at: a PNG has its own.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zoo.datasets.tfds_builders import library
from zoo.errors import MissingDependency

CYCLE, BLOCK = 16, 16
"""How TFDS reads several files: so many at a time, so many examples of each in turn."""

_HEADER = struct.Struct("<QL")
_CHECKSUM_BYTES = 4
_LARGEST = 2**31


def batches(
    builder: Any, split: str, keys: tuple[str, ...], size: int
) -> Iterator[dict[str, np.ndarray]]:
    """{key: array [at most `size`, ...]} of a split's features `keys`, in the order of TFDS.

    Raises:
        MissingDependency: if the dataset is prepared in another format than TFRecord.
        ValueError: if a file is damaged, or there are more or fewer examples than are stated.
    """
    info = builder.info.splits[split]
    if (found := builder.info.file_format.value) != "tfrecord":
        raise MissingDependency(
            f"{builder.name} is prepared as {found}, which only TensorFlow reads here: pip install "
            "tensorflow. Without it, datasets prepared as tfrecord are read."
        )
    features = builder.info.features
    wanted = library().features.FeaturesDict({key: features[key] for key in keys})
    held: list[Any] = []
    count = 0
    for record in interleaved([Path(path) for path in info.filepaths]):
        count += 1
        if count > info.num_examples:
            break
        held.append(wanted.deserialize_example_np(record))
        if len(held) == size:
            yield _stacked(held, keys)
            held = []
    if held:
        yield _stacked(held, keys)
    if count != info.num_examples:
        raise ValueError(f"it has other examples than the {info.num_examples:,} that it states")


def interleaved(files: list[Path]) -> Iterator[bytes]:
    """The records of several files, in the order of `tf.data.Dataset.interleave`.

    `CYCLE` files are open at a time; of each in turn come `BLOCK` records, and where one ends the
    next file takes its place when its turn comes again.
    """
    waiting = iter(files)
    opened: list[Iterator[bytes] | None] = [None] * CYCLE
    ended = False
    while not ended or any(opened):
        for place in range(CYCLE):
            if opened[place] is None and not ended:
                following = next(waiting, None)
                ended = following is None
                opened[place] = None if following is None else records(following)
            source = opened[place]
            for _ in range(BLOCK if source else 0):
                record = next(source, None)  # type: ignore[arg-type]
                if record is None:
                    opened[place] = None
                    break
                yield record


def records(file: Path) -> Iterator[bytes]:
    """The contents of a file of records.

    Raises:
        ValueError: if it ends in the midst of a record.
    """
    with open(file, "rb") as stream:
        while header := stream.read(_HEADER.size):
            length = _HEADER.unpack(header)[0] if len(header) == _HEADER.size else _LARGEST
            content = stream.read(length) if length < _LARGEST else b""
            if len(content) != length or len(stream.read(_CHECKSUM_BYTES)) != _CHECKSUM_BYTES:
                raise ValueError(f"{file.name} ends in the midst of a record")
            yield content


def _stacked(examples: list[Any], keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    return {key: np.stack([np.asarray(example[key]) for example in examples]) for key in keys}
