"""Numbers written for people: with a currency or a per cent sign, and thousands set apart."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from zoo.artifact.written import COMMA, GROUPS, POINT, SIGNED, SPACE
from zoo.datasets.tables.values import NUMBER, TEXT

_SEPARATED = r"[.,]"


@dataclass(frozen=True)
class Dress:
    """How all numbers of a column are written.

    Args:
        sign: a currency or %, the same for all; "" for none.
        comma: whether 1.234,5 is a little more than a thousand; else 1,234.5 is.
    """

    sign: str
    comma: bool

    def numbers(self, text: pa.Array) -> pa.Array:
        """float64 of text.

        Raises:
            pa.ArrowInvalid: one of them is written otherwise.
        """
        parts = _parts(text)
        fitting = pc.match_substring_regex(parts.digits, COMMA if self.comma else POINT)
        written = pc.and_(pc.equal(parts.sign, self.sign), fitting)
        if pc.any(pc.and_(pc.is_valid(text), pc.invert(pc.fill_null(written, False)))).as_py():
            raise pa.ArrowInvalid("a number is written otherwise")
        digits = pc.replace_substring(parts.digits, "." if self.comma else ",", "")
        digits = pc.replace_substring(digits, ",", ".")
        return pc.cast(pc.binary_join_element_wise(parts.minus, digits, ""), NUMBER)


class Dressed:
    """What is seen of a column's numbers that are written for people.

    Args:
        decimal: "," or "." where the column's user says so; "" where nothing is said.
    """

    def __init__(self, decimal: str):
        self.count = 0  # values that are such numbers, plain ones among them
        self.signs: set[str] = set()
        self._styles = {comma for comma in (False, True) if decimal in ("", ".,"[comma])}
        self._clear = True

    @property
    def is_unclear(self) -> bool:
        """Whether a comma or a point may be decimal or set off thousands."""
        return not self._clear

    def dress_of(self, present: int) -> Dress | None:
        """The one dress of all `present` values; None where they have several, or it is unclear."""
        if self.count < present or len(self.signs) != 1 or not (self._styles and self._clear):
            return None
        return Dress(next(iter(self.signs)), comma=False not in self._styles)

    def add_plain(self, count: int, whole: bool) -> None:
        """Counts numbers that any program reads, `whole` or with a decimal point."""
        self.count += count
        self.signs.add("")
        if not whole:
            self._styles.discard(True)

    def add(self, text: pa.Array) -> tuple[pa.Array | None, pa.Array]:
        """Looks at text: (float64, or None where it is not all in one way; bool, which are such).

        The one way is that of all that was seen so far.
        """
        parts = _parts(text)
        written = pc.fill_null(pc.is_valid(parts.digits), False)
        found = parts.digits.drop_null()
        self.count += len(found)
        if not len(found):
            return None, written
        self.signs |= {*pc.unique(parts.sign.filter(written)).to_pylist()}
        separated = pc.any(pc.match_substring_regex(found, _SEPARATED)).as_py()
        if separated:
            patterns = {False: POINT, True: COMMA}
            self._styles = {
                comma
                for comma in self._styles
                if pc.all(pc.match_substring_regex(found, patterns[comma])).as_py()
            }
            self._clear = self._clear and len(self._styles) < 2
        dress = self.dress_of(self.count)
        if dress is None or len(found) < len(text) - text.null_count:
            return None, written
        return dress.numbers(text), written


@dataclass(frozen=True)
class _Parts:
    """Of each text: its minus, digits without groups but those of , and ., and sign; null: none."""

    minus: pa.Array
    digits: pa.Array
    sign: pa.Array


def _parts(text: pa.Array) -> _Parts:
    found = pc.extract_regex(text, SIGNED)
    minus, before, minus_too, digits, after = (
        pc.struct_field(found, name) for name in ("minus", "before", "minus_too", "digits", "after")
    )
    signs = pc.binary_join_element_wise(before, after, "")
    minus = pc.binary_join_element_wise(minus, minus_too, "")
    bare = pc.replace_substring_regex(digits, GROUPS, "")
    # Two signs, or numbers set apart by spaces without one, which may be codes, are none.
    none = pc.or_(pc.equal(minus, "--"), pc.and_(pc.not_equal(before, ""), pc.not_equal(after, "")))
    spaced = pc.match_substring_regex(digits, SPACE)
    none = pc.or_(none, pc.and_(spaced, pc.equal(signs, "")))
    written = pc.match_substring_regex(bare, f"{POINT}|{COMMA}")
    one = pc.and_(pc.invert(none), written)
    null = pa.scalar(None, TEXT)
    return _Parts(minus, pc.if_else(one, bare, null), pc.if_else(one, signs, null))
