"""What dynamic binarization draws, the same bits by numpy on the host and within a compiled step.

Threefry (`zoo.noise`), keyed by the seed, the step and the example, gives numbers of 16 bits, four
a call: a value v in [0, 1] becomes 1 with the probability round(v * 2**16) / 2**16.
"""

from typing import Any

import keras
import numpy as np

from zoo import noise

LEVELS = 2**16
_STREAM = 1  # of keys; a training seed is the other half
_HALF = np.uint32(LEVELS - 1)


def ones(x: Any, seed: int, rows: Any, library: Any = np) -> Any:
    """bool [batch, *event]: which values become 1, drawn anew for each step.

    Args:
        x: [batch, *event], float32 in [0, 1], or uint8 in [0, 255].
        seed: below 2**32.
        rows: int32 [batch, 2 or more], the place of each example in its split, and the step.
        library: numpy, of arrays, or `keras.ops`, of tensors.
    """
    count = int(np.prod(x.shape[1:]))
    drawn = library.reshape(_numbers(seed, rows, count, library), (-1, *x.shape[1:]))
    return drawn < chances(x, library)


def chances(x: Any, library: Any = np) -> Any:
    """int32 of the shape of x: in how many of `LEVELS` draws a value becomes 1."""
    if keras.backend.standardize_dtype(x.dtype) == "uint8":
        whole = _cast(x, "int32", library)
        return whole * 257 + library.right_shift(whole, 7)  # round(x / 255 * LEVELS)
    # 128 / 255 is halfway in float32, where `round` goes to the even one.
    return _cast(library.floor(x * np.float32(LEVELS) + np.float32(0.5)), "int32", library)


def _numbers(seed: int, rows: Any, count: int, library: Any) -> Any:
    """int32 [batch, count], each from 0 to below `LEVELS`."""
    place, step = (_cast(rows[:, column], "uint32", library) for column in (0, 1))
    key = noise.threefry(tuple(np.array([[seed], [_STREAM]], np.uint32)), (step, place), library)
    blocks = -(-count // 4)
    counter = np.arange(blocks, dtype=np.uint32)[None], np.zeros((1, blocks), np.uint32)
    words = noise.threefry((key[0][:, None], key[1][:, None]), counter, library)
    parts = [
        half
        for word in words
        for half in (
            library.bitwise_and(word, _tensor(_HALF, library)),
            library.right_shift(word, _tensor(np.uint32(16), library)),
        )
    ]
    return _cast(library.concatenate(parts, axis=1)[:, :count], "int32", library)


def _cast(x: Any, dtype: str, library: Any) -> Any:
    return x.astype(dtype) if library is np else library.cast(x, dtype)


def _tensor(value: np.uint32, library: Any) -> Any:
    return value if library is np else library.convert_to_tensor(value, "uint32")
