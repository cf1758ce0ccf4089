"""Any image dataset of TensorFlow Datasets (TFDS), by its name there."""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.artifact.schema import EIGHT_BITS, Schema
from zoo.datasets import fingerprint, storage, tfds_records
from zoo.datasets.base import UNKNOWN_LICENCE, Dataset, HoldOut, ImageShape, Split, slug
from zoo.datasets.formats import pillow
from zoo.datasets.pixels import fit
from zoo.datasets.reading import printable
from zoo.datasets.tfds_builders import (
    builder_of,
    has_tensorflow,
    image_key_of,
    library,
    one_line,
    prepare,
)
from zoo.datasets.tfds_notes import notes
from zoo.errors import DatasetError, MissingDependency

if TYPE_CHECKING:
    from PIL import Image

DEFAULT_SHAPE = (32, 32, 3)

INK = ("mnist", "emnist", "kmnist", "binarized_mnist", "quickdraw_bitmap")
"""Datasets of writing and drawing whose values say how much ink is there: 0 is paper."""

_BATCH = 512


def load(
    name: str,
    hold_out: HoldOut,
    image_shape: ImageShape | None,
    memory_share: float,
    cache_dir: str | os.PathLike[str] | None,
) -> Dataset:
    """The dataset's own test split, or one held out; images as uint8."""
    builder = builder_of(name)
    info = builder.info
    image_key = image_key_of(info)
    if image_key is None:
        raise DatasetError(
            f"The TFDS dataset {name!r} has no image in its examples (it has "
            f"{', '.join(info.features)}); wanted: an image dataset such as mnist or cifar10."
        )
    prepare(name, builder)
    shape = _shape(image_shape, info.features[image_key])
    train_name, test_name = _split_names(name, info)
    parts = {"train": train_name} if test_name is None else {"train": train_name, "test": test_name}
    arrays = _decoded(name, builder, image_key, shape, parts, memory_share, cache_dir)
    splits = {part: Split(arrays[f"{part}_images"], arrays.get(f"{part}_labels")) for part in parts}
    if test_name is None:
        train, test, sentence = hold_out.parts(splits["train"])
    else:
        train, test = splits["train"], splits["test"]
        sentence = f"TFDS's own {test_name!r} split, n={len(test):,}."
    return Dataset(
        name=_slug(name),
        train=train,
        test=test,
        schema=Schema(
            "image",
            shape,
            spacing=EIGHT_BITS,
            ink=shape[-1] == 1 and builder.name in INK,
            uint8=True,
            classes=_class_words(info),
        ),
        source=_source(info),
        licence=one_line(getattr(info, "license", None)) or UNKNOWN_LICENCE,
        test_split=sentence,
        notes=notes(info, image_key, shape, parts.values()),
    )


def _label_key(info: Any) -> str | None:
    feature = info.features["label"] if "label" in info.features else None
    if feature is None or feature.shape != () or not np.issubdtype(feature.np_dtype, np.integer):
        return None
    return "label"


def _class_words(info: Any) -> tuple[str, ...]:
    """The labels' words, as the dataset's author named them."""
    key = _label_key(info)
    return tuple(getattr(info.features[key], "names", None) or ()) if key else ()


def _shape(given: ImageShape | None, feature: Any) -> tuple[int, int, int]:
    """As given, else the images' own shape, if they all have one that the zoo takes."""
    if given is not None and len(given) == 3:
        return given
    stored = tuple(feature.shape)
    channels = stored[-1] if stored[-1] in (1, 3) else DEFAULT_SHAPE[-1]
    if given is not None:
        return *given, channels
    return stored if None not in stored and stored[-1] in (1, 3) else DEFAULT_SHAPE


def _split_names(name: str, info: Any) -> tuple[str, str | None]:
    test = next((split for split in ("test", "validation") if split in info.splits), None)
    others = [split for split in info.splits if split not in ("test", "validation")]
    if "train" in others:
        return "train", test
    if others:
        return others[0], test
    if test is None:
        raise DatasetError(f"The TFDS dataset {name!r} has no splits.")
    return test, None  # It has a test set only: part of it is held out of training.


def _decoded(
    name: str,
    builder: Any,
    image_key: str,
    shape: tuple[int, int, int],
    parts: dict[str, str],
    memory_share: float,
    cache_dir: str | os.PathLike[str] | None,
) -> storage.Arrays:
    label_key = _label_key(builder.info)
    fields: dict[str, tuple[tuple[int, ...], type]] = {}
    for part, split in parts.items():
        n = builder.info.splits[split].num_examples
        fields[f"{part}_images"] = ((n, *shape), np.uint8)
        if label_key:
            fields[f"{part}_labels"] = ((n,), np.int64)

    def write(arrays: storage.Arrays) -> None:
        try:
            decode(arrays)
        except (DatasetError, MissingDependency):
            raise
        # TensorFlow has errors of its own for files that are damaged, absent or not to be read.
        except Exception as error:
            raise DatasetError(
                f"The examples of the TFDS dataset {name!r} cannot be read from "
                f"{printable(builder.data_dir)} ({type(error).__name__}: {one_line(error)}). "
                "Remove that folder, and load the dataset again to prepare it anew."
            ) from error

    def decode(arrays: storage.Arrays) -> None:
        # Made before the progress bar: this loads TensorFlow, which takes seconds.
        examples = {
            part: _examples(builder, split, (image_key, label_key)) for part, split in parts.items()
        }
        total = sum(builder.info.splits[split].num_examples for split in parts.values())
        with storage.progress(total, f"Decoding {name}") as bar:
            for part in parts:
                at = 0  # TFDS itself counts them
                for batch in examples[part]:
                    images = _fitted(batch[image_key], shape)
                    arrays[f"{part}_images"][at : at + len(images)] = images
                    if label_key:
                        arrays[f"{part}_labels"][at : at + len(images)] = batch[label_key]
                    at += len(images)
                    bar.update(len(images))

    def key() -> str:
        folder, files = _prepared_files(builder, parts.values())
        digests = fingerprint.of_files(folder, files, f"Reading {name}")
        content = fingerprint.of_names(files, digests)
        sides = "x".join(str(side) for side in shape)
        named = f"{_slug(name)}-{builder.version}-{'-'.join(parts.values())}"
        return f"{named}-{content}-{sides}"

    return storage.decoded(fields, write, key=key, memory_share=memory_share, cache_dir=cache_dir)


def _prepared_files(builder: Any, splits: Iterable[str]) -> tuple[Path, list[Path]]:
    """(folder, the files below it) that hold the splits' examples and say how they are stored."""
    folder = Path(builder.data_dir)
    shards = {Path(path).name for split in splits for path in builder.info.splits[split].filepaths}
    described = [file.name for file in sorted(folder.glob("*.json"))]
    return folder, [Path(name) for name in sorted({*shards, *described})]


def _examples(builder: Any, split: str, keys: tuple[str, str | None]) -> Any:
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


def _fitted(images: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """uint8 [b, *shape] from images [b, height, width, channels] of another size or depth."""
    images = _eight_bits(images)
    if images.shape[1:] == shape:
        return images
    return np.stack([fit(_as_pillow(image), shape) for image in images])


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


def _eight_bits(images: np.ndarray) -> np.ndarray:
    if images.dtype == np.uint8:
        return images
    if images.dtype == np.uint16:
        return np.rint(images / 257).astype(np.uint8)
    raise DatasetError(
        f"The images of this TFDS dataset are {images.dtype}, whose range is not stated; wanted: "
        "uint8 or uint16. Save them scaled to [0, 1] as .npy, and load that file."
    )


def _as_pillow(image: np.ndarray) -> "Image.Image":
    return pillow().fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def _slug(name: str) -> str:
    return slug(name.split(":")[0])


def _source(info: Any) -> str:
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
