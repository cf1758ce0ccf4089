"""What a column of a table is: its kind, its words, what is usual in it. Standard library only.

A row of a table is one float32 vector within a model: first the columns that are numbers, in the
table's order, then the codes of those that are words, in the table's order; NaN where a value is
missing.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields

from zoo.artifact.written import Written

REAL, COUNT, DATE = "real", "count", "date"
CATEGORICAL, ORDERED, BOOLEAN = "categorical", "ordered", "boolean"
NUMBERS = (REAL, COUNT, DATE)
WORDS = (CATEGORICAL, ORDERED, BOOLEAN)
KINDS = (*NUMBERS, *WORDS)
CYCLES = {"year": 365.2425, "week": 7.0, "day": 1.0}
"""Days of what comes round again, which an encoder is told of a date besides."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: as the user's table has it.
        kind: "real"; "count", whole numbers from 0 on; "date", in days; "categorical"; "ordered",
            categories from the least to the most; "boolean".
        unit: in words; "" where none is known.
        words: the categories, in the order of their codes.
        missing: whether values may be missing.
        origin: what a runtime takes off a number, in float64, before it is float32: the days of a
            date from 1970-01-01 on, or the large number around which all of a column lie.
        log: whether a real number x is taken as log(x), of x > 0 with a heavy tail.
        center, scale: what is usual of numbers less their origin (of their logarithms with `log`),
            and how far they lie around it; scale > 0.
        low, high: the least and the largest number in the training set, as the table has them,
            dates in days from 1970-01-01 on; they bind nobody.
        cycles: of a date, names in `CYCLES`.
        spacing: of a date, 1.0 where all are whole days, so that answers are the nearest ones; None
            of all other columns.
        other: the code of words that are none of `words`; None where such words are refused.
        written: how its numbers or dates are written where an app gives text; None where text is no
            number, and dates are ISO 8601. Columns that differ in it alone are equal.
    """

    name: str
    kind: str
    unit: str = ""
    words: tuple[str, ...] = ()
    missing: bool = False
    origin: float = 0.0
    log: bool = False
    center: float = 0.0
    scale: float = 1.0
    low: float | None = None
    high: float | None = None
    cycles: tuple[str, ...] = ()
    other: int | None = None
    spacing: float | None = None
    written: Written | None = field(default=None, compare=False)

    @property
    def is_number(self) -> bool:
        """Whether it is among the numbers and not among the words."""
        return self.kind in NUMBERS

    def to_json(self) -> dict:
        """A dict that `from_json` reads back."""
        lists = {"words": list(self.words), "cycles": list(self.cycles)}
        return asdict(self) | lists | {"written": self.written and self.written.to_json()}

    @classmethod
    def from_json(cls, value: dict) -> "Column":
        """A column from a manifest's entry; what a later version adds to it is left out.

        Raises:
            KeyError, TypeError, ValueError: for an entry that is none.
        """
        known = {each.name: value[each.name] for each in fields(cls) if each.name in value}
        lists = {name: known[name] for name in ("words", "cycles") if name in known}
        if not all(isinstance(each, list) for each in lists.values()):
            raise TypeError("its words and cycles are lists")
        if known.get("written") is not None:
            known["written"] = Written.from_json(known["written"])
        made = cls(**known | {name: tuple(each) for name, each in lists.items()})
        for problem in made.problems():
            raise ValueError(problem)
        return made

    def problems(self) -> Iterator[str]:
        """What no column states; JSON may hold anything."""
        words = (self.name, self.unit, *self.words, *self.cycles)
        if not all(isinstance(each, str) for each in words):
            yield "its name, unit, words and cycles are no text"
            return
        where = f"the column {self.name!r:.40}"
        if self.kind not in KINDS:
            yield f"{where} has the kind {self.kind!r:.40}, wanted is one of {', '.join(KINDS)}"
            return
        numbers = [self.origin, self.center, self.scale]
        numbers += [each for each in (self.low, self.high) if each is not None]
        if not all(map(_is_number, numbers)) or not self.scale > 0.0:
            yield f"{where} has an origin, center, scale (above 0), low or high that is none"
        if not isinstance(self.missing, bool) or not isinstance(self.log, bool):
            yield f"{where} has a missing or log that is neither true nor false"
        if self.is_number == bool(self.words) or len({*self.words}) < len(self.words):
            yield f"{where} is {self.kind} and has {len(self.words)} words, or one word twice"
        elif self.words and len(self.words) < 2:
            yield f"{where} has one word alone"
        if self.kind == BOOLEAN and len(self.words) != 2:
            yield f"{where} is boolean and has {len(self.words)} words"
        if not {*self.cycles} <= {*CYCLES} or (self.cycles and self.kind != DATE):
            yield f"{where} has the cycles {', '.join(self.cycles):.80}"
        if self.spacing is not None and (self.kind != DATE or self.spacing != 1.0):
            yield f"{where} is {self.kind} and has the spacing {self.spacing!r:.40}"
        whole = isinstance(self.other, int) and not isinstance(self.other, bool)
        if self.other is not None and not (whole and 0 <= self.other < len(self.words)):
            yield f"{where} takes other words for the code {self.other!r:.40}"


def numbers_first(columns: tuple[Column, ...]) -> list[int]:
    """Places of a table's columns in the order in which a row is one vector."""
    places = range(len(columns))
    return sorted(places, key=lambda place: (not columns[place].is_number, place))


def _is_number(value: object) -> bool:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return plain and math.isfinite(value)  # type: ignore[arg-type]
