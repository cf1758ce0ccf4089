"""One column of a table as an app has it, as numbers or codes by the schema's words."""

import datetime
from typing import Any

import numpy as np

from zoo.artifact.columns import BOOLEAN, CATEGORICAL, COUNT, DATE, ORDERED, REAL, Column
from zoo.artifact.words import word_of
from zoo.artifact.written import ISO
from zoo.errors import InputError
from zoo.runtime.inputs import is_masked
from zoo.runtime.nearest import nearest
from zoo.runtime.sessions import Array

WANTED = {
    REAL: "a number",
    COUNT: "a whole number from 0 on",
    DATE: "a date",
    CATEGORICAL: "one of its words",
    ORDERED: "one of its words",
    BOOLEAN: "True or False",
}
"""What a value of each kind is, in an error."""

NEVER = "the model never saw a row without one: the training set lacked none, nor were any hidden"
"""Why a missing value of a column is refused."""

REMEDY = "or train with values hidden (table_vae, --hidden 0.1), and any may be missing"
"""What to do for it."""

_SOME = 10  # words that an error lists
_DAY = 86_400_000_000  # microseconds
_LARGEST = 3.4e38
_EPOCH = datetime.datetime(1970, 1, 1)


def numbers_of(where: str, column: Column, value: Any) -> Array:
    """float64 [rows] in the user's units, dates in days from 1970-01-01 on; NaN where missing.

    Raises:
        InputError: for what is no value of the column.
    """
    given = _array(where, column, value)
    found = (
        _days(where, column, given) if column.kind == DATE else _plain_numbers(where, column, given)
    )
    missing = np.isnan(found)
    if missing.any():
        _require_missing(where, column, int(missing.argmax()))
    require_numbers(where, column, found)
    return found


def codes_of(where: str, column: Column, value: Any) -> Array:
    """int32 [rows], the places of words among the column's; -1 where missing.

    Raises:
        InputError: for a word that the column lacks, with the nearest, and for missing ones where
            none may be.
    """
    given = _array(where, column, value)
    places = {word: place for place, word in enumerate(column.words)}
    if given.dtype.kind in "OM":
        return np.array(
            [_code(where, column, places, each, row) for row, each in enumerate(given)], np.int32
        )
    if given.dtype.kind == "f" and np.isnan(given).any():
        _require_missing(where, column, int(np.isnan(given).argmax()))
    words, first, which = np.unique(given, return_index=True, return_inverse=True)
    found = [
        _code(where, column, places, word, int(row))
        for word, row in zip(words.tolist(), first, strict=True)
    ]
    return np.array(found, np.int32)[which.reshape(-1)] if len(words) else np.empty(0, np.int32)


def require_numbers(where: str, column: Column, values: Array) -> None:
    """Raises an `InputError` for numbers that are none of the column.

    Args:
        where: the endpoint and the column.
        column: whose they are to be.
        values: float64 [rows] in the user's units; NaN where missing.
    """
    with np.errstate(invalid="ignore"):
        _refuse(where, values, np.abs(values) > _LARGEST, "numbers that float32 holds")
        if column.log:
            _refuse(where, values, values <= 0, "numbers above 0")
        if column.kind == COUNT:
            bad = (values < 0) | (values != np.rint(values))
            _refuse(where, values, bad & ~np.isnan(values), "whole numbers from 0 on")


def shown(name: object) -> str:
    """A name or a word in an error."""
    return f"{name!r:.60}"


def _refuse(where: str, values: Array, bad: Array, wanted: str) -> None:
    if bad.any():
        row = int(bad.argmax())
        raise InputError(f"{where}: given {values[row]:g} in row {row}, wanted are {wanted}.")


def _array(where: str, column: Column, value: Any) -> Array:
    """The values as an array of one axis: numbers, text, dates, or Python's objects."""
    if is_masked(value):
        raise InputError(f"{where}: given a masked array. Fill it with .filled(value).")
    if isinstance(value, (list, tuple)):
        array = np.empty(len(value), object)
        for row, each in enumerate(value):
            array[row] = each
        return array
    try:
        array = np.asarray(value)
    except Exception as error:  # an object's own conversion may raise whatever it likes
        raise InputError(f"{where}: no column of values ({error}).") from error
    array = array.reshape(1) if array.ndim == 0 else array
    if array.ndim != 1 or array.dtype.kind not in "biufUTOM":
        raise InputError(
            f"{where}: given {array.dtype} {list(array.shape)}, wanted "
            f"{WANTED[column.kind]} for each row."
        )
    return array


def _plain_numbers(where: str, column: Column, given: Array) -> Array:
    if given.dtype.kind in "iuf":
        return given.astype(np.float64)
    found = np.empty(len(given), np.float64)
    for row, each in enumerate(given.tolist() if given.dtype.kind != "M" else given):
        found[row] = _number(where, column, each, row)
    return found


def _number(where: str, column: Column, value: Any, row: int) -> float:
    if _is_missing(column, value):
        return float("nan")
    if isinstance(value, str) and column.written is not None:
        number = column.written.number(value.strip())
        if number is not None:
            return number
    wrong = isinstance(value, (str, bytes, bool, np.bool_, datetime.date, np.datetime64))
    try:
        if not wrong:
            return float(value)
    except (TypeError, ValueError, OverflowError):
        pass
    unit = f", in {column.unit}" if column.unit else ""
    text = f", or {column.written.numbers_in_words}" if column.written is not None else ""
    raise InputError(
        f"{where}: given {shown(value)}, {type(value).__name__}, in row {row}; wanted is "
        f"{WANTED[column.kind]}{unit}{text}."
    )


def _days(where: str, column: Column, given: Array) -> Array:
    if given.dtype.kind == "M":
        days = given.astype("datetime64[us]").astype(np.int64) / _DAY
        return np.where(np.isnat(given), np.nan, days)
    if given.dtype.kind not in "OUT":
        raise InputError(
            f"{where}: given {given.dtype}, wanted dates: datetime64, datetime.date, or text "
            "such as '2024-01-31'."
        )
    found = [_day(where, column, each, row) for row, each in enumerate(given.tolist())]
    return np.array(found, np.float64)


def _day(where: str, column: Column, value: Any, row: int) -> float:
    if _is_missing(column, value):
        return float("nan")
    try:
        if isinstance(value, np.datetime64):
            return float(value.astype("datetime64[us]").astype(np.int64)) / _DAY
        if isinstance(value, str):
            text = value.strip() if column.written is None else column.written.iso(value.strip())
            value = datetime.datetime.fromisoformat(text)
        if isinstance(value, datetime.datetime):
            if value.tzinfo is not None:
                value = value.astimezone(datetime.UTC).replace(tzinfo=None)
            return (value - _EPOCH) / datetime.timedelta(days=1)
        if isinstance(value, datetime.date):
            return float((value - _EPOCH.date()).days)
    except (ValueError, OverflowError):
        pass
    raise InputError(
        f"{where}: given {shown(value)} in row {row}, which is no date. Wanted: datetime64, "
        f"datetime.date, or text {_as_text(column)}'2024-01-31' or '2024-01-31T12:00'."
    )


def _as_text(column: Column) -> str:
    form = column.written.date if column.written else ISO
    return "such as " if form == ISO else f"written as {form}, or such as "


def _code(where: str, column: Column, places: dict[str, int], value: Any, row: int) -> int:
    if column.kind == BOOLEAN and isinstance(value, (bool, np.bool_)):
        return int(value)
    try:
        word = None if _is_missing(column, value) else word_of(value)
    except TypeError as error:
        raise InputError(f"{where}: given {shown(value)} in row {row}: {error}.") from None
    if word is None:
        _require_missing(where, column, row)
        return -1
    if word in places:
        return places[word]
    if column.other is not None:
        return column.other
    near = nearest(word, column.words)
    hint = f"; the nearest is {shown(near)}"
    if near is None:
        some = ", ".join(map(shown, column.words[:_SOME]))
        hint = f": {some}{' and more' if len(column.words) > _SOME else ''}"
    raise InputError(
        f"{where}: {shown(word)} in row {row} is none of its {len(column.words)} words{hint}."
    )


def _is_missing(column: Column, value: Any) -> bool:
    """None, NaN and NaT of any library, and text that says so, by itself or of the column."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, str):
        word = word_of(value)
        return word is None or (column.written is not None and word in column.written.missing)
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def _require_missing(where: str, column: Column, row: int) -> None:
    if not column.missing:
        raise InputError(
            f"{where}: the value of row {row} is missing, and {NEVER}. Give {WANTED[column.kind]}; "
            f"{REMEDY}."
        )
