"""Values of a table as words: one spelling of each, for training and for apps. Standard library."""

import math
from numbers import Integral, Real

MISSING = (
    "",
    "NA",
    "N/A",
    "n/a",
    "#N/A",
    "<NA>",
    "NaN",
    "nan",
    "NaT",
    "NULL",
    "null",
    "None",
)
"""Texts that stand for a missing value, white space at either end left out."""

BOOLEANS = (
    ("false", "true"),
    ("f", "t"),
    ("no", "yes"),
    ("n", "y"),
    ("off", "on"),
    ("0", "1"),
)
"""Pairs of words that say no and yes, upper and lower case being one."""


def word_of(value: object) -> str | None:
    """The word that a value is among categories: 3, 3.0 and "3" are one. None where it is missing.

    Raises:
        TypeError: it is no text, number, True or False.
    """
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        return None if text in MISSING else text
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):  # NumPy's is no bool
        return str(bool(value))
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        if math.isnan(number):
            return None
        return str(int(number)) if number.is_integer() else repr(number)
    raise TypeError(f"{type(value).__name__} is no text, number, True or False")


def no_and_yes(words: object) -> tuple[str, str] | None:
    """Two words as (no, yes) where they are one of `BOOLEANS`, in their own spelling; else None."""
    given = sorted(map(str, words))  # type: ignore[call-overload]
    found = {word.casefold(): word for word in given}
    for no, yes in BOOLEANS:
        if len(given) == 2 and {*found} == {no, yes}:
            return found[no], found[yes]
    return None
