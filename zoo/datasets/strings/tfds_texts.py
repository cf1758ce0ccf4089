"""Strings of TensorFlow Datasets (TFDS): a text of each example, as the SMILES of `qm9`."""

import difflib
from collections.abc import Iterator
from typing import Any

from zoo.datasets import tfds_examples
from zoo.datasets.base import Dataset, HoldOut
from zoo.datasets.reading import printable
from zoo.datasets.strings import loading
from zoo.datasets.strings.lines import Line
from zoo.datasets.strings.told import Told
from zoo.datasets.tfds_builders import builder_of, image_key_of, prepare, texts_of
from zoo.datasets.tfds_notes import unused_splits
from zoo.errors import DatasetError


def is_of_strings(name: str) -> bool:
    """Whether its examples have SMILES or SELFIES, and no image; offline.

    Raises:
        DatasetError: TFDS cannot build it.
    """
    info = builder_of(name).info
    return image_key_of(info) is None and _usual_text(info) is not None


def load(name: str, told: Told, hold_out: HoldOut) -> Dataset:
    """The dataset's own test split, or one held out; the text that `told.column` names.

    Raises:
        DatasetError: it has no such text, or cannot be prepared or read.
    """
    builder = builder_of(name)
    key = _key(name, builder.info, told.column)
    prepare(name, builder, "'nci', the molecules that come with RDKit")
    train, test = tfds_examples.split_names(name, builder.info)
    parts = {"all": train} if test is None else {"train": train, "test": test}
    source = loading.Source(
        {part: _read(name, builder, split, key) for part, split in parts.items()},
        name,
        tfds_examples.named(name),
        tfds_examples.source(builder.info),
        tfds_examples.licence(builder.info),
        usual=loading.usual_of(key),
        test_set=f"TFDS's own {test!r} split",
        notes=(f"Strings are the examples' {key}.", unused_splits(builder.info, parts.values())),
    )
    return loading.dataset(source, told, hold_out)


def _key(name: str, info: Any, column: str | None) -> str:
    """The feature that is read."""
    known = texts_of(info)
    key = column or _usual_text(info)
    if key in known:
        return key
    shown = ", ".join(known) or "none"
    if column is None:
        raise DatasetError(
            f"Of the texts of the TFDS dataset {name!r}, say which one: column= or --column, one "
            f"of its texts ({shown})."
        )
    plain = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(column[:60].casefold(), plain, n=1)
    nearest = f" Nearest: {plain[close[0]]}." if close else ""
    raise DatasetError(
        f"The examples of the TFDS dataset {name!r} have no text {printable(column)!r:.60}; they "
        f"have {shown}.{nearest}"
    )


def _usual_text(info: Any) -> str | None:
    known = texts_of(info)
    return next((key for key in known if key.lower() in (loading.SMILES, loading.SELFIES)), None)


def _read(name: str, builder: Any, split: str, key: str) -> Iterator[Line]:
    """The texts of a split, in the order of TFDS; the number is that of the example."""
    number = 0
    with tfds_examples.readable(name, builder):
        for batch in tfds_examples.batches(builder, split, (key, None)):
            for text in batch[key].tolist():
                number += 1
                yield Line(number, _decoded(text))


def _decoded(text: bytes | str) -> str | None:
    try:
        return (text.decode() if isinstance(text, bytes) else text).strip()
    except UnicodeDecodeError:
        return None
