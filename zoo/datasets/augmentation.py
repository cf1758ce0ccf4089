"""Training pictures as they might have been: mirrored, and moved a little."""

from collections.abc import Sequence

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


def augmented(x: np.ndarray, augment: Sequence[str], generator: np.random.Generator) -> np.ndarray:
    """Images [batch, height, width, channels], each flipped and shifted by a draw of its own.

    "flip" mirrors left and right with probability 1/2. "shift" moves by whole pixels, up to an
    eighth of the height and of the width, each distance being as likely; the edge is repeated.
    An image's flip is the same whether it is shifted, too, or not.
    """
    batch, height, width, channels = x.shape
    uniform = generator.random((batch, 3))
    rows = np.broadcast_to(np.arange(height), (batch, height))
    columns = np.broadcast_to(np.arange(width), (batch, width))
    if "shift" in augment:
        rows = _shifted(rows, uniform[:, 0])
        columns = _shifted(columns, uniform[:, 1])
    if "flip" in augment:
        columns = np.where(uniform[:, 2:] < 0.5, width - 1 - columns, columns)
    first = np.arange(batch)[:, None] * height
    pixels = (first + rows)[:, :, None] * width + columns[:, None, :]
    return x.reshape(-1, channels).take(pixels.reshape(-1), axis=0).reshape(x.shape)


def _shifted(places: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Where the pixels of a moved axis come from: [batch, size] and [batch] -> [batch, size]."""
    size = places.shape[1]
    farthest = size // SHIFT
    distance = np.floor(uniform * (2 * farthest + 1)).astype(np.intp) - farthest
    return np.clip(places - distance[:, None], 0, size - 1)
