"""Calls of an endpoint: inputs are checked, large batches split, outputs named."""

import collections
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnxruntime

from zoo.artifact.endpoints import LIKELIHOOD_RATIO, Endpoint, Tensor
from zoo.artifact.schema import Schema
from zoo.artifact.tokens import TOKENS
from zoo.errors import ArtifactError, InputError
from zoo.runtime import (
    counts,
    drawings,
    inputs,
    labels,
    libraries,
    named,
    ragged,
    strings,
    tables,
)
from zoo.runtime.sessions import Array, Sessions


class Call:
    """One endpoint: arrays in, a named tuple of arrays out. Thread-safe.

    Where the schema is a table, a dict of columns or a frame stands for `numbers` and `categories`,
    by position, and answers by column have a property `table`: a dict of columns. Where it is
    drawings, a list of arrays [steps, 3] of any lengths stands for `x`; where sequences end before
    their last step, a list of arrays [steps, ...] stands for `x` and `length`; where they are
    strings, a list of these stands for `tokens`, and answers have a property `strings`. Of a frame
    or a dict of columns that stands for rows of features these are taken by their names. Answers
    that tell of counts have a method `draw(seed)`.

    Args:
        endpoint: an `Endpoint`.
        sessions: the `Sessions` that run its graph.
        batch_limit: rows that go through the graph at a time; None sends all of them at once.
        schema: of `x`, and the names that `label` takes; None checks no value of `x` but that it is
            finite, and takes numbers alone.
        graph: its name in `sessions`; None takes the endpoint's.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        sessions: Sessions,
        batch_limit: int | None = None,
        schema: Schema | None = None,
        graph: str | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._sessions = sessions
        self._limit = batch_limit
        self._names = [t.name for t in endpoint.inputs]
        self._name_set = {*self._names}
        self._has_words = schema is not None and (
            bool(schema.features) or schema.vocabulary is not None
        )
        self._takes_ragged = schema is not None and ragged.LENGTH in self._name_set
        self._taken = [  # what is asked of every input but the label
            (
                t.name,
                f"{endpoint.name}({t.name})",
                t,
                schema if t.name in ("x", TOKENS) else None,
            )
            for t in endpoint.inputs
            if t.name != labels.LABEL
        ]
        self._label = next((t for t in endpoint.inputs if t.name == labels.LABEL), None)
        self._classes = () if schema is None else schema.classes
        self._graph = graph or endpoint.name
        self._opened = False
        self._columns = tables.columns_of(schema, endpoint.inputs)
        self._schema = schema
        self._left_out = () if schema is None else schema.left_out
        made = counts.with_draw(endpoint, _named_tuple(endpoint))
        made = strings.with_strings(endpoint, schema, made)
        self._result = tables.with_table(endpoint, schema, made)
        given = ", ".join(f"{t.name}: {inputs.wanted(t)}" for t in endpoint.inputs)
        answers = ", ".join(f"{t.name}: {inputs.wanted(t)}" for t in endpoint.outputs)
        self.__doc__ = f"{endpoint.name}({given}) -> ({answers})"

    def __repr__(self) -> str:
        return f"<endpoint {self.__doc__}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            given, batch = self._inputs(args, kwargs, inputs.checked)
            self._require_graph()
            if not batch:
                return self._result(**self._nothing())
            if self._limit is None or batch <= self._limit:
                return self._result(**self._sessions.run(self._graph, given))
            return self._result(**self._in_parts(given, batch))
        except MemoryError as error:
            raise self._too_many_rows() from error

    def on_device(self, *args: Any, **kwargs: Any) -> Any:
        """A call whose outputs stay on the provider's device: a named tuple of `OrtValue`.

        An input is an array, which is copied there, or an `OrtValue` of `to_device` or of another
        call, which is not copied; its numbers are then not looked at. The batch
        runs whole, whatever its size. `.numpy()` of an output brings it home.
        """
        try:
            given, batch = self._inputs(args, kwargs, inputs.checked_on_device)
            self._require_graph()
            if not batch:
                nothing = self._nothing().items()
                return self._result(**{k: self._sessions.to_device(v) for k, v in nothing})
            return self._result(**self._sessions.run_on_device(self._graph, given))
        except MemoryError as error:
            raise self._too_many_rows() from error

    def _too_many_rows(self) -> InputError:
        return InputError(
            f"{self.endpoint.name}: there is too little memory for so many rows. Give fewer at a "
            "time."
        )

    def _require_graph(self) -> None:
        """Raises an `ArtifactError` unless the graph is there and is the endpoint's."""
        if self._opened:
            return
        stated = tuple(
            [(t.name, t.dtype, t.shape) for t in side]
            for side in (self.endpoint.inputs, self.endpoint.outputs)
        )
        found = self._sessions.interface(self._graph)
        if found != stated:
            raise ArtifactError(
                f"The graph {self._graph} has the tensors {found}, manifest.json states {stated}. "
                "Fetch the artifact anew."
            )
        self._opened = True

    def _nothing(self) -> dict[str, Array]:
        """The answers to no row. No graph runs: operators fail, or abort the process, without."""
        return {t.name: np.empty((0, *inputs.sizes(t)), t.dtype) for t in self.endpoint.outputs}

    def _in_parts(self, given: dict[str, Array], batch: int) -> dict[str, Array]:
        answers: dict[str, Array] = {}
        for start in range(0, batch, self._limit or batch):
            rows = slice(start, start + (self._limit or batch))
            part = self._sessions.run(
                self._graph, {name: value[rows] for name, value in given.items()}
            )
            if not answers:
                answers = {
                    name: np.empty((batch, *value.shape[1:]), value.dtype)
                    for name, value in part.items()
                }
            for name, value in part.items():
                answers[name][rows] = value
        return answers

    def _inputs(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        check: Callable[[str, Tensor, Any, Schema | None], Any],
    ) -> tuple[dict[str, Any], int]:
        """({input: value}, checked, and how many rows they have)."""
        names = self._names
        if self._takes_ragged:
            args, kwargs = self._with_lengths(args, kwargs)
        if self._columns and args and tables.is_table(args[0]):
            what = self.endpoint.name
            made = tables.arrays_of(what, args[0], self._columns, self._left_out)
            names = [*made, *(name for name in names if name not in made)]
            args = (*made.values(), *args[1:])
        given = dict(zip(names, args, strict=False))
        complete = len(args) == len(names) and not kwargs
        complete = complete or (not args and kwargs.keys() == self._name_set)
        if not complete and (
            len(args) > len(names) or given.keys() & kwargs.keys() or {*given, *kwargs} != {*names}
        ):
            raise InputError(
                f"{self.endpoint.name} takes {', '.join(names)}; it was given {len(args)} by "
                f"position and {', '.join(kwargs) or 'none'} by name.{self._hint()}"
            )
        given |= kwargs
        checked = {}
        for name, what, tensor, schema in self._taken:
            value = given[name]
            if self._columns and self._is_of_rows(name, value):
                checked[name] = self._checked_rows(what, tensor, value)
                continue
            if self._has_words:
                value = _arranged(what, tensor, value, schema)
            checked[name] = check(what, tensor, value, schema)
        if libraries.LIBRARY in checked:
            what = f"{self.endpoint.name}({libraries.LIBRARY})"
            libraries.require_libraries(what, checked[libraries.LIBRARY])
        if self._label is not None:  # after the others, whose rows one name is for
            what = f"{self.endpoint.name}({labels.LABEL})"
            rows = next((_shape(value)[0] for value in checked.values()), 1)
            numbers = labels.as_numbers(what, self._label, given[labels.LABEL], self._classes, rows)
            checked[labels.LABEL] = check(what, self._label, numbers, None)
        lengths = {_shape(value)[0] for value in checked.values()}
        if len(lengths) > 1:
            stated = {name: _shape(value)[0] for name, value in checked.items()}
            raise InputError(f"{self.endpoint.name}: the inputs' batches differ: {stated}.")
        return checked, lengths.pop()

    def _with_lengths(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The same, with `x` and `length` of a list of sequences that was given as `x` alone."""
        given = dict(zip(self._names, args, strict=False)) | kwargs
        schema, missing = self._schema, {*self._names} - {*given}
        if schema is None or missing != {ragged.LENGTH} or not ragged.is_ragged(given.get("x")):
            return args, kwargs
        if len(given) != len(args) + len(kwargs):  # one by position and by name, refused below
            return args, kwargs
        tensor = next(t for t in self.endpoint.inputs if t.name == "x")
        x, length = ragged.padded(self.endpoint.name, tensor, given["x"], schema)
        return (), given | {"x": x, ragged.LENGTH: length}

    def _hint(self) -> str:
        """What an input is that its name does not explain, a sentence."""
        if self._columns:
            return " A dict of columns, {'name': [values]}, or a frame stands for both."
        if ragged.LENGTH in self._names and "x" in self._names:
            return " A list of arrays [steps, ...] stands for x and length."
        return f" {libraries.MEANING}." if libraries.LIBRARY in self._names else ""

    def _is_of_rows(self, name: str, value: Any) -> bool:
        """Whether an input is a table's rows, and not on a device."""
        rows = name in (tables.NUMBERS, tables.CATEGORIES)
        return rows and not isinstance(value, onnxruntime.OrtValue)

    def _checked_rows(self, what: str, tensor: Tensor, value: Any) -> Array:
        return tables.checked(what, tensor, value, self._columns)


def _arranged(what: str, tensor: Tensor, value: Any, schema: Schema | None) -> Any:
    """The value, features by their names, drawings and strings as long as they are in an array."""
    value = strings.rows(what, tensor, value, schema)
    return drawings.padded(what, tensor, named.with_names(what, value, schema), schema)


def rows_within(endpoint: Endpoint, size: int) -> int:
    """Rows of an endpoint whose inputs and answers take `size` bytes; one at least.

    For each likelihood ratio a row is decoded once more, and counts once more.
    """
    tensors = (*endpoint.inputs, *endpoint.outputs)
    row = sum(np.dtype(t.dtype).itemsize * math.prod(inputs.sizes(t)) for t in tensors)
    ratios = sum(math.prod(inputs.sizes(t)) for t in tensors if t.name == LIKELIHOOD_RATIO)
    return max(1, size // max(1, row * (1 + ratios)))


def _named_tuple(endpoint: Endpoint) -> type[Any]:
    """The type of an endpoint's answers."""
    names = [tensor.name for tensor in endpoint.outputs]
    return collections.namedtuple(endpoint.name.title(), names)


def _shape(value: Any) -> Sequence[int]:
    """Shape of an array or of an OrtValue."""
    shape: Sequence[int] = value.shape if isinstance(value, np.ndarray) else value.shape()
    return shape
