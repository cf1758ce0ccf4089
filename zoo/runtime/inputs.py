"""What an endpoint is asked: taken where it can mean one thing only, refused with what is wanted.

Real numbers are taken of any dtype and become the contract's float32, as numpy's float64 does
where nobody said otherwise: that rounds to seven digits, which is what a graph computes with. What
float32 does not hold is refused: larger numbers, and whole ones that would become others. Where
whole numbers are wanted they are taken of any width, if each fits, and nothing else is; nothing is
wrapped around or clamped.
"""

import math
import os
import sys
from typing import Any

import numpy as np
import onnxruntime

from zoo.artifact.endpoints import BATCH, Tensor
from zoo.artifact.schema import SERIES, Schema
from zoo.errors import InputError
from zoo.runtime.sessions import DTYPES, Array

SLACK = 1e-6
"""Of a schema's range, what a value may lie beyond its ends: float32 arithmetic that should end at
1 ends at 1.0000001. Nothing is clamped; a log-likelihood changes by as little."""

_COUNTED = 1e-3  # how far from a whole number a count may lie, by arithmetic
_EXACT = 2**24  # up to which float32 holds every whole number
_DOUBLE_EXACT = 2**53  # and below which float64
_LARGE = 2**27  # numbers of an array, above which it is looked whether memory can hold its answer
_NUMPY_DTYPES = {name: np.dtype(name) for name in DTYPES.values()}


def checked(what: str, tensor: Tensor, value: Any, schema: Schema | None = None) -> Array:
    """The value as a contiguous array that fits the tensor.

    Args:
        what: the endpoint and the input, for errors.
        tensor: what is wanted.
        value: what was given.
        schema: of the values, where they are data; 8-bit values are then scaled as it says, and
            none may lie beyond its range.

    Raises:
        InputError: saying what was given, what is wanted, and what to do.
    """
    dtype = _NUMPY_DTYPES[tensor.dtype]
    fits = type(value) is np.ndarray and value.dtype is dtype
    array = value if fits else _array(what, tensor, value)
    if array.size > _LARGE:
        _require_memory(what, array.size * dtype.itemsize)
    whole = dtype.kind == "i"
    if whole:
        array = _whole(what, tensor, array)
    elif not fits:
        array = _real(what, tensor, array, schema)
    if array.shape[1:] != tensor.shape[1:] or array.ndim == 0:
        _require_shape(what, tensor, list(array.shape), schema)
    if array.size and not whole:
        known = np.where(np.isnan(array), 0.0, array) if tensor.missing else array
        _require_range(what, known, schema)
    if array.size and tensor.below is not None:
        _require_below(what, tensor, array)
    return np.ascontiguousarray(array)


def checked_on_device(what: str, tensor: Tensor, value: Any, schema: Schema | None = None) -> Any:
    """`checked`, or of an OrtValue the dtype and shape alone: its numbers stay where they are."""
    if not isinstance(value, onnxruntime.OrtValue):
        return checked(what, tensor, value, schema)
    dtype = DTYPES.get(value.data_type(), value.data_type())
    if dtype != tensor.dtype:
        raise InputError(f"{what}: given {dtype}, wanted {wanted(tensor)}.")
    _require_shape(what, tensor, list(value.shape()))
    return value


def require_finite(what: str, array: Array) -> None:
    """Raises an `InputError` that says where an array is not finite."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"{what}: {array[bad]} at {list(bad)}; every value must be finite.")


def wanted(tensor: Tensor) -> str:
    """A tensor in words: float32 [batch, 3]."""
    return f"{tensor.dtype} {words(tensor.shape)}"


def words(shape: Any) -> str:
    """A shape as it is printed."""
    return "[" + ", ".join(str(n) for n in shape) + "]"


def _array(what: str, tensor: Tensor, value: Any) -> Array:
    if isinstance(value, onnxruntime.OrtValue):
        raise InputError(
            f"{what}: given an OrtValue, wanted {wanted(tensor)}. Bring it home with .numpy(), or "
            f"call {what.partition('(')[0]}.on_device."
        )
    if is_masked(value):
        raise InputError(
            f"{what}: given a masked array, wanted {wanted(tensor)}: what is masked has no value. "
            "Fill it with .filled(value), or leave those rows out."
        )
    if isinstance(value, (list, tuple)) and not value:  # no row, whatever a row would be
        return np.empty((0, *sizes(tensor)), tensor.dtype)
    try:
        array = np.asarray(value)
    except Exception as error:  # an object's own conversion may raise whatever it likes
        raise InputError(f"{what}: not an array ({error}); wanted {wanted(tensor)}.") from error
    kind = array.dtype.kind
    if kind == "O":
        raise InputError(f"{what}: not numbers, or too large ones; wanted {wanted(tensor)}.")
    if kind not in "biuf":
        raise InputError(f"{what}: given {array.dtype}, not numbers; wanted {wanted(tensor)}.")
    return array


def is_masked(value: Any) -> bool:
    """Whether a value, or something in its lists, is a masked array."""
    masked = sys.modules.get("numpy.ma")  # whose import takes 4 ms; nobody has one without it
    return masked is not None and _holds(value, masked.MaskedArray)


def _holds(value: Any, kind: type, depth: int = 0) -> bool:
    if isinstance(value, (list, tuple)):
        return depth < 32 and any(_holds(each, kind, depth + 1) for each in value)
    return isinstance(value, kind)


def _whole(what: str, tensor: Tensor, array: Array) -> Array:
    """Whole numbers as the tensor's dtype, none of them changed."""
    if array.dtype.kind == "b":
        raise InputError(
            f"{what}: given bool, wanted {wanted(tensor)}. Convert it with "
            f".astype({tensor.dtype!r}) if 0 and 1 are meant."
        )
    if array.dtype.kind == "f":
        raise InputError(
            f"{what}: given {array.dtype}, wanted whole numbers, {wanted(tensor)}. Give integers, "
            "such as [1, 2, 3]; nothing is rounded."
        )
    limits = np.iinfo(tensor.dtype)
    if array.size and tensor.below is None:
        least, most = int(array.min()), int(array.max())
        if least < limits.min or most > limits.max:
            bad = least if least < limits.min else most
            raise InputError(
                f"{what}: {bad} does not fit into {tensor.dtype}, which goes from {limits.min} to "
                f"{limits.max}."
            )
    elif array.size:  # before it becomes the tensor's dtype, which would wrap it around
        _require_below(what, tensor, array)
    return array.astype(tensor.dtype, copy=False)


def _real(what: str, tensor: Tensor, array: Array, schema: Schema | None) -> Array:
    """Numbers as the tensor's dtype; 8-bit ones scaled as the schema says."""
    if array.dtype == np.uint8 and schema is not None and schema.uint8:
        low, high = schema.range
        unit = np.divide(array, 255, dtype=np.float32)
        return (
            unit if (low, high) == (0.0, 1.0) else np.float32(low) + unit * np.float32(high - low)
        )
    return as_real(what, tensor.dtype, array)


def as_real(what: str, dtype: str, array: Array) -> Array:
    """Booleans and real numbers as float32, rounded to its digits; whole ones are never changed.

    Raises:
        InputError: for a finite number that float32 does not hold, and for whole numbers beyond
            those of which it holds every one.
    """
    if array.dtype == dtype or array.dtype.kind == "b":
        return array.astype(dtype, copy=False)
    with np.errstate(over="ignore"):  # what does not fit is infinite, and refused
        made = array.astype(dtype)
    if array.dtype.kind == "f":
        beyond = np.isinf(made) & np.isfinite(array)
        holds = f"holds numbers up to {float(np.finfo(dtype).max):.3g}"
    else:
        whole = array.astype(np.float64)
        beyond = (made != whole) | (np.abs(whole) >= _DOUBLE_EXACT)
        holds = f"holds every whole number up to {_EXACT:,}. Give floats where rounding is meant"
    if beyond.any():
        bad = tuple(int(i) for i in np.argwhere(beyond)[0])
        raise InputError(f"{what}: given {array[bad]} at {list(bad)}; {dtype} {holds}.")
    return made


def _require_memory(what: str, size: int) -> None:
    """Raises for an array of more bytes than there are."""
    if size > _memory():
        raise InputError(
            f"{what}: {size:,} bytes are more than this machine's memory. Give fewer rows at a "
            "time."
        )


def _require_shape(
    what: str, tensor: Tensor, shape: list[int], schema: Schema | None = None
) -> None:
    fits = len(shape) == len(tensor.shape) and all(
        size == given or isinstance(size, str)
        for size, given in zip(tensor.shape, shape, strict=True)
    )
    if not fits:
        one = ""
        if len(shape) == len(tensor.shape) - 1 and _is_row(tensor, shape):
            one = " One example is a batch of one: put it into a list, or index it with [None]."
        elif schema is not None and schema.kind == SERIES and len(shape) in (2, 3):
            one = (
                f" A series [steps, {tensor.shape[-1]}] of more steps than {tensor.shape[1]} is "
                "cut by .windows(series), whose .x is given here."
            )
        elif schema is not None and schema.picture and len(shape) in (3, 4):
            height, width, channels = schema.picture
            one = (
                f" Wanted are pictures of {height} rows, {width} columns and {channels} channels: "
                "Pillow's ImageOps.fit crops and resizes others."
            )
        raise InputError(f"{what}: given shape {shape}, wanted {wanted(tensor)}.{one}")


def _is_row(tensor: Tensor, shape: list[int]) -> bool:
    return shape == [size for size in tensor.shape[1:] if size != BATCH]


def _require_range(what: str, array: Array, schema: Schema | None) -> None:
    """Raises unless every value is finite, and within the schema's range where there is one."""
    # The methods of arrays do the same by way of Python. Either is NaN if any value is.
    least = float(np.minimum.reduce(array, axis=None))
    most = float(np.maximum.reduce(array, axis=None))
    if not (math.isfinite(least) and math.isfinite(most)):
        require_finite(what, array)
    if schema is None:
        return
    low, high = schema.range
    width = high - low if math.isfinite(high - low) else 1.0
    if not (low - SLACK * width <= least and most <= high + SLACK * width):
        remedy = "Scale them to it, or np.clip what overshoots it a little."
        if schema.uint8:
            remedy = f"Give 8-bit pictures as uint8, which are scaled. Otherwise: {remedy.lower()}"
        raise InputError(
            f"{what}: given values from {least:g} to {most:g}, wanted {_range(schema)}, the range "
            f"of the data that the model was trained on. {remedy}"
        )
    if schema.is_counts:
        _require_counts(what, array)


def _require_counts(what: str, array: Array) -> None:
    """Raises unless every value is whole: a model of counts answers others as if they were."""
    away = np.abs(array - np.rint(array)) > _COUNTED
    if away.any():
        bad = tuple(int(i) for i in np.argwhere(away)[0])
        raise InputError(
            f"{what}: given {array[bad]:g} at {list(bad)}, wanted are whole numbers from 0 on, as "
            "the model was trained on. Give counts as they were counted: no shares, logarithms or "
            "means of them."
        )


def _range(schema: Schema) -> str:
    low, high = schema.range
    unit = f" {schema.unit}" if schema.unit else ""
    if math.isinf(low) or math.isinf(high):
        return f"{high:g}{unit} or less" if math.isinf(low) else f"{low:g}{unit} or more"
    return f"{low:g} to {high:g}{unit}"


def _require_below(what: str, tensor: Tensor, array: Array) -> None:
    low, high = int(array.min()), int(array.max())
    assert tensor.below is not None
    least = -1 if tensor.missing else 0
    if low < least or high >= tensor.below:
        raise InputError(
            f"{what}: given {low if low < least else high}, wanted are whole numbers from 0 to "
            f"{tensor.below - 1}{', or -1 where there is none' if tensor.missing else ''}."
        )


def sizes(tensor: Tensor) -> list[int]:
    """A row's axes; one that is not fixed has none."""
    return [size if isinstance(size, int) else 0 for size in tensor.shape[1:]]


def _memory() -> int:
    """Bytes of the machine's memory, as far as the system tells."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # another system than those that tell
        return 2**63
