"""Labels by the names of their classes: the manifest's schema says which number each name has."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.artifact.endpoints import Tensor
from zoo.errors import InputError
from zoo.runtime.inputs import is_masked, wanted
from zoo.runtime.nearest import nearest
from zoo.runtime.sessions import Array

LABEL = "label"
"""The input of an endpoint that takes names of classes besides numbers."""

_SHOWN = 80  # characters of a name in an error, and of those that are compared


def as_numbers(what: str, tensor: Tensor, value: Any, classes: Sequence[str], rows: int) -> Any:
    """Names of classes as their numbers, int32 [rows]; whatever else was given, as it was given.

    Args:
        what: the endpoint and the input, for errors.
        tensor: what is wanted.
        value: one name, which all rows get, or a list, tuple or array of names, one a row.
        classes: names in the order of their numbers; empty where there are none.
        rows: of the call's other inputs.

    Raises:
        InputError: for a name that is no class's or several classes', among numbers, or where
            classes have no names.
    """
    names = _names(value)
    if isinstance(names, str):
        return np.full(rows, _numbers(what, tensor, [names], classes)[0])
    return value if names is None else _numbers(what, tensor, names, classes)


def _names(value: Any) -> str | list[Any] | None:
    """One name, or a list that holds a name at least; None where no name was given."""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        names = list(value)
    else:  # an array or a table's column; numeric ones are not looked through
        kind = getattr(getattr(value, "dtype", None), "kind", None)
        if kind not in ("U", "T", "O") or is_masked(value):
            return None
        names = np.asarray(value, object).tolist()
        if isinstance(names, str):
            return names
        if not isinstance(names, list):
            return None
    return names if any(isinstance(each, str) for each in names) else None


def _numbers(what: str, tensor: Tensor, names: list[Any], classes: Sequence[str]) -> Array:
    """int32 [names]."""
    number_of = {name: number for number, name in enumerate(classes)}
    for name in names:
        if not isinstance(name, str):
            raise InputError(
                f"{what}: given {name!r:.{_SHOWN}} among names of classes. Give a name for each "
                "row, or a number for each."
            )
        if not classes:
            raise InputError(
                f"{what}: given {name!r:.{_SHOWN}}, and this artifact's schema has no names of "
                f"classes; wanted {wanted(tensor)}. Give the classes' numbers."
            )
        if name not in number_of:
            near = nearest(name, classes)
            most_like = "" if near is None else f"; the nearest is {near!r:.{_SHOWN}}"
            raise InputError(
                f"{what}: {name!r:.{_SHOWN}} is none of the {len(classes)} classes{most_like}. "
                "schema.classes of what zoo.load returns lists them."
            )
    if len(number_of) < len(classes):
        _require_one_class_each(what, names, classes)
    return np.array([number_of[name] for name in names], np.int32)


def _require_one_class_each(what: str, names: list[str], classes: Sequence[str]) -> None:
    for name in sorted({*names}):
        numbers = [number for number, each in enumerate(classes) if each == name]
        if len(numbers) > 1:
            raise InputError(
                f"{what}: {name!r:.{_SHOWN}} is the name of {len(numbers)} classes; their numbers "
                f"are {', '.join(map(str, numbers[:10]))}. Give the number."
            )
