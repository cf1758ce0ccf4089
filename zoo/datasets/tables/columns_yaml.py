"""What columns are taken for, as a columns.yaml with the reasons as comments."""

import json
from collections.abc import Iterator

from zoo.artifact.columns import ORDERED, REAL
from zoo.datasets.reading import printable
from zoo.datasets.tables.dataset import Examined
from zoo.datasets.tables.kinds import Decision

MOST_SHOWN = 50
"""Words that are listed."""

_HEAD = """\
# What the columns of {table} are taken for, and why. Edit it, and pass it as --columns FILE.
#
# kind: real, count (whole numbers from 0 on), date, categorical, boolean, or ordered, with words:
#       [least, ..., most]
# drop: true leaves a column out
# unit: in words
# log: true takes the logarithm of a real number
# words: the categories; there are no others then
# missing: [texts that stand for no value]
# decimal: "," where 1,5 is one and a half, "." where 1,500 is a thousand and more
# date: how dates are written, as day/month/year
#
# A column that is not named here is as the rules of docs/data.md say.
columns:
"""


def text(found: Examined) -> str:
    """The file, which `overrides.read` reads back."""
    lines = [line for each in found.decisions for line in _lines(found, each)]
    return _HEAD.format(table=printable(found.source.shown)) + "\n".join(lines) + "\n"


def _lines(found: Examined, decision: Decision) -> Iterator[str]:
    plan, column = found.plans[decision.name], decision.column
    yield f"  {_quoted(decision.name)}:"
    yield from (f"    # {_comment(note)}" for note in (plan.note, decision.note) if note)
    if column is None:
        yield f"    drop: true  # {_comment(decision.why)}"
        return
    yield f"    kind: {column.kind}  # {_comment(decision.why)}"
    yield f"    unit: {_quoted(column.unit)}"
    if column.kind == REAL:
        yield f"    log: {'true' if column.log else 'false'}"
    if plan.comma or (plan.dress is not None and plan.dress.comma):
        yield '    decimal: ","'
    elif plan.override.decimal:
        yield '    decimal: "."'
    if plan.override.missing:
        yield f"    missing: {_list(plan.override.missing)}"
    if plan.override.date or plan.form != "year-month-day":
        yield f"    date: {plan.form}"
    if column.words:
        more = len(column.words) - MOST_SHOWN
        mark = "" if column.kind == ORDERED or plan.override.words else "# "
        if mark and more > 0:
            yield f"    # words: {_list(column.words[:MOST_SHOWN])} and {more:,} more"
        else:
            yield f"    {mark}words: {_list(column.words)}"


def _list(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(_quoted, words)) + "]"


def _quoted(word: str) -> str:
    """As YAML reads it as text, whatever it holds."""
    plain = word.isascii() and word.replace("_", "").isalpha()
    if plain and word.lower() not in ("true", "false", "yes", "no", "on", "off", "null", "y", "n"):
        return word
    return json.dumps(word, ensure_ascii=not word.isprintable())


def _comment(why: str) -> str:
    return printable(why)
