"""Examples of a dataset of TensorFlow Datasets (TFDS), whatever they are, and what it states."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from zoo.datasets import tfds_records
from zoo.datasets.base import UNKNOWN_LICENCE, slug
from zoo.datasets.reading import printable
from zoo.datasets.tfds_builders import has_tensorflow, library, one_line
from zoo.errors import DatasetError, MissingDependency

_BATCH = 512


def split_names(name: str, info: Any) -> tuple[str, str | None]:
    """(of what is trained on, of a test set or None)."""
    test = next((split for split in ("test", "validation") if split in info.splits), None)
    others = [split for split in info.splits if split not in ("test", "validation")]
    if "train" in others:
        return "train", test
    if others:
        return others[0], test
    if test is None:
        raise DatasetError(f"The TFDS dataset {name!r} has no splits.")
    return test, None  # It has a test set only: part of it is held out of training.


def batches(builder: Any, split: str, keys: tuple[str, str | None]) -> Any:
    """An iterator of batches {feature: array} of the features `keys`, always in the same order."""
    tfds = library()
    wanted = {key: True for key in keys if key}
    # Only images of one shape can be stacked before they are resized.
    size = 1 if None in builder.info.features[keys[0]].shape else _BATCH
    if not has_tensorflow():
        return _quietly(tfds_records.batches(builder, split, tuple(wanted), size))
    with _quiet():
        examples = builder.as_dataset(
            split=split,
            shuffle_files=False,
            decoders=tfds.decode.PartialDecoding(wanted),
            read_config=tfds.ReadConfig(try_autocache=False),
        )
    return examples.batch(size).prefetch(2).as_numpy_iterator()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """TFDS warns of its own ways of reading: nothing a user could act on."""
    from absl import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _quietly(batches: Iterator[Any]) -> Iterator[Any]:
    with _quiet():
        yield from batches


@contextlib.contextmanager
def readable(name: str, builder: Any) -> Iterator[None]:
    """In it, what cannot be read is a DatasetError that names the folder."""
    try:
        yield
    except (DatasetError, MissingDependency):
        raise
    # TensorFlow has errors of its own for files that are damaged, absent or not to be read.
    except Exception as error:
        raise DatasetError(
            f"The examples of the TFDS dataset {name!r} cannot be read from "
            f"{printable(builder.data_dir)} ({type(error).__name__}: {one_line(error)}). "
            "Remove that folder, and load the dataset again to prepare it anew."
        ) from error


def licence(info: Any) -> str:
    """As TFDS states it, if it does."""
    return one_line(getattr(info, "license", None)) or UNKNOWN_LICENCE


def named(name: str) -> str:
    """The name of the dataset, without a version."""
    return slug(name.split(":")[0])


def source(info: Any) -> str:
    """`mnist 3.0.1 from TensorFlow Datasets; LeCun et al., MNIST handwritten ..., 2010; <page>`."""
    facts = {}
    for field in ("author", "title", "year"):
        match = re.search(
            rf"\b{field}\s*=\s*[{{\"]*([^}}\"\n]+)", info.citation or "", re.IGNORECASE
        )
        facts[field] = one_line(match[1]).rstrip(", ") if match else ""
    first, *more = re.split(r"\s+and\s+", facts["author"])
    facts["author"] = first.split(",")[0].strip() + (" et al." if more else "")
    cited = ", ".join(fact for fact in facts.values() if fact)
    parts = (f"{info.full_name} from TensorFlow Datasets", cited, info.homepage)
    return "; ".join(part for part in parts if part)
