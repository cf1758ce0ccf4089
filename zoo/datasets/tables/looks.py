"""First pass: what a column may be, by every row of it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zoo.artifact.written import COMMAS, DATES, NUMBERS
from zoo.datasets.tables import values
from zoo.datasets.tables.dressed import Dress, Dressed
from zoo.datasets.tables.overrides import Override
from zoo.datasets.tables.values import NUMBER, TEXT

FEW = 10
"""Whole numbers of so many different values, at most, may be the numbers of categories."""

MOST_TRACKED = 2**20
"""Different words of a column that are remembered, to see whether all of them differ."""

_SETTLED = 1000
"""Values after which a column of words is looked at for words alone."""

_CODE = r"^[-+]?0[0-9]"


@dataclass(frozen=True)
class Found:
    """A value and where it stands.

    Args:
        row: from 1 on, below the header.
        value: as the table has it.
    """

    row: int
    value: object

    def __str__(self) -> str:
        return f"in row {self.row:,} {values.shown(self.value)}"


class Look:
    """What is known of a column, as more and more of its rows are seen."""

    def __init__(self, name: str, override: Override):
        self.name = name
        self.override = override
        self.type: pa.DataType = TEXT
        self.rows = self.missing = 0
        self.first_missing: int | None = None  # its row, from 1 on
        self.numbers = self.dates = 0  # of the values that are not missing
        self.decimals = 0  # with a comma, in chunks that are all such or whole numbers
        self.commas = self.grouped = 0
        self.dressed = Dressed(override.decimal)
        self.codes = False  # numbers with a leading 0, as of a postal code
        self.not_a_number: Found | None = None
        self.a_word: Found | None = None  # neither a number nor written like one
        self.forms: dict[str, Found | None] = dict.fromkeys(DATES)  # and what is none
        self.least, self.most = np.inf, -np.inf
        self.whole = self.increasing = self.consecutive = True
        self.few: set[float] | None = set()
        self.infinite: Found | None = None
        self.too_large: Found | None = None
        self.words: set[str] = set()
        self.different = True  # whether each word was new
        self.all_tracked = True
        self._last = -np.inf
        self._all_numbers = 0
        self._settled = False

    @property
    def present(self) -> int:
        """Values that are not missing."""
        return self.rows - self.missing

    @property
    def words_alone(self) -> bool:
        """Whether most values are neither numbers nor dates."""
        numbers = max(self.numbers + self.commas + self.grouped, self.dressed.count)
        return 2 * (numbers + self.dates) < self.present

    @property
    def dress(self) -> Dress | None:
        """How all numbers are written, if for people; None where they are not, or not alike."""
        return self.dressed.dress_of(self.present)

    @property
    def whole_or_decimal(self) -> int:
        """Values of chunks that are whole numbers or have decimal commas."""
        return self.decimals and self.decimals + self._all_numbers

    def add(self, start: int, array: pa.Array) -> None:
        """Looks at the rows from `start` on."""
        self.type = array.type
        if array.type == TEXT and self.override.missing:
            array = values.without_missing(array, self.override.missing)
        if array.null_count and self.first_missing is None:
            self.first_missing = start + values.first_true(pc.is_null(array)) + 1
        self.rows += len(array)
        self.missing += array.null_count
        if array.null_count == len(array):
            return
        if array.type == TEXT:
            self._text(start, array)
        elif array.type == NUMBER:
            self.numbers += len(array) - array.null_count
            self._numbers(start, array, array)

    def _text(self, start: int, array: pa.Array) -> None:
        present = len(array) - array.null_count
        if self._settled:
            self._words(array)
        elif self._are_numbers(start, array):
            self.numbers += present
        elif self._are_dates(start, array):
            self.dates += present
        else:
            self._other(start, array)
            self._settled = self.present >= _SETTLED and self.words_alone

    def _are_numbers(self, start: int, array: pa.Array) -> bool:
        comma = self.override.decimal == ","
        try:
            numbers = values.as_numbers(array, comma)
        except pa.ArrowInvalid:
            return False
        self._numbers(start, numbers, array)
        self._all_numbers += len(array) - array.null_count
        self.dressed.add_plain(len(array) - array.null_count, whole=self.whole or comma)
        if self.whole:
            self.codes |= bool(pc.any(pc.match_substring_regex(array, _CODE)).as_py())
        if self.codes:
            self._words(array)
        return True

    def _are_dates(self, start: int, array: pa.Array) -> bool:
        """Whether all are, in a form that all before were."""
        fitting = [form for form, bad in self.forms.items() if bad is None]
        for form in fitting:
            if _not_of(start, array, form) is None:
                for other in fitting:
                    if other != form:
                        self.forms[other] = _not_of(start, array, other)
                return True
        return False

    def _other(self, start: int, array: pa.Array) -> None:
        """Of an array that is neither all numbers nor all dates."""
        numbers, dressed = self.dressed.add(array)
        try:
            if self.whole or self.decimals:
                numbers = values.as_numbers(array, comma=True)
                self.decimals += len(array) - array.null_count
        except pa.ArrowInvalid:
            pass
        if numbers is not None:
            self._numbers(start, numbers, array)
        plain, commas, grouped = (
            pc.match_substring_regex(array, pattern)
            for pattern in (NUMBERS, COMMAS, values.GROUPED)
        )
        dates = values.looks_like_dates(array)
        self.numbers += int(pc.sum(plain).as_py() or 0)
        self.commas += int(pc.sum(pc.and_not(commas, grouped)).as_py())
        self.grouped += int(pc.sum(grouped).as_py())
        self.dates += int(pc.sum(dates).as_py())
        number = pc.or_(pc.or_(plain, dressed), pc.or_(commas, grouped))
        none = pc.invert(pc.or_(number, dates))
        self.not_a_number = self.not_a_number or _found(start, array, pc.invert(plain))
        self.a_word = self.a_word or _found(start, array, none)
        for form, bad in self.forms.items():
            if bad is None:
                self.forms[form] = _not_of(start, array, form)
        self._words(array)

    def _words(self, array: pa.Array) -> None:
        if not self.all_tracked or not (self.different or len(self.words) <= MOST_TRACKED):
            return
        present = array.drop_null()
        words = present.unique().to_pylist()
        before = len(self.words)
        self.words.update(words)
        if len(self.words) - before < len(present):
            self.different = False
        if len(self.words) > MOST_TRACKED:
            self.all_tracked = False

    def _numbers(self, start: int, numbers: pa.Array, array: pa.Array) -> None:
        """Of an array that is all numbers, or missing."""
        found = values.numpy_of(numbers)
        here = ~np.isnan(found)
        at = np.flatnonzero(here)
        found = found[here]
        magnitude = np.abs(found)
        if not magnitude.max() <= values.LARGEST:
            first = int(at[np.argmax(magnitude > values.LARGEST)])
            bad = Found(start + first + 1, array[first].as_py())
            if np.isinf(numbers[first].as_py()):
                self.infinite = self.infinite or bad
            else:
                self.too_large = self.too_large or bad
            return
        self.least = min(self.least, float(found.min()))
        self.most = max(self.most, float(found.max()))
        self.whole = self.whole and bool((found == np.rint(found)).all())
        steps = np.diff(found, prepend=self._last)
        self.increasing = self.increasing and bool((steps > 0).all())
        self.consecutive = self.consecutive and bool((steps[np.isfinite(steps)] == 1).all())
        self._last = float(found[-1])
        if self.few is not None:
            self.few |= {*np.unique(found[:1000]).tolist()}
            if len(self.few) <= FEW:
                self.few |= {*np.unique(found).tolist()}
            if len(self.few) > FEW or not self.whole:
                self.few = None


def _found(start: int, array: pa.Array, mask: pa.Array) -> Found | None:
    at = values.first_true(mask)
    return None if at < 0 else Found(start + at + 1, array[at].as_py())


def _not_of(start: int, array: pa.Array, form: str) -> Found | None:
    """The first value that is no date in a form."""

    def parse(part: pa.Array) -> None:
        values.as_times(part, form)

    try:
        parse(array)
        return None
    except pa.ArrowInvalid:
        at = values.first_bad(array, parse)
        return Found(start + at + 1, array[at].as_py())
