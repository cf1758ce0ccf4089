"""What one example is, for people: a schema as sentences."""

import math
from datetime import date, timedelta

from zoo.artifact.columns import DATE, Column
from zoo.artifact.schema import Schema

MOST_CLASSES = 20
"""Classes, or words of a column, that are named; all are in the manifest."""

MOST_COLUMNS = 40
"""Columns that are described; all are in the manifest."""


def sentences(schema: Schema) -> list[str]:
    """What an example is, in printable characters."""
    if schema.columns:
        return _of_table(schema)
    if schema.tokens:
        return _of_strings(schema)
    low, high = (("" if n is None else f"{n:g}") for n in (schema.low, schema.high))
    bounds = f"from {low} to {high}" if low and high else ""
    bounds = bounds or (f"of {low} or more" if low else f"of {high} or less" if high else "")
    spacing = "continuous"
    if schema.spacing is not None:
        spacing = f"multiples of {_fraction(schema.spacing)}"
    values = ", ".join(filter(None, (f"values {bounds}".strip(), spacing)))
    unit = f", in {schema.unit}" if schema.unit else ""
    shape = ", ".join(map(str, schema.shape))
    kind = f"An example is of the kind {schema.kind}, [{shape}]"
    said = [f"{kind}: {values}{unit}."]
    if schema.is_strokes:
        said.append(
            "It is a drawing, each step dx, dy, pen: how far the pen goes, and its state: 0 it "
            "draws on, 1 it is lifted after this step, 2 the drawing ended before it. The first "
            "step is a move from the origin to the first point."
        )
    if schema.ink:
        said.append("A value says how much ink is there.")
    if schema.uint8:
        said.append("Bytes from 0 to 255 stand for the same range.")
    if schema.lengths:
        said.append("It may end before its last step.")
    if schema.missing:
        said.append("Values may be missing: NaN.")
    if schema.features:
        shown = ", ".join(map(_plain, schema.features[:MOST_CLASSES]))
        more = len(schema.features) - MOST_CLASSES
        said.append(f"Its features are {shown}{f' and {more:,} more' if more > 0 else ''}.")
    if schema.classes:
        said.append(f"Its classes are {_first(schema.classes)}.")
    return said


def _of_strings(schema: Schema) -> list[str]:
    """A string, and how it is cut."""
    return [
        f"An example is a string of {schema.shape[0] - 1} tokens at most, "
        f"cut by the tokenizer {schema.tokenizer}.",
        f"Its tokens are {_first(schema.tokens[:-1])}; {len(schema.tokens) - 1} is its end.",
    ]


def _of_table(schema: Schema) -> list[str]:
    """A row, and each of its columns."""
    said = [f"An example is a row of a table of {len(schema.columns):,} columns."]
    said += [_column(each) for each in schema.columns[:MOST_COLUMNS]]
    if len(schema.columns) > MOST_COLUMNS:
        said.append(f"And {len(schema.columns) - MOST_COLUMNS:,} columns more.")
    if schema.classes:
        said.append(f"Its classes are {_first(schema.classes)}.")
    return said


def _column(column: Column) -> str:
    """`age: real, in years, from 17 to 90; may be missing.`"""
    facts = [column.kind + (", by its logarithm" if column.log else "")]
    if column.spacing is not None:
        facts.append("whole days")
    if column.unit:
        facts.append(f"in {_plain(column.unit)}")
    if column.low is not None and column.high is not None:
        facts.append(f"from {_value(column, column.low)} to {_value(column, column.high)}")
    if column.words:
        facts.append(_first(column.words))
    if column.other is not None:
        facts.append(f"any other word is {_plain(column.words[column.other])}")
    missing = "; may be missing" if column.missing else ""
    return f"{_plain(column.name)}: {', '.join(facts)}{missing}."


def _value(column: Column, number: float) -> str:
    """A number, or a day."""
    if column.kind != DATE:
        return f"{number:g}"
    try:
        return (date(1970, 1, 1) + timedelta(math.floor(number))).isoformat()
    except OverflowError:
        return f"day {number:g}"


def _first(words: tuple[str, ...]) -> str:
    """The first of several words, and how many there are more."""
    more = len(words) - MOST_CLASSES
    shown = ", ".join(map(_plain, words[:MOST_CLASSES]))
    return shown + (f" and {more:,} more" if more > 0 else "")


def _plain(word: str) -> str:
    """A word of somebody's data, on one line."""
    return "".join(each if each.isprintable() else "?" for each in word)


def _fraction(number: float) -> str:
    """1/255 as such, other numbers in digits."""
    inverse = round(1 / number)
    return f"1/{inverse}" if inverse > 1 and abs(number * inverse - 1) < 1e-6 else f"{number:g}"
