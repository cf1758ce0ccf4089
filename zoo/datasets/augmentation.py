"""Training pictures as they might have been: mirrored, and moved a little."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.artifact.schema import IMAGE, Schema
from zoo.errors import DatasetError

AUGMENTATIONS = ("flip", "shift")
SHIFT = 8  # a picture moves by at most an eighth of its height and its width


def require(augment: Sequence[str], schema: Schema) -> None:
    """Refuses augmentations that are unknown, or that data of this schema cannot have.

    Raises:
        DatasetError: saying which.
    """
    if isinstance(augment, str) or not set(augment) <= set(AUGMENTATIONS):
        raise DatasetError(
            f"augment={augment!r} is unknown; give a tuple of {' and '.join(AUGMENTATIONS)}, of "
            "one of them, or of none."
        )
    if augment and schema.kind != IMAGE:
        raise DatasetError(
            f"augment={augment!r} is of images, and one example of this data is a {schema.kind} of "
            f"shape {list(schema.shape)}, which has no left and right. Leave augment out."
        )
    if "shift" in augment and max(schema.shape[:2]) < SHIFT:
        height, width = schema.shape[:2]
        raise DatasetError(
            f"'shift' moves images by up to an eighth of their size, and these of {height}x{width} "
            f"pixels have none to move by: {SHIFT} or more are wanted in one direction. Leave "
            "'shift' out."
        )


def moves(
    shape: Sequence[int], augment: Sequence[str], generator: np.random.Generator
) -> np.ndarray:
    """int32 [batch, 3], draws for images [batch, height, width, channels]: down, right, mirrored.

    "flip" mirrors left and right with probability 1/2. "shift" moves by whole pixels, up to an
    eighth of the height and of the width, each distance being as likely. An image's flip is the
    same whether it is shifted, too, or not.
    """
    uniform = generator.random((shape[0], 3))
    drawn = np.zeros((shape[0], 3), np.int32)
    if "shift" in augment:
        for axis, size in enumerate(shape[1:3]):
            farthest = size // SHIFT
            drawn[:, axis] = np.floor(uniform[:, axis] * (2 * farthest + 1)) - farthest
    if "flip" in augment:
        drawn[:, 2] = uniform[:, 2] < 0.5
    return drawn


def moved(x: Any, drawn: Any, library: Any = np) -> Any:
    """Images [batch, height, width, channels], each moved as `moves` drew it; edges are repeated.

    Args:
        library: numpy, of arrays, or `keras.ops`, of tensors.
    """
    height, width, channels = x.shape[1:]
    rows = np.arange(height, dtype=np.int32)[None] - drawn[:, 0:1]
    columns = np.arange(width, dtype=np.int32)[None] - drawn[:, 1:2]
    rows, columns = library.clip(rows, 0, height - 1), library.clip(columns, 0, width - 1)
    columns = library.where(drawn[:, 2:3] == 1, width - 1 - columns, columns)
    first = library.arange(library.shape(x)[0], dtype="int32")[:, None] * height
    pixels = (first + rows)[:, :, None] * width + columns[:, None, :]
    flat = library.take(library.reshape(x, (-1, channels)), library.reshape(pixels, (-1,)), axis=0)
    return library.reshape(flat, (-1, height, width, channels))
