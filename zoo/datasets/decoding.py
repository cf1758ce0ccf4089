"""All images of a folder or an archive: their headers, and their pixels as one array."""

import functools
import warnings
from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import PurePath
from typing import BinaryIO, TypeVar

import numpy as np

from zoo.datasets import image_sizes, storage
from zoo.datasets.base import ImageShape
from zoo.datasets.containers import Container, Failure
from zoo.datasets.pixels import decode, header
from zoo.datasets.reading import first_five, printable
from zoo.errors import DatasetError

T = TypeVar("T")

_MOST_CORRUPT = 0.5
_AGAIN = "Remove them, or save them again from their originals"


def shape_of(
    container: Container, images: Sequence[PurePath], image_shape: ImageShape | None
) -> tuple[tuple[int, int, int], list[str]]:
    """((height, width, channels), notes): as given, else chosen by the headers of all images."""
    if image_shape is not None and len(image_shape) == 3:
        return image_shape, []
    headers, failures = [], {}
    for i, made in _each(container, images, header, "Reading the sizes of"):
        if isinstance(made, Failure):
            failures[i] = made
        else:
            headers.append(made)
    if not headers:
        raise DatasetError(_refusal(container, images, failures))
    shape, note = image_sizes.choose(headers, image_shape)
    return shape, [note]


def decoded(
    container: Container,
    images: Sequence[PurePath],
    image_shape: tuple[int, int, int],
    memory_share: float,
    cache_dir: str | PathLike[str] | None,
    skip_corrupt: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """(uint8 [n, *image_shape], bool [n]: which images are whole); the others' pixels are 0.

    Raises:
        DatasetError: for the first five images that are not whole, unless `skip_corrupt`; for those
            that cannot be read at all, and where more than half are corrupt, in any case.
    """

    def key() -> str:
        sides = "x".join(str(side) for side in image_shape)
        return f"{container.slug}-{container.digest(images)}-{sides}"

    def write(arrays: storage.Arrays) -> None:
        failures = {}
        decode_one = functools.partial(decode, image_shape=image_shape)
        for i, made in _each(container, images, decode_one, "Decoding"):
            if isinstance(made, Failure):
                failures[i] = made
            arrays["images"][i] = 0 if isinstance(made, Failure) else made
            arrays["whole"][i] = not isinstance(made, Failure)
        _check(container, images, failures, skip_corrupt)

    fields = {
        "images": ((len(images), *image_shape), np.uint8),
        "whole": ((len(images),), np.bool_),
    }
    arrays = storage.decoded(fields, write, key=key, memory_share=memory_share, cache_dir=cache_dir)
    whole = np.array(arrays["whole"])
    if not skip_corrupt and not whole.all():  # They were kept by a load that skipped them.
        reason = Failure("it could not be decoded", corrupt=True)
        _check(container, images, dict.fromkeys(np.flatnonzero(~whole).tolist(), reason), False)
    return arrays["images"], whole


def corrupt_note(images: Sequence[PurePath], whole: np.ndarray) -> list[str]:
    """A sentence that names what was left out, if anything was."""
    names = [printable(images[i]) for i in np.flatnonzero(~whole).tolist()]
    if not names:
        return []
    return [
        f"{len(names):,} of {len(images):,} images cannot be decoded and are left out: "
        f"{first_five(names)}."
    ]


def _each(
    container: Container, images: Sequence[PurePath], work: Callable[[BinaryIO], T], doing: str
) -> Iterator[tuple[int, T | Failure]]:
    with (
        storage.progress(len(images), f"{doing} {container.name}") as bar,
        warnings.catch_warnings(),
    ):
        # Of large images, which `decode` bounds, and of damage, which it survives or names.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        for result in container.each(images, work):
            yield result
            bar.update()


def _check(
    container: Container,
    images: Sequence[PurePath],
    failures: dict[int, Failure],
    skip_corrupt: bool,
) -> None:
    corrupt = {i: failure for i, failure in failures.items() if failure.corrupt}
    if failures and not skip_corrupt:
        raise DatasetError(_refusal(container, images, failures))
    if len(corrupt) < len(failures):
        closed = {i: failure for i, failure in failures.items() if not failure.corrupt}
        raise DatasetError(_refusal(container, images, closed))
    if len(corrupt) > _MOST_CORRUPT * len(images):
        raise DatasetError(
            f"{_named(container, images, failures)}. That is more than half, and not left out: "
            f"{_AGAIN}."
        )


def _refusal(container: Container, images: Sequence[PurePath], failures: dict[int, Failure]) -> str:
    advice = f"{_AGAIN}"
    if any(failure.corrupt for failure in failures.values()):
        advice += ", or leave out what is corrupt: --skip-corrupt (skip_corrupt=True)"
    return f"{_named(container, images, failures)}. {advice}."


def _named(container: Container, images: Sequence[PurePath], failures: dict[int, Failure]) -> str:
    named = [f"{printable(images[i])} ({failures[i].reason})" for i in sorted(failures)]
    return (
        f"{len(failures):,} of {len(images):,} images in {container.shown} cannot be read: "
        f"{first_five(named)}"
    )
