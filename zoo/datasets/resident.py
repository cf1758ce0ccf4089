"""Training examples that lie on the device; batches are made of them within the compiled step."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.datasets import augmentation, draws, storage
from zoo.datasets.binarization import BinarizedSplit

SHARE = 0.25
"""Of the memory of a device that examples may take; of a CPU, whose memory is the machine's."""

MEMORY_IF_UNKNOWN = 8 * 2**30
CHUNK = 4096


class Resident:
    """Makes the x of a training batch of the examples that it holds, on the device.

    Of Keras's tensors, which no model tracks: neither a checkpoint nor an artifact holds them. To
    JAX they are given as an input of the step (`carried`), for it would copy what a function refers
    to into the program; TensorFlow's functions refer to them.

    Args:
        values: uint8 or float32 [n, *event].
        scaled: whether uint8 stands for [0, 1], and not for 0 and 1.
        augment: what the rows hold draws for, as in `TrainingBatches`.
        seed: of the binarization that is drawn anew, or None.
    """

    def __init__(self, values: np.ndarray, scaled: bool, augment: Any, seed: int | None):
        self.values = _placed(values)
        self.scaled = scaled
        self.augment = augment
        self.seed = seed
        self._made = _compiled(self._make)

    def __call__(self, given: dict[str, Any]) -> Any:
        """float32 [batch, *event] of {"rows": int32 [batch, ...]}, see `TrainingBatches.rows`."""
        return self._made(given["rows"], given.get("values", self.values))

    def _make(self, rows: Any, values: Any) -> Any:
        x = ops.take(values, rows[:, 0], axis=0)
        if self.augment:
            x = augmentation.moved(x, rows[:, 2:], ops)
        if self.seed is not None:
            x = draws.ones(x, self.seed, rows, ops)
        elif self.scaled:  # a table, for a compiler may multiply by a rounded 1 / 255
            table = np.divide(np.arange(256), 255, dtype=np.float32)
            return ops.take(table, ops.cast(x, "int32"), axis=0)
        return ops.cast(x, "float32")

    def carried(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """Keras's step (state, iterator) on JAX, with the examples among its inputs."""
        if keras.backend.backend() != "jax":
            return step
        return lambda state, iterator: step(state, _Carrying(iterator, self.values))


class _Carrying:
    """An iterator of Keras's batches, each with the examples besides."""

    def __init__(self, iterator: Iterator[Any], values: Any):
        self.iterator = iterator
        self.values = values

    def __next__(self) -> Any:
        (x,) = next(self.iterator)
        given, *conditions = x if isinstance(x, tuple) else (x,)
        given = {**given, "values": self.values}
        return ((given, *conditions) if conditions else given,)


def values_of(data: BinarizedSplit) -> np.ndarray | None:
    """What `Resident` would hold of a split: None where it is read from a disk, or is no array."""
    images = data.split.images
    if not isinstance(images, np.ndarray) or isinstance(images, np.memmap):
        return None
    if data.binarization == "static":  # drawn once
        parts = range(0, len(data), CHUNK)
        drawn = [data.examples(slice(i, i + CHUNK)).astype(np.uint8) for i in parts]
        return np.concatenate(drawn)
    return images if images.dtype == np.uint8 else images.astype(np.float32, copy=False)


def fits(data: BinarizedSplit) -> bool:
    """Whether a split's examples, a byte a value or four, are within `SHARE` of the memory.

    And whether they are in memory, and no disk's.
    """
    images = data.split.images
    if not isinstance(images, np.ndarray) or isinstance(images, np.memmap):
        return False
    one = 1 if images.dtype == np.uint8 or data.binarization == "static" else 4
    return bool(np.prod(images.shape, dtype=np.int64) * one <= SHARE * _memory())


def _memory() -> int:
    """Bytes of the device's."""
    if keras.distribution.list_devices()[0].startswith("cpu"):
        return storage.physical_memory()
    if keras.backend.backend() == "jax":
        import jax

        stated = jax.local_devices()[0].memory_stats() or {}
        return int(stated.get("bytes_limit", MEMORY_IF_UNKNOWN))
    return MEMORY_IF_UNKNOWN


def _placed(values: np.ndarray) -> Any:
    """A tensor on the device, or whole on each of those that training is distributed among."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return ops.convert_to_tensor(values)
    layout = keras.distribution.TensorLayout([None] * values.ndim, distribution.device_mesh)
    return keras.distribution.distribute_tensor(values, layout)


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """By XLA on TensorFlow, too: as a graph, noise is a hundred kernels, each over all values."""
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    compiled: Callable[..., Any] = tf.function(function, jit_compile=True)
    return compiled
