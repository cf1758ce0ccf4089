"""Rows that were given what there is, by whole numbers and arithmetic alone, in any runtime.

By arithmetic: tf2onnx makes some choices between two tensors by multiplying each with 0 or 1, and 0
times NaN is NaN.
"""

import functools

import keras
from keras import ops


def known(values, count):
    """Whole numbers from 0 to below `count`, 0 in the place of any other."""
    values = ops.convert_to_tensor(values)
    return values * ops.cast(_is_valid(values, count), values.dtype)


def masked(answer, conditions, codes=(), possible=None):
    """An answer {name: [batch, ...]}, NaN or -1 in rows that were given what there is none of.

    Args:
        conditions: [(values [batch], count)] of whole numbers that are from 0 to below `count`.
        codes: (values [batch, n], count) of codes, or () where there are none.
        possible: int32 [batch], 1 for each row whose x can be; None: all can.
    """
    valid = [_is_valid(values, count) for values, count in conditions]
    if codes:
        valid.append(ops.min(_is_valid(*codes), axis=1))
    if possible is not None:
        valid.append(possible)
    if not valid:
        return answer
    rows = functools.reduce(ops.multiply, valid)
    return {name: _masked(value, rows) for name, value in answer.items()}


def _is_valid(values, count):
    """1 where whole numbers are from 0 to below `count`, else 0: int32, shaped as they are."""
    values = ops.convert_to_tensor(values)
    return ops.cast(ops.logical_and(values >= 0, values < count), "int32")


def _masked(value, rows):
    """[batch, ...] where `rows` [batch] is 1; where it is 0 NaN, or -1 of whole numbers."""
    rows = ops.reshape(rows, (-1, *[1] * (len(value.shape) - 1)))
    if keras.backend.is_int_dtype(value.dtype):
        return ops.cast(rows, value.dtype) * (value + 1) - 1
    return value + ops.sqrt(ops.cast(rows, "float32") - 1.0)  # the root of -1
