"""A table's columns as numbers, times and words; what is none is refused by its line."""

from collections.abc import Iterator, Sequence
from typing import NoReturn

import numpy as np
import pyarrow as pa

from zoo.datasets.reading import printable
from zoo.datasets.tables import sources, values
from zoo.datasets.tables.looks import Found, Look
from zoo.datasets.tables.overrides import NOTHING
from zoo.datasets.tables.plans import MOSTLY, Plan
from zoo.datasets.tables.sources import Source
from zoo.datasets.tables.values import NUMBER, TEXT, TIME
from zoo.errors import DatasetError

_SECOND = 1e6  # microseconds


class NumberColumns:
    """All of whose rows count, in their order; rows at the end that hold nothing are left out.

    Args:
        source: the table; of any number of columns, from one on.
        memory_share: part of the memory that its rows may take, see `Source.keep_if_small`.

    Raises:
        DatasetError: it cannot be read, or has no row.
    """

    def __init__(self, source: Source, memory_share: float):
        sources.require_names(source, fewest=1, most=None)
        source.keep_if_small(memory_share)
        self.source = source
        self.shown = source.shown
        self.rows = 0
        looks = {name: Look(name, NOTHING) for name in source.names}
        for chunk in source.chunks():
            filled = np.zeros(len(chunk), bool)
            for name, array in chunk.arrays.items():
                looks[name].add(chunk.start, array)
                filled |= array.is_valid().to_numpy(zero_copy_only=False)
            if filled.any():
                self.rows = chunk.start + int(np.flatnonzero(filled)[-1]) + 1
        if not self.rows:
            raise DatasetError(f"{self.shown} has no row below its column names: add some.")
        self._looks = looks
        self.notes = list(source.notes)
        self.index = self._index()
        if self.index:
            self.notes.append("The first column has no name and numbers the rows: it is left out.")

    @property
    def names(self) -> list[str]:
        """The columns', less one that only numbers the rows."""
        return [name for name in self._looks if name != self.index]

    def require(self, option: str, name: str | None) -> None:
        """Raises unless the column that an option names is there."""
        if name is not None and name not in self._looks:
            names = [*self._looks]
            raise DatasetError(
                f"{self.shown} has no column {name!r} ({option}); its columns are "
                f"{', '.join(map(printable, names[:10]))}{', ...' if len(names) > 10 else ''}."
            )

    def are_words(self, name: str) -> bool:
        """Whether a column holds text, and not numbers of which some are mistaken."""
        look = self._looks[name]
        if look.type != TEXT or not look.present:
            return False
        numbers = max(look.numbers + look.commas + look.grouped, look.dressed.count)
        return look.codes or numbers < MOSTLY * look.present

    def are_dates(self, name: str) -> bool:
        """Whether a column holds dates alone."""
        look = self._looks[name]
        return look.type == TIME or bool(look.present and look.dates == look.present)

    def numbers(self, names: Sequence[str], if_missing: str | None = None) -> np.ndarray:
        """float32 [rows, columns] of columns that hold finite numbers, NaN where one is missing.

        Args:
            names: of the columns.
            if_missing: what to do about a missing value, which is refused; None takes it.

        Raises:
            DatasetError: for any other value, with its line and column.
        """
        plans = {name: self._number_plan(name, if_missing) for name in names}
        out = np.empty((self.rows, len(names)), np.float32)
        for start, arrays in self._parts(names):
            for place, name in enumerate(names):
                part = slice(start, start + len(arrays[name]))
                out[part, place] = plans[name].numbers(arrays[name])
        return out

    def times(self, name: str) -> np.ndarray:
        """float64 [rows]: numbers as they are, dates in seconds since the first.

        Raises:
            DatasetError: for what is neither, or missing, with its line.
        """
        look = self._looks[name]
        self._require_present(look, "Give each row its time.")
        plan = self._time_plan(look)
        parts = []
        for _, arrays in self._parts([name]):
            if plan.type == NUMBER:
                parts.append(plan.numbers(arrays[name]))
                continue
            dates = arrays[name]
            dates = values.as_times(dates, plan.form) if dates.type == TEXT else dates
            parts.append(dates.cast(pa.int64()).to_numpy(zero_copy_only=False))
        found = np.concatenate(parts)
        return found if plan.type == NUMBER else (found - found.min()) / _SECOND

    def codes(self, name: str) -> np.ndarray:
        """int64 [rows]: which of its words a row has, numbered as they appear.

        Raises:
            DatasetError: where it is missing, with its line.
        """
        self._require_present(self._looks[name], "Say in each row whose it is.")
        known: dict[str, int] = {}
        parts = []
        for _, arrays in self._parts([name]):
            coded = values.as_words(arrays[name]).dictionary_encode()
            words = coded.dictionary.to_pylist()
            numbers = np.array([known.setdefault(word, len(known)) for word in words], np.int64)
            parts.append(numbers[coded.indices.to_numpy(zero_copy_only=False)])
        return np.concatenate(parts)

    def value(self, row: int, name: str) -> str:
        """What stands there, for errors."""
        for start, arrays in self._parts([name]):
            if row < start + len(arrays[name]):
                return printable(values.as_words(arrays[name])[row - start].as_py())
        raise IndexError(row)

    def place(self, row: int) -> str:
        """Where a row from 0 on stands, in words."""
        return self.source.place(row)

    def _parts(self, names: Sequence[str]) -> Iterator[tuple[int, dict[str, pa.Array]]]:
        """(rows before it, {column: array}), less the rows at the end that hold nothing."""
        for chunk in self.source.chunks():
            count = min(len(chunk), self.rows - chunk.start)
            if count > 0:
                yield chunk.start, {name: chunk.arrays[name][:count] for name in names}

    def _index(self) -> str | None:
        """The first column, if it has no name and numbers the rows, as frames are written."""
        first = next(iter(self._looks.values()))
        counts = first.whole and first.consecutive and first.numbers == self.rows
        return first.name if self.source.first_is_unnamed and counts else None

    def _require_present(self, look: Look, remedy: str) -> None:
        if look.first_missing is not None and look.first_missing <= self.rows:
            raise DatasetError(
                f"{self._where(look.first_missing, look.name)}: the value is missing. {remedy}"
            )

    def _number_plan(self, name: str, if_missing: str | None) -> Plan:
        look = self._looks[name]
        if if_missing is not None:
            self._require_present(look, if_missing)
        elif not look.present:
            raise DatasetError(
                f"{self.shown}: of the column {printable(name)} every value is missing. Leave that "
                "column out of the file."
            )
        bad = look.infinite or look.too_large
        if bad is None and look.type == NUMBER:
            return Plan(look, NUMBER)
        if bad is None and look.type == TEXT:
            comma = self._comma(look)
            if comma is not None:
                return Plan(look, NUMBER, comma=comma)
            if look.dress is not None:
                said = f"{look.name!r:.60} is read as numbers in {look.dress.sign or 'groups'} "
                self.notes.append(f"{said}({look.not_a_number}).")
                return Plan(look, NUMBER, dress=look.dress)
            bad = look.a_word or look.not_a_number
        if bad is None:
            bad = Found(1, self.value(0, name))
        raise DatasetError(
            f"{self._where(bad.row, name)}: {values.shown(bad.value)} is no number that float32 "
            "holds. Leave the column out of the file, or give its categories as columns of 0 and 1."
        )

    def _comma(self, look: Look) -> bool | None:
        """Whether numbers have decimal commas; None where not all of them are numbers."""
        if look.numbers == look.present:
            return False
        if look.grouped and not look.commas and look.grouped + look.numbers == look.present:
            assert look.not_a_number is not None
            raise DatasetError(
                f"{self._where(look.not_a_number.row, look.name)}: "
                f"{values.shown(look.not_a_number.value)} has a comma that may be decimal or set "
                "off thousands. Write numbers without it."
            )
        if look.commas and look.whole_or_decimal == look.present:
            said = f"{look.name!r:.60} has decimal commas ({look.not_a_number})."
            if said not in self.notes:
                self.notes.append(said)
            return True
        return None

    def _time_plan(self, look: Look) -> Plan:
        if look.type == TIME:
            return Plan(look, TIME)
        bad = look.infinite or look.too_large
        if bad is None and look.type == NUMBER:
            return Plan(look, NUMBER)
        if bad is None and look.dates < look.present:
            comma = self._comma(look)
            if comma is not None:
                return Plan(look, NUMBER, comma=comma)
        fitting = [form for form, wrong in look.forms.items() if wrong is None]
        if bad is None and look.dates == look.present and fitting:
            if len(fitting) > 1:
                raise DatasetError(
                    f"{self.shown}: the column {look.name!r:.60} holds dates that may be "
                    f"{' or '.join(fitting)}. Write them as year-month-day, such as 2024-05-31."
                )
            return Plan(look, TIME, form=fitting[0])
        if bad is None and look.dates:
            # The form that fits the longest tells what is wrong.
            bad = max((wrong for wrong in look.forms.values() if wrong), key=lambda each: each.row)
        self._refuse_time(look, bad or look.not_a_number or Found(1, self.value(0, look.name)))

    def _refuse_time(self, look: Look, bad: Found) -> NoReturn:
        raise DatasetError(
            f"{self.shown}, {self.place(bad.row - 1)}: {values.shown(bad.value)} in the column "
            f"{printable(look.name)} is no time. Wanted: numbers, or dates written alike, such as "
            "2024-05-01 12:30."
        )

    def _where(self, row: int, name: str) -> str:
        """Of a row from 1 on, as a `Look` counts them."""
        return f"{self.shown}, {self.place(row - 1)}, column {printable(name)}"
