"""What a user is told of a TFDS dataset besides its schema: what was made of it, what was not."""

from collections.abc import Iterable
from typing import Any

import numpy as np

Shape = tuple[int, int, int]


def notes(info: Any, image_key: str, shape: Shape, used: Iterable[str]) -> tuple[str, ...]:
    """Sentences: images that were resized, labels that are not read, splits that are not used.

    Args:
        info: of the builder.
        image_key: of the feature that is the image.
        shape: (height, width, channels) that images are given.
        used: names of the splits that examples are taken from.
    """
    said = [_size(info.features[image_key].shape, shape), _label(info), unused_splits(info, used)]
    return tuple(each for each in said if each)


def _size(stored: Iterable[int | None], shape: Shape) -> str:
    of_examples = tuple(stored)
    if of_examples == shape or None in of_examples:
        return ""
    (height, width, *_), (rows, columns, _) = of_examples, shape
    return f"Images of {width}x{height} pixels (width x height) are made {columns}x{rows}."


def _label(info: Any) -> str:
    feature = info.features["label"] if "label" in info.features else None
    if feature is None or np.issubdtype(feature.np_dtype, np.integer):
        return ""
    return "The label is no whole number but a text, and is not read: there are no labels."


def unused_splits(info: Any, used: Iterable[str]) -> str:
    """A sentence on the splits that no example is taken from, or none: ""."""
    taken = set(used)
    left = [name for name in info.splits if name not in taken]
    if not left:
        return ""
    counted = ", ".join(f"{name!r} ({info.splits[name].num_examples:,} examples)" for name in left)
    return f"Not used: TFDS's split{'s' if len(left) > 1 else ''} {counted}."
