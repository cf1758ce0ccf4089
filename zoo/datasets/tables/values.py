"""Columns as they are read, in one of three Arrow types: text, float64, or microseconds."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zoo.artifact.words import MISSING, word_of
from zoo.artifact.written import COMMAS, DATES, ISO, ONE_DIGIT, WHOLE
from zoo.errors import DatasetError

TEXT, NUMBER, TIME = pa.string(), pa.float64(), pa.timestamp("us")
DAY = 86_400_000_000
"""Microseconds of a day."""

LARGEST = 3.4e38
"""What float32 holds, either way from 0."""

GROUPED = r"^[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$"
"""Text that is a number whose thousands are set off by commas."""

_DATES = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9:.]+(Z|[-+][0-9]{2}(:?[0-9]{2})?)?)?$"


def normalised(array: pa.Array, name: str) -> pa.Array:
    """The array as `TEXT`, `NUMBER` or `TIME`, missing values as nulls.

    Raises:
        DatasetError: it holds what no column of a table does.
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        array, kind = array.dictionary_decode(), kind.value_type
    if pa.types.is_null(kind):
        return pc.cast(array, TEXT)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view":
        return without_missing(pc.cast(array, TEXT))
    if pa.types.is_boolean(kind):
        return pc.if_else(array, "True", "False")
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        if pa.types.is_timestamp(kind):
            kind = pa.timestamp("us", kind.tz)
        return pc.cast(pc.cast(array, kind, safe=False), TIME, safe=False)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = pc.cast(array, NUMBER, safe=False)
        return pc.if_else(pc.is_nan(numbers), None, numbers)
    raise DatasetError(
        f"The column {name!r} holds {kind}; wanted: numbers, text, dates or true and "
        "false. Leave it out, or make columns of its parts."
    )


def without_missing(text: pa.Array, further: Sequence[str] = ()) -> pa.Array:
    """Text without white space at its ends, null where it says that a value is missing."""
    trimmed = pc.utf8_trim_whitespace(text)
    absent = pc.is_in(trimmed, value_set=pa.array([*MISSING, *further], TEXT))
    return pc.if_else(absent, pa.scalar(None, TEXT), trimmed)


def as_numbers(text: pa.Array, comma: bool = False) -> pa.Array:
    """Text as float64.

    Args:
        comma: whether 1,5 is one and a half, and 1.234,5 a thousand more.

    Raises:
        pa.ArrowInvalid: one of them is no number.
    """
    if comma:
        if pc.any(pc.invert(pc.match_substring_regex(text, f"{COMMAS}|{WHOLE}"))).as_py():
            raise pa.ArrowInvalid("a number is written otherwise")
        text = pc.replace_substring(pc.replace_substring(text, ".", ""), ",", ".")
    return pc.cast(text, NUMBER)


def as_times(text: pa.Array, form: str = ISO) -> pa.Array:
    """Text as microseconds from 1970 on, in UTC where it states an offset.

    Args:
        form: one of `DATES`.

    Raises:
        pa.ArrowInvalid: one of them is no date.
    """
    rewriting = DATES[form]
    if rewriting is not None:
        if pc.any(pc.invert(pc.match_substring_regex(text, rewriting[0]))).as_py():
            raise pa.ArrowInvalid("a date is written otherwise")
        text = pc.replace_substring_regex(text, *rewriting)
        for _ in range(2):  # 2020-1-2
            text = pc.replace_substring_regex(text, *ONE_DIGIT)
    try:
        return pc.cast(text, TIME)
    except pa.ArrowInvalid:
        if pc.any(pc.match_substring_regex(text, r"[0-9](Z|[-+][0-9]{2}:?[0-9]{0,2})$")).as_py():
            zoned = pc.replace_substring_regex(text, r"^([0-9]{4}-[0-9]{2}-[0-9]{2})$", r"\1 00:00")
            zoned = pc.replace_substring_regex(zoned, r"^([0-9-]{10}[ T][0-9:.]+)$", r"\1Z")
            return pc.cast(pc.cast(zoned, pa.timestamp("us", "UTC")), TIME)
        raise


def looks_like_dates(text: pa.Array) -> pa.Array:
    """Whether each text is written like a date, whatever its day."""
    found = pc.match_substring_regex(text, _DATES)
    for rewriting in filter(None, DATES.values()):
        found = pc.or_(found, pc.match_substring_regex(text, rewriting[0]))
    return found


def as_words(array: pa.Array) -> pa.Array:
    """Words: text as it is, each number in its one spelling, times in ISO 8601."""
    if array.type == TEXT:
        return array
    if array.type == TIME:
        return pc.cast(array, TEXT)
    coded = array.dictionary_encode()
    words = pa.array([word_of(number) for number in coded.dictionary.to_pylist()], TEXT)
    return pc.take(words, coded.indices)


def first_bad(array: pa.Array, parse: Callable[[pa.Array], object]) -> int:
    """Where the first value stands that `parse` refuses, of an array that it refuses."""
    low, high = 0, len(array)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            parse(array[low:middle])
        except pa.ArrowInvalid:
            high = middle
        else:
            low = middle
    return low


def first_true(mask: pa.Array) -> int:
    """Where the first true value stands; -1 where there is none."""
    return int(pc.index(mask, True).as_py())


def numpy_of(array: pa.Array) -> np.ndarray:
    """float64 [n] of `NUMBER`, of `TIME` in days from 1970-01-01 on; NaN where it is missing."""
    if array.type == TIME:
        whole = pc.cast(array, pa.int64()).to_numpy(zero_copy_only=False)
        return np.asarray(whole, np.float64) / DAY
    found: np.ndarray = array.to_numpy(zero_copy_only=False)
    return found


def shown(value: object) -> str:
    """A value in an error, on one line."""
    return f"{value!r:.60}"
