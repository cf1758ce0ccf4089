"""Strings in and out: what a program writes becomes a graph's tokens, and tokens are read back."""

from typing import Any

import numpy as np

from zoo.artifact.endpoints import Endpoint, Tensor
from zoo.artifact.schema import Schema
from zoo.artifact.tokens import MODE, TOKENS
from zoo.errors import InputError
from zoo.runtime.sessions import Array


def rows(what: str, tensor: Tensor, value: Any, schema: Schema | None) -> Any:
    """Strings as int32 [rows, steps]; whatever else it is, as it was given.

    Args:
        what: the endpoint and the input, for errors.
        tensor: what is wanted.
        value: a list of strings, an array or a column of a frame of them; one string is one row.
        schema: of the strings; None where the model is of none.

    Raises:
        InputError: for what is no string among them, has a token that the model does not know, or
            is longer than it takes; with its place.
    """
    if schema is None or tensor.name != TOKENS or (vocabulary := schema.vocabulary) is None:
        return value
    value = [value] if isinstance(value, str) else value
    if not _is_of_strings(value):
        return value
    made = np.empty((len(value), vocabulary.steps), np.int32)
    for place, text in enumerate(value):
        if not isinstance(text, str):
            raise InputError(f"{what}: row {place} is a {type(text).__name__}; wanted is text.")
        try:
            made[place] = vocabulary.row(str(text))
        except InputError as error:
            raise InputError(f"{what}, row {place}: {error}") from None
    return made


def with_strings(endpoint: Endpoint, schema: Schema | None, made: Any) -> Any:
    """The named tuple of an endpoint's answers with a property `strings`, where they are tokens."""
    vocabulary = None if schema is None else schema.vocabulary
    names = [tensor.name for tensor in endpoint.outputs if tensor.name in (TOKENS, MODE)]
    if vocabulary is None or not names:
        return made

    def strings(self: Any) -> list[str]:
        """What the tokens spell, a string a row."""
        return [vocabulary.text(row) for row in _home(getattr(self, names[0])).tolist()]

    facts = {"__slots__": (), "strings": property(strings, doc=strings.__doc__)}
    return type(made.__name__, (made,), facts)


def _is_of_strings(value: Any) -> bool:
    """Whether there is text in a list, a tuple, an array or a column of a frame."""
    if isinstance(value, np.ndarray):
        return value.ndim == 1 and value.dtype.kind in "UTO" and len(value) > 0
    if isinstance(value, (list, tuple)):
        return any(isinstance(each, str) for each in value)
    return hasattr(value, "to_list") and any(isinstance(each, str) for each in value)


def _home(value: Any) -> Array:
    home: Array = value if isinstance(value, np.ndarray) else value.numpy()
    return home
