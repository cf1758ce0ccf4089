"""How the text of a table's numbers and dates is written. Standard library only.

The patterns are of the syntax that Python and RE2 share, so that loaders and apps read text alike.
"""

import re
from dataclasses import asdict, dataclass, fields

NUMBERS = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"
"""Text that is a number, infinities left out."""

COMMAS = r"^[-+]?[0-9]+(\.[0-9]{3})*,[0-9]+$"
"""Text that is a number with a decimal comma."""

WHOLE = r"^[-+]?[0-9]+$"
"""Text that is a whole number."""

_SYMBOLS = r"[€$£¥₹₩₽₺₴₪฿₫₦₱%‰]"
_CODES = (
    r"EUR|USD|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|TRY|BRL|MXN|ZAR|KRW|SGD|"
    r"HKD|ILS|kr|zł|Kč|Ft|Fr\.|R\$|US\$"
)
_SIGN = rf"(?:{_SYMBOLS}|{_CODES})"
SPACE = "[ \u00a0\u2009\u202f]"
"""What may lie between a sign and a number, and between thousands."""

_APOSTROPHE = "['\u2019]"
_DIGITS = (
    rf"[1-9][0-9]{{0,2}}(?:{SPACE}[0-9]{{3}})+(?:[.,][0-9]+)?|"
    rf"[1-9][0-9]{{0,2}}(?:{_APOSTROPHE}[0-9]{{3}})+(?:[.,][0-9]+)?|[.,]?[0-9][0-9.,]*"
)
SIGNED = (
    rf"^(?P<minus>-?){SPACE}*(?P<before>{_SIGN})?{SPACE}*(?P<minus_too>-?)"
    rf"(?P<digits>{_DIGITS}){SPACE}*(?P<after>{_SIGN})?$"
)
"""Text that may be a number written for people: with a sign, and thousands set apart."""

GROUPS = rf"{SPACE}|{_APOSTROPHE}"
"""What sets thousands apart and is neither comma nor point."""

POINT = r"^(?:(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?|\.[0-9]+)$"
"""Digits with a decimal point, thousands set apart by commas or not at all."""

COMMA = r"^(?:(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,[0-9]+)?|,[0-9]+)$"
"""Digits with a decimal comma, thousands set apart by points or not at all."""

ISO = "year-month-day"
_CLOCK = r"([ T][0-9:.]+)?$"
DATES = {
    ISO: None,
    "year/month/day": (rf"^([0-9]{{4}})/([0-9]{{1,2}})/([0-9]{{1,2}}){_CLOCK}", r"\1-\2-\3\4"),
    "day.month.year": (rf"^([0-9]{{1,2}})\.([0-9]{{1,2}})\.([0-9]{{4}}){_CLOCK}", r"\3-\2-\1\4"),
    "day/month/year": (rf"^([0-9]{{1,2}})/([0-9]{{1,2}})/([0-9]{{4}}){_CLOCK}", r"\3-\2-\1\4"),
    "month/day/year": (rf"^([0-9]{{1,2}})/([0-9]{{1,2}})/([0-9]{{4}}){_CLOCK}", r"\3-\1-\2\4"),
}
"""How dates are written, and what makes ISO 8601 of each but for zeros."""

ONE_DIGIT = (r"-([0-9])(-|[ T]|$)", r"-0\1\2")
"""What sets the zero before a month or a day of one digit; once for each of the two."""


@dataclass(frozen=True)
class Written:
    """How a column's values are written where they are text.

    Args:
        comma: of numbers, whether 1,5 is one and a half; else 1.5 is.
        for_people: whether they have a sign, or may have thousands set apart.
        sign: a currency or a per cent sign that each has, before or behind; "" for none.
        date: one of `DATES`.
        missing: further texts that say that a value is missing.
    """

    comma: bool = False
    for_people: bool = False
    sign: str = ""
    date: str = ISO
    missing: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: dict) -> "Written":
        """What `dataclasses.asdict` made, from JSON; what a later version adds is left out.

        Raises:
            TypeError, ValueError: for what is none.
        """
        if not isinstance(value, dict):
            raise TypeError("how a column is written is no object")
        known = {each.name: value[each.name] for each in fields(cls) if each.name in value}
        made = cls(**known | {"missing": tuple(known.get("missing", ()))})
        if not all(isinstance(each, bool) for each in (made.comma, made.for_people)):
            raise TypeError("comma and for_people are true or false")
        if not all(isinstance(each, str) for each in (made.sign, made.date, *made.missing)):
            raise TypeError("how a column is written is said in text")
        if made.date not in DATES:
            raise ValueError(f"dates are not written as {made.date!r:.40}")
        return made

    def to_json(self) -> dict:
        """A dict that `from_json` reads back."""
        return asdict(self) | {"missing": list(self.missing)}

    def number(self, text: str) -> float | None:
        """The number that a text without white space at its ends is; None where it is none."""
        if not self.for_people:
            if not re.match(f"{COMMAS}|{WHOLE}" if self.comma else NUMBERS, text):
                return None
            return float(text.replace(".", "").replace(",", ".") if self.comma else text)
        found = re.match(SIGNED, text)
        if found is None:
            return None
        part = {name: value or "" for name, value in found.groupdict().items()}
        minus, sign = part["minus"] + part["minus_too"], part["before"] + part["after"]
        digits = re.sub(GROUPS, "", part["digits"])
        one = not (part["before"] and part["after"]) and minus != "--" and sign == self.sign
        if not one or (not sign and re.search(SPACE, part["digits"])):
            return None
        if not re.match(COMMA if self.comma else POINT, digits):
            return None
        plain = digits.replace("." if self.comma else ",", "").replace(",", ".")
        return float(minus + plain)

    def iso(self, text: str) -> str:
        """A date as ISO 8601 where it is written so; else the text itself."""
        rewriting = DATES[self.date]
        if rewriting is None or not re.match(rewriting[0], text):
            return text
        text = re.sub(*rewriting, text)
        for _ in range(2):
            text = re.sub(*ONE_DIGIT, text)
        return text

    @property
    def numbers_in_words(self) -> str:
        """What text is a number, for errors."""
        sign = f"{self.sign}, " if self.sign else ""
        return f"text written as in the training table ({sign}a decimal {self._mark})"

    @property
    def _mark(self) -> str:
        return "comma" if self.comma else "point"
