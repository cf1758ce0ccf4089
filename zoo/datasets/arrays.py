"""The user's own arrays: .npy (memory-mapped) and .npz."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from zoo.datasets import storage
from zoo.datasets.base import (
    UNKNOWN_LICENCE,
    Dataset,
    Rows,
    Split,
    as_uint8_or_float32,
    hold_out,
    slug,
)
from zoo.errors import DatasetError

SUFFIXES = (".npz", ".npy")

_CHUNK_BYTES = 16 * 2**20
_NPZ_KEYS = "x (or x_train and x_test), and if there are labels y (or y_train and y_test)"


def load(
    path: Path,
    seed: int,
    test_share: float,
    image_shape: tuple[int, int, int] | None,
    memory_share: float,
) -> Dataset:
    """[n, height, width], [n, height, width, 1 or 3] or [n, features]; uint8, bool or float.

    A .npy larger than `memory_share` of the memory stays on disk; a .npz is read whole.
    """
    stored = _read(path)
    if path.stat().st_size <= memory_share * storage.physical_memory():
        stored = {key: np.array(values) for key, values in stored.items()}
    if "x_train" in stored:
        train = _split(path, stored, "x_train", "y_train", image_shape)
        test = _split(path, stored, "x_test", "y_test", image_shape)
        if train.images.shape[1:] != test.images.shape[1:]:
            raise DatasetError(
                f"{path}: x_train has examples of {train.images.shape[1:]} and x_test of "
                f"{test.images.shape[1:]}; they must be the same."
            )
        sentence = f"The file's own x_test, n={len(test):,}."
    else:
        whole = _split(path, stored, "x", "y", image_shape)
        train, test, sentence = hold_out(whole, test_share, seed)
    return Dataset(
        name=slug(path.stem),
        train=train,
        test=test,
        event_shape=tuple(train.images.shape[1:]),
        source=f"the user's own file {path.name}",
        licence=UNKNOWN_LICENCE,
        test_split=sentence,
    )


def _read(path: Path) -> dict[str, np.ndarray]:
    """Arrays by key; a .npy and an unnamed array of an .npz get the key x."""
    try:
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
        if isinstance(stored, np.ndarray):
            return {"x": stored}
        with stored:
            return _named(path, {key: stored[key] for key in _wanted(path, stored.files)})
    except DatasetError:
        raise
    except MemoryError as error:
        raise DatasetError(
            f"{path} does not fit in memory: {error}. Save the array with np.save as a .npy: "
            "that is read from disk as it is needed."
        ) from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DatasetError(
            f"{path} cannot be read as NumPy arrays: {error}. Wanted: a .npy or .npz of plain "
            "numbers, written by np.save or np.savez (object arrays are refused: they are pickles)."
        ) from error


def _wanted(path: Path, keys: list[str]) -> list[str]:
    given = set(keys)
    if {"x_train", "x_test"} <= given:
        return [key for key in ("x_train", "x_test", "y_train", "y_test") if key in given]
    if "x" in given:
        return [key for key in ("x", "y") if key in given]
    if keys == ["arr_0"]:
        return keys
    raise DatasetError(
        f"{path} has the keys {', '.join(sorted(keys)) or '(none)'}; wanted: {_NPZ_KEYS}."
    )


def _named(path: Path, stored: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if ("y_train" in stored) != ("y_test" in stored):
        raise DatasetError(f"{path} has labels for one of x_train and x_test only; wanted: both.")
    return {"x": stored["arr_0"]} if "arr_0" in stored else stored


def _split(
    path: Path,
    stored: dict[str, np.ndarray],
    x: str,
    y: str,
    image_shape: tuple[int, int, int] | None,
) -> Split:
    images = _shaped(f"{path} ({x})", stored[x], image_shape)
    _check_values(f"{path} ({x})", images)
    if not isinstance(images, np.memmap):
        images = as_uint8_or_float32(images)
    elif images.dtype not in (np.uint8, np.float32):
        images = Rows(images)  # Converted row by row, so that it may be larger than memory.
    labels = _labels(f"{path} ({y})", stored[y], len(images)) if y in stored else None
    return Split(images, labels)


def _shaped(where: str, images: np.ndarray, image_shape: tuple[int, int, int] | None) -> np.ndarray:
    wanted = "[n, height, width], [n, height, width, 1 or 3] or [n, features]"
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim not in (2, 4) or (images.ndim == 4 and images.shape[-1] not in (1, 3)):
        raise DatasetError(f"{where} has the shape {list(images.shape)}; wanted: {wanted}.")
    if 0 in images.shape:
        raise DatasetError(f"{where} is empty: its shape is {list(images.shape)}.")
    if image_shape is not None and images.shape[1:] != image_shape:
        raise DatasetError(
            f"{where} has examples of {images.shape[1:]}, and image_shape={image_shape} was asked "
            "for. Arrays are not resized: resize them, or leave image_shape out."
        )
    return images


def _check_values(where: str, images: np.ndarray) -> None:
    """Chunk by chunk, so that a memory map larger than memory can be checked."""
    if images.dtype in (np.uint8, np.bool_):
        return
    if not np.issubdtype(images.dtype, np.floating):
        raise DatasetError(
            f"{where} has the dtype {images.dtype}; wanted: uint8 in 0..255, bool, or a float in "
            "[0, 1]. If the values are 0..255: x.astype('uint8')."
        )
    first, lowest, highest = None, np.inf, -np.inf
    rows = max(1, _CHUNK_BYTES // max(1, images[:1].nbytes))
    for start in range(0, len(images), rows):
        chunk = np.asarray(images[start : start + rows])
        finite = np.isfinite(chunk)
        lowest = min(lowest, float(chunk.min(where=finite, initial=np.inf)))
        highest = max(highest, float(chunk.max(where=finite, initial=-np.inf)))
        bad = ~(finite & (chunk >= 0) & (chunk <= 1))
        if first is None and bad.any():
            index = np.unravel_index(int(bad.argmax()), bad.shape)
            value = float(chunk[index])
            first = (start + int(index[0]), *(int(i) for i in index[1:])), value
    if first is not None:
        index, value = first
        raise DatasetError(
            f"{where} has the value {value:g} at index {index}; wanted: finite values in [0, 1]. "
            f"The finite values range from {lowest:g} to {highest:g}. "
            + _remedy(value, lowest, highest)
        )


def _remedy(value: float, lowest: float, highest: float) -> str:
    if lowest >= 0 and highest <= 1:
        return "Remove or replace the values that are not finite."
    if lowest >= 0 and 2 < highest <= 255:
        return "If these are pixels of 0..255, divide by 255."
    if -1 <= lowest < 0 and highest <= 1:
        return "If these are pixels of -1..1, use (x + 1) / 2."
    return "Rescale: (x - x.min()) / (x.max() - x.min())."


def _labels(where: str, labels: np.ndarray, n: int) -> np.ndarray:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (n,) or not np.issubdtype(labels.dtype, np.integer):
        raise DatasetError(
            f"{where} has the shape {list(labels.shape)} and the dtype {labels.dtype}; wanted: "
            f"integers [{n}], one class index for each example."
        )
    return labels.astype(np.int64)
