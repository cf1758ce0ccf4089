"""Calls of an endpoint: inputs are checked, large batches split, outputs named."""

import collections

import numpy as np
import onnxruntime

from zoo.artifact.endpoints import BATCH
from zoo.errors import InputError
from zoo.runtime.sessions import DTYPES


class Call:
    """One endpoint: arrays in, a named tuple of arrays out. Thread-safe.

    Args:
        endpoint: an `Endpoint`.
        sessions: the `Sessions` that run its graph.
        batch_limit: rows that go through the graph at a time; None sends all of them at once.
    """

    def __init__(self, endpoint, sessions, batch_limit=None):
        self.endpoint = endpoint
        self._sessions = sessions
        self._limit = batch_limit
        self._result = collections.namedtuple(
            endpoint.name.title(), [tensor.name for tensor in endpoint.outputs]
        )
        inputs = ", ".join(f"{t.name}: {t.dtype} {_words(t.shape)}" for t in endpoint.inputs)
        outputs = ", ".join(f"{t.name}: {t.dtype} {_words(t.shape)}" for t in endpoint.outputs)
        self.__doc__ = f"{endpoint.name}({inputs}) -> ({outputs})"

    def __repr__(self):
        return f"<endpoint {self.__doc__}>"

    def __call__(self, *args, **kwargs):
        given = self._inputs(args, kwargs, _check)
        batch = len(next(iter(given.values())))
        if self._limit is None or batch <= self._limit:
            return self._result(**self._sessions.run(self.endpoint.name, given))
        return self._result(**self._in_parts(given, batch))

    def on_device(self, *args, **kwargs):
        """A call whose outputs stay on the provider's device: a named tuple of `OrtValue`.

        An input is an array, which is copied there, or an `OrtValue` of `to_device` or of another
        call, which is not copied; its numbers are then not looked at. The batch
        runs whole, whatever its size. `.numpy()` of an output brings it home.
        """
        given = self._inputs(args, kwargs, _check_either)
        return self._result(**self._sessions.run_on_device(self.endpoint.name, given))

    def _in_parts(self, given, batch):
        answers = {}
        for start in range(0, batch, self._limit):
            rows = slice(start, start + self._limit)
            part = self._sessions.run(
                self.endpoint.name, {name: value[rows] for name, value in given.items()}
            )
            if not answers:
                answers = {
                    name: np.empty((batch, *value.shape[1:]), value.dtype)
                    for name, value in part.items()
                }
            for name, value in part.items():
                answers[name][rows] = value
        return answers

    def _inputs(self, args, kwargs, check):
        """{input: value}, checked."""
        names = [t.name for t in self.endpoint.inputs]
        given = dict(zip(names, args, strict=False))
        if len(args) > len(names) or given.keys() & kwargs.keys() or {*given, *kwargs} != {*names}:
            raise InputError(
                f"{self.endpoint.name} takes {', '.join(names)}; it was given {len(args)} by "
                f"position and {', '.join(kwargs) or 'none'} by name."
            )
        given |= kwargs
        checked = {
            t.name: check(f"{self.endpoint.name}({t.name})", t, given[t.name])
            for t in self.endpoint.inputs
        }
        lengths = {name: _shape(value)[0] for name, value in checked.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"{self.endpoint.name}: the inputs' batches differ: {lengths}.")
        return checked


def _check_either(what, tensor, value):
    """`_check`, or of an OrtValue the dtype and shape alone: its numbers stay where they are."""
    if not isinstance(value, onnxruntime.OrtValue):
        return _check(what, tensor, value)
    dtype = DTYPES.get(value.data_type(), value.data_type())
    if dtype != tensor.dtype:
        raise InputError(f"{what}: given {dtype}, wanted {tensor.dtype} {_words(tensor.shape)}.")
    _require_shape(what, tensor, value)
    return value


def _check(what, tensor, value):
    """The value as an array that fits the tensor, or an error saying what does not."""
    wanted = f"{tensor.dtype} {_words(tensor.shape)}"
    if isinstance(value, onnxruntime.OrtValue):
        raise InputError(
            f"{what}: given an OrtValue, wanted {wanted}. Bring it home with .numpy(), or call "
            f"{what.partition('(')[0]}.on_device."
        )
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise InputError(f"{what}: not an array ({error}); wanted {wanted}.") from error
    if array.dtype != tensor.dtype:
        array = _converted(what, tensor, value, array)
    _require_shape(what, tensor, array)
    require_finite(what, array)
    _require_range(what, tensor, array)
    return np.ascontiguousarray(array)


def _converted(what, tensor, value, array):
    """Python numbers carry no dtype of their own; an array's dtype is the caller's word."""
    if isinstance(value, np.ndarray) or not np.can_cast(array.dtype, tensor.dtype, "same_kind"):
        wanted = f"{tensor.dtype} {_words(tensor.shape)}"
        if array.dtype == object:
            raise InputError(f"{what}: not numbers, or too large ones; wanted {wanted}.")
        raise InputError(
            f"{what}: given {array.dtype}, wanted {wanted}. Convert it with "
            f".astype({tensor.dtype!r})."
        )
    with np.errstate(over="ignore"):  # what does not fit is infinite, and refused as such
        converted = array.astype(tensor.dtype)
    if converted.dtype.kind == "i" and (converted != array).any():
        bad = array[converted != array].flat[0]
        raise InputError(f"{what}: {bad} does not fit into {tensor.dtype}.")
    return converted


def require_finite(what, array):
    """Raises an `InputError` that says where an array is not finite."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"{what}: {array[bad]} at {list(bad)}; every value must be finite.")


def _require_range(what, tensor, array):
    if tensor.below is None or not array.size:
        return
    low, high = array.min(), array.max()
    if low < 0 or high >= tensor.below:
        raise InputError(
            f"{what}: given {low if low < 0 else high}, wanted are whole numbers from 0 to "
            f"{tensor.below - 1}."
        )


def _require_shape(what, tensor, value):
    shape = _shape(value)
    if len(shape) != len(tensor.shape) or not all(
        size in (BATCH, given) for size, given in zip(tensor.shape, shape, strict=True)
    ):
        wanted = f"{tensor.dtype} {_words(tensor.shape)}"
        raise InputError(f"{what}: given shape {shape}, wanted {wanted}.")


def _shape(value):
    """Shape of an array or of an OrtValue, as a list."""
    return list(value.shape() if isinstance(value, onnxruntime.OrtValue) else value.shape)


def _words(shape):
    return "[" + ", ".join(str(n) for n in shape) + "]"
