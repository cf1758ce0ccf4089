"""Any image dataset of TensorFlow Datasets (TFDS), by its name there."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.artifact.schema import EIGHT_BITS, Schema
from zoo.datasets import fingerprint, storage, tfds_examples
from zoo.datasets.base import Dataset, HoldOut, ImageShape, Split
from zoo.datasets.formats import pillow
from zoo.datasets.pixels import fit
from zoo.datasets.tfds_builders import (
    builder_of,
    image_key_of,
    prepare,
    texts_of,
)
from zoo.datasets.tfds_notes import notes
from zoo.errors import DatasetError

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
        texts = texts_of(info)
        of_texts = f" Of its texts, {', '.join(texts)}, one is read by column= (--column)."
        raise DatasetError(
            f"The TFDS dataset {name!r} has no image in its examples (it has "
            f"{', '.join(info.features)}); wanted: an image dataset such as mnist or cifar10."
            f"{of_texts if texts else ''}"
        )
    prepare(name, builder)
    shape = _shape(image_shape, info.features[image_key])
    train_name, test_name = tfds_examples.split_names(name, info)
    parts = {"train": train_name} if test_name is None else {"train": train_name, "test": test_name}
    arrays = _decoded(name, builder, image_key, shape, parts, memory_share, cache_dir)
    splits = {part: Split(arrays[f"{part}_images"], arrays.get(f"{part}_labels")) for part in parts}
    if test_name is None:
        train, test, sentence = hold_out.parts(splits["train"])
    else:
        train, test = splits["train"], splits["test"]
        sentence = f"TFDS's own {test_name!r} split, n={len(test):,}."
    return Dataset(
        name=tfds_examples.named(name),
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
        source=tfds_examples.source(info),
        licence=tfds_examples.licence(info),
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
        with tfds_examples.readable(name, builder):
            decode(arrays)

    def decode(arrays: storage.Arrays) -> None:
        # Made before the progress bar: this loads TensorFlow, which takes seconds.
        examples = {
            part: tfds_examples.batches(builder, split, (image_key, label_key))
            for part, split in parts.items()
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
        named = f"{tfds_examples.named(name)}-{builder.version}-{'-'.join(parts.values())}"
        return f"{named}-{content}-{sides}"

    return storage.decoded(fields, write, key=key, memory_share=memory_share, cache_dir=cache_dir)


def _prepared_files(builder: Any, splits: Iterable[str]) -> tuple[Path, list[Path]]:
    """(folder, the files below it) that hold the splits' examples and say how they are stored."""
    folder = Path(builder.data_dir)
    shards = {Path(path).name for split in splits for path in builder.info.splits[split].filepaths}
    described = [file.name for file in sorted(folder.glob("*.json"))]
    return folder, [Path(name) for name in sorted({*shards, *described})]


def _fitted(images: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """uint8 [b, *shape] from images [b, height, width, channels] of another size or depth."""
    images = _eight_bits(images)
    if images.shape[1:] == shape:
        return images
    return np.stack([fit(_as_pillow(image), shape) for image in images])


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
