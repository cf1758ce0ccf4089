"""Between the passes: how a column is read, and what is wrong with it."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from zoo.artifact.columns import COUNT, DATE, REAL, WORDS
from zoo.artifact.written import ISO, Written
from zoo.datasets.tables import values
from zoo.datasets.tables.dressed import Dress
from zoo.datasets.tables.looks import Look
from zoo.datasets.tables.overrides import Override
from zoo.datasets.tables.values import NUMBER, TEXT, TIME
from zoo.errors import DatasetError

MOSTLY = 0.9
"""Of a column whose values are numbers, or dates, to such a share, the others are mistakes."""

IDENTIFIERS = 20
"""Of so many rows or more, a column of words that all differ is one of identifiers."""


@dataclass(frozen=True)
class Plan:
    """How a column is read.

    Args:
        look: of all its rows.
        type: `TEXT` for words, `NUMBER` or `TIME`.
        kind: where it is settled.
        form: how dates are written.
        comma: whether numbers have decimal commas.
        dress: how numbers are written, if for people.
        dropped: why it is left out, if it is.
        note: what its user is told besides.
        unit: of numbers, where they are written with one.
    """

    look: Look
    type: pa.DataType
    kind: str | None = None
    form: str = ISO
    comma: bool = False
    dress: Dress | None = None
    dropped: str = ""
    note: str = ""
    unit: str = ""

    @property
    def name(self) -> str:
        """The column's."""
        return self.look.name

    @property
    def override(self) -> Override:
        """What its user says of it."""
        return self.look.override

    def written(self, kind: str) -> Written | None:
        """How values of what turned out such a kind are written as text; None where none are."""
        missing = self.override.missing
        if self.look.type != TEXT or kind in WORDS:
            return Written(missing=missing) if missing else None
        return Written(
            comma=self.dress.comma if self.dress is not None else self.comma,
            for_people=self.dress is not None,
            sign=self.dress.sign if self.dress is not None else "",
            date=self.form,
            missing=missing,
        )

    def numbers(self, array: pa.Array) -> np.ndarray:
        """float64 [n]: numbers, or days from 1970-01-01 on; NaN where missing."""
        if array.type == TEXT:
            array = self._known(array)
            try:
                array = self._parsed(array)
            except pa.ArrowInvalid as error:
                bad = array[values.first_bad(array, self._parsed)].as_py()
                raise DatasetError(
                    f"The column {self.name!r:.60} holds numbers or dates that are "
                    f"written in several ways; one is {values.shown(bad)}. Write all in one."
                ) from error
        return values.numpy_of(array)

    def _known(self, text: pa.Array) -> pa.Array:
        """Null where the user's own texts say that a value is missing."""
        further = self.override.missing
        return values.without_missing(text, further) if further else text

    def _parsed(self, text: pa.Array) -> pa.Array:
        if self.type == TIME:
            return values.as_times(text, self.form)
        if self.dress is not None:
            return self.dress.numbers(text)
        return values.as_numbers(text, self.comma)

    def words(self, array: pa.Array) -> pa.Array:
        """Text [n]; null where missing."""
        if array.type == TEXT:
            array = self._known(array)
            if self._spelt_as_numbers:
                array = values.as_numbers(array, self.comma)
        return values.as_words(array)

    @property
    def _spelt_as_numbers(self) -> bool:
        """Whether 1 and 1.0 are one word."""
        return self.look.numbers == self.look.present and not self.look.codes


def plan(shown: str, look: Look, declared: bool = False) -> Plan:
    """How a column is read.

    Args:
        shown: the table, for errors.
        look: of all its rows.
        declared: whether a frame says that it holds categories.

    Raises:
        DatasetError: its values are of several kinds, or cannot be told apart from others.
    """
    where, said = f"{shown}: the column {look.name!r:.60}", look.override
    if said.drop:
        return Plan(look, TEXT, dropped="columns.yaml drops it")
    if not look.present:
        return Plan(look, TEXT, dropped="every value is missing")
    if said.kind in WORDS or said.words or (declared and said.kind is None):
        return Plan(look, TEXT, said.kind, comma=said.decimal == ",")
    if said.kind == DATE or said.date or look.type == TIME:
        return _dates(where, look)
    if look.type == TEXT and (said.kind in (None, REAL, COUNT)) and _is_dressed(look):
        return _dressed(where, look)
    if said.kind in (REAL, COUNT) or look.type == NUMBER:
        return _numbers(where, look, said.decimal == ",", said.kind)
    if look.numbers == look.present and not look.codes:
        return _numbers(where, look, said.decimal == ",", None)
    return _text(where, look)


def _text(where: str, look: Look) -> Plan:
    """Of text that is not all numbers."""
    present = look.present
    if look.codes and look.numbers == present:
        return _words(look, "numbers with leading zeros are codes")
    if look.grouped and not look.commas and look.grouped + look.numbers == present:
        raise DatasetError(
            f"{where} has {look.not_a_number}: a comma may be decimal or set off thousands. Write "
            'numbers without it, or say decimal: "," in columns.yaml (zoo columns FILE).'
        )
    if look.commas and look.whole_or_decimal == present:
        note = f"{look.name!r:.60} has decimal commas ({look.not_a_number})."
        return replace(_numbers(where, look, True, None), note=note)
    if look.dates == present or look.dates >= MOSTLY * present:
        return _dates(where, look)
    if look.numbers + look.commas + look.grouped >= MOSTLY * present:
        other = look.a_word or look.not_a_number
        raise DatasetError(
            f"{where} holds numbers, and {other}. Correct it; or name that text in columns.yaml as "
            "missing: [...], or say kind: categorical there (zoo columns FILE)."
        )
    return _words(look)


def _is_dressed(look: Look) -> bool:
    """Whether all numbers are written for people, in one way, and not as programs read them."""
    if look.numbers == look.present or look.dates == look.present or look.dress is None:
        return False
    return not (look.commas and look.whole_or_decimal == look.present)


def _dressed(where: str, look: Look) -> Plan:
    """Of numbers with a sign or groups; what has a sign is measured, and not counted."""
    dress, said = look.dress, look.override
    assert dress is not None
    kind = said.kind or (REAL if dress.sign else None)
    sign = f" in {dress.sign}" if dress.sign else ""
    comma = ", with decimal commas" if dress.comma else ""
    note = f"{look.name!r:.60} is read as numbers{sign}{comma} ({look.not_a_number})."
    found = replace(_numbers(where, look, False, kind, dressed=True), dress=dress, note=note)
    return found if said.unit or not dress.sign else replace(found, unit=dress.sign)


def _written_for_people(look: Look) -> str:
    """A note on words most of which are numbers that are not read as such; "" where they are not"""
    of_them = look.dressed
    if of_them.count < MOSTLY * look.present or of_them.signs <= {""}:
        return ""
    why = "not all in one way" if of_them.count == look.present else "but not all are numbers"
    remedy = "Write plain numbers, or leave it out: drop: true in columns.yaml"
    if of_them.is_unclear:
        why = "whose comma or point may be decimal or set off thousands"
        remedy = 'Say decimal: "," or decimal: "." in columns.yaml'
    return (
        f"{look.name!r:.60} holds numbers with signs ({look.not_a_number}), {why}: it is taken for "
        f"words. {remedy} (zoo columns FILE)."
    )


def _mixed(look: Look) -> str:
    """A note on words of which half or more are numbers or dates; "" where they are not."""
    numbers = look.numbers + look.commas + look.grouped
    most = max(numbers, look.dates)
    if 2 * most < look.present or look.a_word is None:
        return ""
    what = "numbers" if most == numbers else "dates"
    return (
        f"{look.name!r:.60} holds {what} in {most / look.present:.0%} of its rows, and "
        f"{look.a_word}: it is taken for words. Where that text says that a value is missing, name "
        "it in columns.yaml as missing: [...] (zoo columns FILE)."
    )


def _words(look: Look, why: str = "") -> Plan:
    if look.override.kind is None and look.different and look.present >= IDENTIFIERS:
        return Plan(
            look,
            TEXT,
            dropped="all values differ, as identifiers do; kind: categorical in columns.yaml "
            "keeps it",
            note=_written_for_people(look),
        )
    said = f"{look.name!r:.60}: {why}." if why else _written_for_people(look) or _mixed(look)
    return Plan(look, TEXT, note=said)


def _dates(where: str, look: Look) -> Plan:
    if look.type == TIME:
        return Plan(look, TIME, DATE)
    if look.type == NUMBER:
        raise DatasetError(
            f"{where} is to be a date and holds numbers. Write dates as 2024-01-31, or leave kind "
            "out."
        )
    said = look.override.date
    if said is not None:
        if look.forms[said] is not None:
            raise DatasetError(f"{where} has {look.forms[said]}, which is no date as {said}.")
        return Plan(look, TIME, DATE, form=said)
    fitting = [form for form, bad in look.forms.items() if bad is None]
    if len(fitting) == 1:
        return Plan(look, TIME, DATE, form=fitting[0])
    if fitting:
        raise DatasetError(
            f"{where} holds dates that may be {' or '.join(fitting)}. Say which in columns.yaml "
            f"(zoo columns FILE): date: {fitting[0]}"
        )
    # The form that fits the longest tells what is wrong.
    latest = max((bad for bad in look.forms.values() if bad), key=lambda bad: bad.row)
    raise DatasetError(
        f"{where} holds dates, and {latest}, which is none. Correct it, name it in columns.yaml as "
        "missing: [...], or say kind: categorical there (zoo columns FILE)."
    )


def _numbers(where: str, look: Look, comma: bool, kind: str | None, dressed: bool = False) -> Plan:
    if look.infinite:
        raise DatasetError(
            f"{where} has {look.infinite}; wanted: finite numbers. Leave the value empty if it is "
            "unknown."
        )
    if look.too_large:
        raise DatasetError(
            f"{where} has {look.too_large}, which float32 cannot hold; wanted: numbers up to "
            f"{values.LARGEST:g}. Give them in a larger unit."
        )
    if not dressed and max(look.numbers, comma * look.whole_or_decimal) < look.present:
        raise DatasetError(
            f"{where} is to be {kind or 'a number'} and has {look.not_a_number}. Correct it, or "
            "name that text in columns.yaml as missing: [...]."
        )
    if kind == COUNT and not (look.whole and look.least >= 0):
        raise DatasetError(
            f"{where} is to be a count and has values such as {look.least:g}; wanted: whole "
            "numbers from 0 on. Say kind: real."
        )
    plain = not (comma or dressed)
    if kind is None and look.override.kind is None and plain and _identifies(look):
        return Plan(
            look,
            NUMBER,
            dropped="it numbers the rows, as identifiers do; kind: real in columns.yaml keeps it",
        )
    return Plan(look, NUMBER, kind, comma=comma)


def _identifies(look: Look) -> bool:
    """Whether it numbers rows: each one more than the last, or growing and called id."""
    if look.missing or not look.whole or look.present < IDENTIFIERS:
        return False
    named = look.name.casefold().replace("-", "_").replace(" ", "_")
    called = named in ("id", "index", "key") or named.endswith("_id")
    return look.consecutive or (look.increasing and called)
