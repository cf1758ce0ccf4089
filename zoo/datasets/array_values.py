"""Arrays as splits: their shapes, values, labels and lengths, or what is wrong with them."""

from collections.abc import Iterator

import numpy as np

from zoo.datasets.base import ImageShape, Rows, Split, as_uint8_or_float32
from zoo.errors import DatasetError

_CHUNK_BYTES = 16 * 2**20
_KINDS = ("x", "y", "length")


def split_of(
    shown: str,
    stored: dict[str, np.ndarray],
    part: str,
    image_shape: ImageShape | None,
) -> Split:
    x, y, length = (kind + part for kind in _KINDS)
    sequences = length in stored
    given = _shaped(f"{shown} ({x})", stored[x], image_shape, sequences)
    _check_values(f"{shown} ({x})", given, bounded=given.ndim == 4)
    labels = labels_of(shown, stored, y, len(given))
    lengths = None
    if sequences:
        lengths = _lengths(f"{shown} ({length})", stored[length], given.shape)
    return Split(_images(given), labels, lengths)


def _images(given: np.ndarray) -> np.ndarray | Rows:
    """The array as a split holds it."""
    if not isinstance(given, np.memmap):
        return as_uint8_or_float32(given)
    if given.dtype in (np.uint8, np.float32):
        return given
    return Rows(given)  # Converted row by row, so that it may be larger than memory.


def _shaped(
    where: str,
    images: np.ndarray,
    image_shape: ImageShape | None,
    sequences: bool,
) -> np.ndarray:
    ranks, wanted = (2, 4), "[n, height, width], [n, height, width, 1 or 3] or [n, features]"
    if sequences:
        ranks, wanted = (3, 4), "[n, steps, features] or [n, height, width, 1 or 3]"
    elif images.ndim == 3:
        images = images[..., None]
    if images.ndim not in ranks or (images.ndim == 4 and images.shape[-1] not in (1, 3)):
        raise DatasetError(f"{where} has the shape {list(images.shape)}; wanted: {wanted}.")
    if 0 in images.shape:
        raise DatasetError(f"{where} is empty: its shape is {list(images.shape)}.")
    if image_shape is not None and images.shape[1:][: len(image_shape)] != image_shape:
        raise DatasetError(
            f"{where} has examples of {images.shape[1:]}, and image_shape={image_shape} was asked "
            "for. Arrays are not resized: resize them, or leave image_shape out."
        )
    return images


def _chunks(images: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(first row, rows) one after the other, so that what is larger than memory can be read."""
    rows = max(1, _CHUNK_BYTES // max(1, images[:1].nbytes))
    for start in range(0, len(images), rows):
        yield start, np.asarray(images[start : start + rows])


def are_binary(images: np.ndarray) -> bool:
    """Whether there are two values only: 0, and 1 (of 8-bit values 255)."""
    if images.dtype == np.bool_:
        return True
    high = 255 if images.dtype == np.uint8 else 1
    return all(((chunk == 0) | (chunk == high)).all() for _, chunk in _chunks(images))


def are_within(images: np.ndarray) -> bool:
    """Whether all values are in [0, 1], to which 8-bit ones are scaled."""
    return images.dtype in (np.bool_, np.uint8) or all(
        chunk.min() >= 0 and chunk.max() <= 1 for _, chunk in _chunks(images)
    )


def _check_values(where: str, images: np.ndarray, bounded: bool) -> None:
    if images.dtype == np.bool_:
        return
    if images.dtype == np.uint8:
        _check_eight_bits(where, images)
        return
    if images.dtype == np.object_ or images.dtype.kind in "US":
        raise DatasetError(
            f"{where} has the dtype {images.dtype}, and wanted are numbers. Of a frame leave out "
            "the columns that hold none, or take it as a table: zoo.datasets.from_frame(frame), "
            "for table_vae."
        )
    if not np.issubdtype(images.dtype, np.floating):
        raise DatasetError(
            f"{where} has the dtype {images.dtype}; wanted: uint8 in 0..255, bool, or a float. If "
            "the values are 0..255: x.astype('uint8')."
        )
    first: tuple[tuple[int, ...], float] | None = None
    lowest, highest = np.inf, -np.inf
    for start, chunk in _chunks(images):
        finite = np.isfinite(chunk)
        lowest = min(lowest, float(chunk.min(where=finite, initial=np.inf)))
        highest = max(highest, float(chunk.max(where=finite, initial=-np.inf)))
        bad = ~(finite & (chunk >= 0) & (chunk <= 1)) if bounded else ~finite
        if first is None and bad.any():
            at = tuple(int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape))
            first = (start + at[0], *at[1:]), float(chunk[at])
    if first is not None:
        index, value = first
        raise DatasetError(
            f"{where} has the value {value:g} at index {index}; wanted: finite values"
            f"{' in [0, 1]' if bounded else ''}. The finite values range from {lowest:g} to "
            f"{highest:g}. " + _remedy(lowest, highest, bounded) + _if_series(images, bounded)
        )


def _check_eight_bits(where: str, images: np.ndarray) -> None:
    """Refuses zeros and ones: as values of 0..255 they would be nearly black."""
    if all(chunk.max() <= 1 for _, chunk in _chunks(images)):
        raise DatasetError(
            f"{where} has the dtype uint8, of which 0..255 are wanted, and no value above 1. "
            "If the values are 0 and 1: x.astype(bool)."
        )


def _if_series(images: np.ndarray, bounded: bool) -> str:
    """What to do where grey pictures may be no pictures."""
    if not bounded or images.shape[-1] != 1:
        return ""
    return " If x is [n, steps, features] and no pictures: --kind series, or call it `series`."


def _remedy(lowest: float, highest: float, bounded: bool) -> str:
    if not bounded or (lowest >= 0 and highest <= 1):
        return "Remove or replace the values that are not finite."
    if lowest >= 0 and 2 < highest <= 255:
        return "If these are pixels of 0..255, divide by 255."
    if -1 <= lowest < 0 and highest <= 1:
        return "If these are pixels of -1..1, use (x + 1) / 2."
    return "Rescale: (x - x.min()) / (x.max() - x.min())."


def labels_of(shown: str, stored: dict[str, np.ndarray], key: str, n: int) -> np.ndarray | None:
    """int64 [n] of the labels under a key of a file; None where it has none.

    Raises:
        DatasetError: for what is no class index for each of n examples.
    """
    if key not in stored:
        return None
    where, labels = f"{shown} ({key})", stored[key]
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (n,) or not np.issubdtype(labels.dtype, np.integer):
        raise DatasetError(
            f"{where} has the shape {list(labels.shape)} and the dtype {labels.dtype}; wanted: "
            f"integers [{n}], one class index for each example."
        )
    if labels.size and int(labels.max()) > np.iinfo(np.int64).max:
        raise DatasetError(f"{where} has the class {labels.max()}; wanted: an int64.")
    return labels.astype(np.int64)


def _lengths(where: str, lengths: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    n, steps = shape[:2]
    if lengths.shape != (n,) or not np.issubdtype(lengths.dtype, np.integer):
        raise DatasetError(
            f"{where} has the shape {list(lengths.shape)} and the dtype {lengths.dtype}; wanted: "
            f"integers [{n}], the number of steps of each sequence."
        )
    outside = (lengths < 0) | (lengths > steps)
    if outside.any():
        i = int(outside.argmax())
        raise DatasetError(
            f"{where} is {lengths[i]} at index {i}, and x has {steps} steps; wanted: 0 to {steps}."
        )
    return lengths.astype(np.int64)
