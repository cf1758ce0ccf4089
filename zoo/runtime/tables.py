"""Tables by the names and words of their columns: what an endpoint is given, and what it answers.

A table is a dict of columns or a frame, of which no library is imported: names, and a list or an
array of each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import onnxruntime

from zoo.artifact.columns import BOOLEAN, COUNT, DATE, Column
from zoo.artifact.endpoints import Endpoint, Tensor
from zoo.artifact.schema import TABLE, Schema
from zoo.errors import InputError
from zoo.runtime import inputs
from zoo.runtime.columns import NEVER, REMEDY, WANTED, codes_of, numbers_of, require_numbers, shown
from zoo.runtime.nearest import nearest
from zoo.runtime.sessions import Array

NUMBERS, CATEGORIES = "numbers", "categories"
"""The inputs that hold a table's rows, and the answers that hold rows which were drawn."""

MEANS, MODES = "numbers_mean", "categories_mode"
"""The answers that hold expected numbers, and the likeliest words."""

CONTRIBUTION = "contribution"
"""The answer that holds -log p of each column's value, in nats."""

_TRUTH = ("false", "true")
"""Words of a boolean column that a program has values for: text of either is true to Python."""

_SECOND = 86_400  # of a day
_LAST_DAY = 3.6e7  # beyond which, either way, no date is told: a hundred thousand years


def is_table(value: Any) -> bool:
    """Whether it is a dict of columns or a frame, and no array."""
    return isinstance(value, Mapping) or (hasattr(value, "columns") and not hasattr(value, "dtype"))


def columns_of(
    schema: Schema | None, tensors: Sequence[Tensor], names: tuple[str, str] = (NUMBERS, CATEGORIES)
) -> tuple[Column, ...]:
    """The columns of a table's tensors; () where there are none of these names.

    Those of a tensor of which any value may be missing say so, whatever the training set lacked.
    """
    if schema is None or schema.kind != TABLE:
        return ()
    widths = {
        names[0]: sum(each.is_number for each in schema.columns),
        names[1]: sum(not each.is_number for each in schema.columns),
    }
    found = {t.name: t.shape[1:] for t in tensors if t.name in widths}
    wanted = {name: (width,) for name, width in widths.items() if width}
    if found != wanted:
        return ()
    free = {t.name for t in tensors if t.missing}
    return tuple(
        replace(each, missing=each.missing or names[not each.is_number] in free)
        for each in schema.columns
    )


def arrays_of(
    what: str, given: Any, columns: Sequence[Column], left_out: Sequence[str] = ()
) -> dict[str, Array]:
    """{numbers: float32 [rows, n], categories: int32 [rows, m]} of those that the table has.

    A number is taken less its column's origin. A missing value is NaN, or -1. A column that may
    miss values may be left out; one value stands for all rows.

    Args:
        what: the endpoint, for errors.
        given: a dict of columns or a frame.
        columns: the schema's.
        left_out: columns of the training table that the model knows nothing of; they may be given.

    Raises:
        InputError: for a column or a word that the schema lacks, a value that is missing where none
            may be, and whatever is no value of its column.
    """
    table = _columns(what, given, columns, left_out)
    rows = _rows(what, table)
    found: dict[str, list[Array]] = {NUMBERS: [], CATEGORIES: []}
    for column in columns:
        where = f"{what}({shown(column.name)})"
        value = table.get(column.name, [None] * rows)
        if column.is_number:
            values = numbers_of(where, column, value)
            found[NUMBERS].append(_repeated(values - column.origin, rows).astype(np.float32))
        else:
            found[CATEGORIES].append(_repeated(codes_of(where, column, value), rows))
    return {name: np.stack(each, axis=1) for name, each in found.items() if each}


def checked(what: str, tensor: Tensor, value: Any, columns: Sequence[Column]) -> Array:
    """Plain arrays of `numbers` less their origin, or of `categories`, as `arrays_of` makes them.

    Raises:
        InputError: as `inputs.checked`, and for what is no value of its column.
    """
    if inputs.is_masked(value):
        return inputs.checked(what, tensor, value)  # which says so
    whole = tensor.name == CATEGORIES
    mine = [column for column in columns if column.is_number != whole]
    try:
        given = np.asarray(value)
        gaps = np.equal(given, -1) if whole else np.isnan(given)
    except (TypeError, ValueError):
        return inputs.checked(what, tensor, value)
    filled = np.where(gaps, np.zeros((), given.dtype), given)
    taken = filled.tolist() if isinstance(value, (list, tuple)) else filled
    array = inputs.checked(what, tensor, taken)
    if array is filled or not array.flags.writeable:
        array = array.copy()
    for at, column in enumerate(mine):
        where = f"{what}, the column {shown(column.name)}"
        _require_gaps(where, column, gaps[:, at])
        if whole:
            _require_codes(where, column, array[:, at])
        else:
            present = np.where(gaps[:, at], np.nan, array[:, at].astype(np.float64))
            require_numbers(where, column, present + column.origin)
    array[gaps] = -1 if whole else np.nan
    return array


def table_of(
    numbers: Any, categories: Any, columns: Sequence[Column], drawn: bool
) -> dict[str, Array]:
    """{column: [rows]} in the units and words of the user's table, in its order.

    Numbers are float64, counts int64 where they were drawn, dates datetime64[s]; words are text,
    and bool where they are true and false; None where one is missing.

    Args:
        numbers: float32 [rows, n], less their origins, or an OrtValue; None where there are none.
        categories: int32 [rows, m], the same.
        columns: the schema's.
        drawn: whether counts are draws, which are whole, and not means.
    """
    sides = {True: iter(_columns_of(numbers)), False: iter(_columns_of(categories))}
    found = {}
    for column in columns:
        values = next(sides[column.is_number])
        found[column.name] = (
            _numbers_back(column, values, drawn) if column.is_number else _words(column, values)
        )
    return found


def with_table(endpoint: Endpoint, schema: Schema | None, made: type[Any]) -> Callable[..., Any]:
    """The named tuple of an endpoint's answers with a property `table`, where they are by column.

    The table of answers that hold rows is `table_of`'s; of a `score` it is each column's
    contribution in nats, float32 [rows], 0 where its value was missing.
    """
    scored = {t.name: t.shape[1:] for t in endpoint.outputs}.get(CONTRIBUTION)
    if schema is not None and schema.columns and scored == (len(schema.columns),):
        places = [column.name for column in schema.columns]

        def contributions(self: Any) -> dict[str, Array]:
            return dict(zip(places, _columns_of(getattr(self, CONTRIBUTION)), strict=True))

        return _with(made, contributions, "{column: -log p of its value in nats, float32 [rows]}.")
    names, columns = (NUMBERS, CATEGORIES), columns_of(schema, endpoint.outputs)
    drawn = bool(columns)
    if not drawn:
        names = MEANS, MODES
        columns = columns_of(schema, endpoint.outputs, names)
    if not columns:
        return made

    def table(self: Any) -> dict[str, Array]:
        given = {name: getattr(self, name) for name in self._fields}
        return table_of(given.get(names[0]), given.get(names[1]), columns, drawn)

    return _with(made, table, table_of.__doc__)


def _with(made: type[Any], table: Callable[..., Any], doc: str | None) -> Callable[..., Any]:
    facts = {"__slots__": (), "table": property(table, doc=doc)}
    return type(made.__name__, (made,), facts)


def _columns(
    what: str, given: Any, columns: Sequence[Column], left_out: Sequence[str]
) -> dict[str, Any]:
    """{column: its values}, of those that the model takes."""
    names = list(given) if isinstance(given, Mapping) else list(given.columns)
    names = [name for name in names if name not in left_out]
    known = [column.name for column in columns]
    for name in names:
        if name not in known:
            near = nearest(str(name), known)
            most_like = "" if near is None else f"; the nearest is {shown(near)}"
            raise InputError(
                f"{what}: the model has no column {shown(name)}{most_like}. "
                f"{'Leave it out' if near is None else 'Rename it or leave it out'}; the "
                f"{len(known)} columns are {_listed(known)}."
            )
        if names.count(name) > 1:
            raise InputError(f"{what}: the column {shown(name)} is there twice.")
    for column in columns:
        if column.name not in names and not column.missing:
            raise InputError(
                f"{what}: the column {shown(column.name)} is not there, and {NEVER}. "
                f"Give {WANTED[column.kind]} for each row; {REMEDY}.{_may_miss(columns)}"
            )
    return {name: given[name] for name in names}


def _may_miss(columns: Sequence[Column]) -> str:
    """Which columns may be left out, a sentence; "" where none may."""
    names = [column.name for column in columns if column.missing]
    return f" What may be missing are {_listed(names)}." if names else ""


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(map(shown, names[:10]))}{' and more' if len(names) > 10 else ''}"


def _rows(what: str, table: Mapping[str, Any]) -> int:
    lengths = {name: len(each) for name, each in table.items() if not _is_one(each)}
    if len({*lengths.values()}) > 1:
        said = ", ".join(f"{shown(name)} {n}" for name, n in list(lengths.items())[:10])
        raise InputError(f"{what}: the columns differ in their numbers of rows: {said}.")
    if not table:
        raise InputError(f"{what}: no column was given.")
    return next(iter(lengths.values()), 1)


def _is_one(value: Any) -> bool:
    """Whether it is one value, and no column of them."""
    if isinstance(value, (str, bytes)):
        return True
    return not hasattr(value, "__len__") or np.ndim(value) == 0


def _repeated(values: Array, rows: int) -> Array:
    return values if len(values) == rows else np.repeat(values, rows)


def _require_gaps(where: str, column: Column, gaps: Array) -> None:
    if not column.missing and gaps.any():
        raise InputError(
            f"{where}: a value is missing in row {int(gaps.argmax())}, and {NEVER}. Give one for "
            f"each row; {REMEDY}."
        )


def _require_codes(where: str, column: Column, codes: Array) -> None:
    bad = (codes < 0) | (codes >= len(column.words))
    if bad.any():
        raise InputError(
            f"{where}: given {int(codes[bad.argmax()])} in row {int(bad.argmax())}, wanted are "
            f"codes from 0 to {len(column.words) - 1}, the places of its words, or -1 where one is "
            "missing."
        )


def _columns_of(values: Any) -> Array:
    if values is None:
        return np.empty((0, 0))
    if isinstance(values, onnxruntime.OrtValue):
        values = values.numpy()
    return np.asarray(values).T


def _numbers_back(column: Column, values: Array, drawn: bool) -> Array:
    numbers = values.astype(np.float64) + column.origin
    if column.kind == DATE:
        with np.errstate(invalid="ignore"):
            told = np.abs(numbers) < _LAST_DAY
        if column.spacing is not None:
            days = np.rint(np.where(told, numbers, 0.0)).astype(np.int64).astype("datetime64[D]")
            days[~told] = np.datetime64("NaT")
            return days
        seconds = np.rint(np.where(told, numbers, 0.0) * _SECOND).astype(np.int64)
        dates = seconds.astype("datetime64[s]")
        dates[~told] = np.datetime64("NaT")
        return dates
    if column.kind == COUNT and drawn and np.isfinite(numbers).all():
        return np.rint(numbers).astype(np.int64)
    return numbers


def _words(column: Column, codes: Array) -> Array:
    plain = tuple(word.casefold() for word in column.words)
    truth = column.kind == BOOLEAN and plain == _TRUTH
    words = [word == "true" for word in plain] if truth else list(column.words)
    found = np.array([*words, None], object)[codes]
    if (codes < 0).any():
        return found
    return found.astype(bool if truth else str)
