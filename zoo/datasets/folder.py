"""The user's images, of any size and mode: a folder, or a .zip or .tar of one."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePath

import numpy as np

from zoo.artifact.schema import EIGHT_BITS, Schema
from zoo.datasets import archives, decoding
from zoo.datasets.base import (
    FEWEST_EXAMPLES,
    UNKNOWN_LICENCE,
    Dataset,
    HoldOut,
    ImageShape,
    Split,
)
from zoo.datasets.containers import Container, Folder, Listing
from zoo.datasets.reading import first_five, printable
from zoo.errors import DatasetError

_TRAIN_FOLDERS = ("train", "training")
_TEST_FOLDERS = ("test", "testing", "validation", "valid", "val")  # the first that exists


def load(
    path: Path,
    hold_out: HoldOut,
    image_shape: ImageShape | None,
    memory_share: float,
    cache_dir: str | os.PathLike[str] | None,
    skip_corrupt: bool,
) -> Dataset:
    """Every image in the folder or archive, resized and centre-cropped to one shape.

    The shape is chosen by the files where it is not given, see `zoo.datasets.image_sizes`.
    """
    with Folder(path) if path.is_dir() else archives.opened(path) as container:
        listing = container.listing()
        _check_listing(container, listing)
        parts = _own_split(listing.images)
        chosen = [image for part in parts for image in part]
        shape, notes = decoding.shape_of(container, chosen, image_shape)
        pixels, whole = decoding.decoded(
            container, chosen, shape, memory_share, cache_dir, skip_corrupt
        )
    train, test, words, sentence = _splits(container, parts, pixels, whole, hold_out)
    if unused := len(listing.images) - len(chosen):
        sentence += f" {unused:,} images elsewhere in the {container.word} are not used."
    return Dataset(
        name=container.slug,
        train=train,
        test=test,
        schema=Schema("image", shape, spacing=EIGHT_BITS, uint8=True, classes=words),
        source=f"the user's own {container.word} {container.name}, {whole.sum():,} images, resized "
        "and centre-cropped",
        licence=UNKNOWN_LICENCE,
        test_split=sentence,
        notes=(*notes, *_left_out(listing), *decoding.corrupt_note(chosen, whole)),
    )


def _check_listing(container: Container, listing: Listing) -> None:
    if listing.unreadable:
        advice = "Remove them, or move them elsewhere."
        if container.word == "archive":
            advice = "Pack it anew without them, with what links lead to in their place."
        raise DatasetError(
            f"{container.shown} has {len(listing.unreadable):,} images that are no files to read: "
            f"{first_five(listing.unreadable)}. {advice}"
        )
    if len(listing.images) < FEWEST_EXAMPLES:
        besides = ""
        if listing.left_out:
            besides = f" What lies there besides: {first_five(listing.left_out)}."
        raise DatasetError(
            f"{container.shown} has {len(listing.images)} images; at least {FEWEST_EXAMPLES} are "
            "wanted (.jpg, .png, .tif, .webp and all else that Pillow opens, in subfolders too)."
            f"{besides} Add images, or give another folder."
        )


def _left_out(listing: Listing) -> list[str]:
    if not listing.left_out:
        return []
    return [
        f"Left out, being of no image format or hidden: {len(listing.left_out):,} "
        f"({first_five(listing.left_out)})."
    ]


def _own_split(images: Sequence[PurePath]) -> list[list[PurePath]]:
    """[train, test] where there are folders of these names, else [all]."""
    by_name: dict[str, list[PurePath]] = {}
    for image in images:
        if len(image.parts) > 1:
            by_name.setdefault(image.parts[0].lower(), []).append(image)
    train = next((by_name[name] for name in _TRAIN_FOLDERS if name in by_name), None)
    test = next((by_name[name] for name in _TEST_FOLDERS if name in by_name), None)
    if train is None or test is None:
        return [list(images)]
    return [train, test]


def _splits(
    container: Container,
    parts: Sequence[Sequence[PurePath]],
    pixels: np.ndarray,
    whole: np.ndarray,
    hold_out: HoldOut,
) -> tuple[Split, Split, tuple[str, ...], str]:
    """(train, test, words of the classes, sentence on the test set), of the whole images."""
    chosen = [image for part in parts for image in part]
    rows = np.flatnonzero(whole)
    images = pixels if whole.all() else Split(pixels).subset(rows).images
    kept = [chosen[row] for row in rows]
    if len(parts) == 1:
        labels, words = _labels(kept)
        train, test, sentence = hold_out.parts(Split(images, labels))
        return train, test, words, sentence
    labels, words = _labels([PurePath(*image.parts[1:]) for image in kept])
    split = Split(images, labels)
    n_train = int(whole[: len(parts[0])].sum())
    folders = [printable(part[0].parts[0]) for part in parts]
    for folder, n in zip(folders, (n_train, len(kept) - n_train), strict=True):
        if not n:
            raise DatasetError(
                f"No image of {folder}/ in {container.shown} can be decoded. Save them again from "
                "their originals."
            )
    train = split.subset(slice(0, n_train)).as_loaded()
    test = split.subset(slice(n_train, None)).as_loaded()
    sentence = f"The {container.word}'s own {folders[0]}/ and {folders[1]}/, n={len(test):,}."
    return train, test, words, sentence


def _labels(images: Sequence[PurePath]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The index of each image's first folder, and those folders' names in order.

    (None, ()) unless all images lie in two or more of them.
    """
    if any(len(image.parts) < 2 for image in images):
        return None, ()
    names = [image.parts[0] for image in images]
    index = {name: i for i, name in enumerate(sorted(set(names)))}
    if len(index) < 2:
        return None, ()
    # Into a manifest and onto a terminal goes what both can hold.
    words = tuple(printable(name) for name in index)
    return np.array([index[name] for name in names], dtype=np.int64), words
