"""Features of a frame or a dict of columns, by their names: in the order of the model's."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoo.artifact.schema import Schema
from zoo.errors import InputError
from zoo.runtime.inputs import is_masked
from zoo.runtime.nearest import nearest
from zoo.runtime.sessions import Array
from zoo.runtime.tables import is_table


def with_names(what: str, value: Any, schema: Schema | None) -> Any:
    """[rows, features] of a table, where a model's rows are features with names; else the value.

    A frame without names, whose columns are numbered, is taken in its order.

    Args:
        what: the endpoint and the input, for errors.
        value: what was given.
        schema: of the model's examples.

    Raises:
        InputError: as `features_of`.
    """
    if schema is None or len(schema.shape) != 1 or not schema.features or not is_table(value):
        return value
    names = {*_names(value)}
    numbered = not isinstance(value, Mapping) and not any(isinstance(each, str) for each in names)
    return value if numbered else features_of(what, value, schema.features)


def features_of(what: str, table: Any, features: Sequence[str]) -> Array:
    """[rows, features]: each by its name, in this order; what else the table has is left out.

    Raises:
        InputError: for a feature that is not there or there twice, or holds no numbers.
    """
    names = _names(table)
    times = Counter(names)
    if not features:
        raise InputError(f"{what}: the model's features have no names. Give an array.")
    for name in features:
        if times[name] != 1:
            near = nearest(name, [str(each) for each in names])
            like = "" if near is None else f"; the nearest is {near!r:.60}"
            raise InputError(
                f"{what}: {'several columns' if times[name] else 'no column'} {name!r:.60} in the "
                f"table{like}. Wanted is one of each feature{in_words(features)}."
            )
    columns = [numbers(f"{what}, the column {name!r:.60}", table[name]) for name in features]
    shapes = [each.shape for each in columns]
    if len({*shapes}) > 1 or columns[0].ndim != 1:
        raise InputError(
            f"{what}: the columns have the shapes {', '.join(map(str, shapes[:5]))}; wanted is one "
            "number a row, as many in each."
        )
    return np.stack(columns, axis=1)


def numbers(what: str, value: Any) -> Array:
    """An array of numbers; None and a frame's NA are NaN.

    Raises:
        InputError: for what is none.
    """
    if is_masked(value):
        raise InputError(f"{what}: given a masked array. Fill it with .filled(value).")
    try:
        given = np.asarray(value)
    except Exception as error:  # an object's own conversion may raise whatever it likes
        raise InputError(f"{what}: not an array ({error}).") from error
    if given.dtype.kind == "O":
        gaps = np.array([each is None or type(each).__name__ == "NAType" for each in given.flat])
        try:
            if not any(isinstance(each, str) for each in given.flat):
                filled = np.where(gaps.reshape(given.shape), np.nan, given)
                given = filled.astype(np.float64)
        except (TypeError, ValueError):
            pass
    if given.dtype.kind not in "biuf":
        raise InputError(
            f"{what}: given {given.dtype}, not numbers. Wanted are numbers alone; NaN where one is "
            "missing."
        )
    return given


def in_words(features: Sequence[str]) -> str:
    """Names of features, after a colon; "" where they have none."""
    some = ", ".join(features[:5]) + (" and more" if len(features) > 5 else "")
    return f": {some}" if features else ""


def _names(table: Any) -> list[Any]:
    return list(table) if isinstance(table, Mapping) else list(table.columns)
