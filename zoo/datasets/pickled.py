"""Object arrays of NumPy files: pickles, of which nothing is read but arrays of numbers.

A pickle is a program, and Python's unpickler runs it. This one hands it nothing to run: for the
names that arrays of numbers are made of it is given values that only remember what was said, for
any other name the file is refused. NumPy's own functions are called afterwards, on what was
remembered and checked.

Both layouts are read: that of NumPy on Python 2 (text that is bytes, in latin1) and that of today.
"""

import math
import pickle
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from zoo.datasets.reading import printable
from zoo.errors import DatasetError

_KINDS = "biuf"
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_LARGEST_ARRAY = 2**31


def read(stream: IO[bytes]) -> list[np.ndarray]:
    """The elements of an object array [n], after its header: n arrays of numbers.

    Raises:
        DatasetError: it holds something else, with what; nothing of it was run.
        Exception: nearly any, of a stream that is damaged.
    """
    outer = _Reader(stream, encoding="latin1").load()
    if not isinstance(outer, _Array) or outer.dtype is None or not outer.dtype.of_objects:
        raise ValueError("its pickle is no object array")
    elements = outer.data
    if not isinstance(elements, list) or len(elements) != math.prod(outer.shape):
        raise ValueError("its pickle does not hold as many elements as its shape says")
    if len(outer.shape) > 1 and all(type(each) in (int, float) for each in elements):
        return list(np.array(elements, np.float64).reshape(outer.shape))
    if len(outer.shape) != 1:
        raise DatasetError(
            f"An object array of shape {list(outer.shape)} is no list of sequences; wanted: [n], "
            "an array [steps, features] each."
        )
    return [_numbers(i, each) for i, each in enumerate(elements)]


def _numbers(i: int, element: object) -> np.ndarray:
    """An element as an array of numbers."""
    if not isinstance(element, _Array):
        raise DatasetError(
            f"The element {i} of an object array is a {type(element).__name__}; wanted: arrays of "
            "numbers [steps, features], as np.array(list_of_arrays, dtype=object) holds them."
        )
    if element.dtype is None or not isinstance(element.data, bytes | str):
        raise DatasetError(f"The element {i} of an object array holds objects; wanted: numbers.")
    data = element.data
    data = data.encode("latin1") if isinstance(data, str) else data
    dtype = element.dtype.numpy()
    if math.prod(element.shape) * dtype.itemsize != len(data):
        raise ValueError(f"its element {i} has {len(data):,} bytes for {list(element.shape)}")
    flat = np.frombuffer(data, dtype)
    return flat.reshape(element.shape, order="F" if element.fortran else "C")


class _Reader(pickle.Unpickler):
    """An unpickler to which no name means anything but those of `_NAMES`."""

    def find_class(self, module: str, name: str) -> Any:
        if module in _MODULES and name == "_reconstruct":
            return _Callable(_Array)
        if (module, name) == ("numpy", "ndarray"):
            return "ndarray"
        if (module, name) == ("numpy", "dtype"):
            return _Callable(_Dtype)
        if (module, name) == ("_codecs", "encode"):  # how protocol 2 writes bytes
            return _Callable(_latin1)
        if module in ("__builtin__", "builtins") and name == "bytes":  # and none of them
            return _Callable(_no_bytes)
        raise DatasetError(
            f"Its pickle asks for {printable(f'{module}.{name}')[:80]}, which no array of numbers "
            "needs, and was refused; nothing of it was run."
        )

    def persistent_load(self, pid: object) -> Any:
        raise ValueError("its pickle refers to something outside of it")


class _Callable:
    """What a pickle may call; it can be given no state."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable):
        self._make = make

    def __call__(self, *given: Any) -> Any:
        return self._make(*given)

    def __setstate__(self, state: object) -> None:
        raise ValueError("its pickle gives a function a state")


class _Dtype:
    """What a pickle says of a dtype."""

    __slots__ = ("code", "order")

    def __init__(self, code: object, *flags: object):
        self.code = code
        self.order = "|"

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]

    @property
    def of_objects(self) -> bool:
        """Whether it is that of objects, O8."""
        return isinstance(self.code, str) and self.code[:1] == "O"

    def numpy(self) -> np.dtype:
        """A dtype of plain numbers."""
        code = self.code
        known = isinstance(code, str) and code[:1] in _KINDS and code[1:].isdigit()
        if not known or self.order not in ("<", ">", "=", "|"):
            raise DatasetError(
                f"An element of an object array has the dtype {printable(str(code))[:40]}; wanted: "
                "integers, floats or bool."
            )
        return np.dtype(f"{self.order}{code}")


class _Array:
    """What a pickle says of an array."""

    __slots__ = ("data", "dtype", "fortran", "shape")

    def __init__(self, kind: object, shape: object, code: object):
        self.shape: tuple[int, ...] = ()
        self.dtype: _Dtype | None = None
        self.fortran = False
        self.data: object = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        whole = all(isinstance(n, int) and 0 <= n < _LARGEST_ARRAY for n in shape)
        if not isinstance(shape, tuple) or not isinstance(dtype, _Dtype) or not whole:
            raise ValueError("its pickle gives an array no shape or dtype")
        self.shape, self.dtype, self.fortran, self.data = shape, dtype, bool(fortran), data


def _latin1(text: object, encoding: object) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise ValueError("its pickle encodes no latin1")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""
