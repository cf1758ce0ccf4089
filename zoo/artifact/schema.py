"""What one example of the data is: its kind, shape, range, spacing and words.

A loader states it, `model.endpoints()` and the exporters carry it, the manifest keeps it, and the
runtime checks and converts what an app hands it by the same words.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

from zoo.artifact import tokens as strings
from zoo.artifact.columns import Column

IMAGE, VECTOR, TABLE, SERIES, SEQUENCE = "image", "vector", "table", "series", "sequence"
TOKENS = "tokens"
EIGHT_BITS = 1 / 255
"""The spacing of 8-bit values that were scaled to [0, 1]."""

KINDS = (IMAGE, VECTOR, TABLE, SERIES, SEQUENCE, TOKENS)

STROKES = ("dx", "dy", "pen")
"""The features of a sequence that is a drawing: how far each step goes, and the state of the pen: 0
it draws on, 1 it is lifted after this step, 2 the drawing ended before it, as at all steps after.
The first step is a move from the origin to the first point, and draws nothing; y goes down.
"""


@dataclass(frozen=True)
class Schema:
    """What one example is, in the units in which the model takes it.

    Args:
        kind: "image" [height, width, channels], "vector" [features], "table" [columns], a row of
            one, "series" [steps, features], a window of what goes on, "sequence"
            [steps, ...features], which may end, or "tokens" [steps], a string.
        shape: of one example, without the batch axis.
        low, high: smallest and largest value; None where there is no bound.
        spacing: where values are multiples of a number (1/255 for 8-bit values, 1 for whole
            numbers and for 0 and 1), that number; None where they are continuous.
        unit: of a value, in words; "" where none is known.
        ink: whether a value says how much ink is there, as in scanned writing: such pictures are
            drawn black on white, and are taken for chances of 0 and 1.
        uint8: whether 0..255 stands for low..high: such arrays are then accepted and scaled.
        lengths: whether an example may end before its last step.
        classes: the labels' words, in the order of their numbers; () where there are none.
        features: names along the last axis; () where there are none.
        center, scale: what is usual along the last axis, and how far values lie around it, in the
            unit of each: networks are given (x - center) / scale. () where x is taken as it is.
        columns: of a table, in its own order; a row is laid out as `zoo.artifact.columns` says.
        left_out: names of columns that the table had besides, of which the model knows nothing: its
            label, identifiers, what is the same in all rows.
        missing: of a series, whether values may be missing, which NaN says.
        tokens: of strings, in the order of their numbers, the end last; a row has an end at least.
        tokenizer: how a string is cut into them, one of `zoo.artifact.tokens.TOKENIZERS`.
    """

    kind: str
    shape: tuple[int, ...]
    low: float | None = 0.0
    high: float | None = 1.0
    spacing: float | None = None
    unit: str = ""
    ink: bool = False
    uint8: bool = False
    lengths: bool = False
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    center: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    columns: tuple[Column, ...] = ()
    left_out: tuple[str, ...] = ()
    missing: bool = False
    tokens: tuple[str, ...] = ()
    tokenizer: str = ""

    @property
    def is_binary(self) -> bool:
        """Whether the values are 0 and 1 alone."""
        return (self.low, self.high, self.spacing) == (0.0, 1.0, 1.0)

    @property
    def is_eight_bits(self) -> bool:
        """Whether the values are the 256 multiples of 1/255 in [0, 1]."""
        return (self.low, self.high, self.spacing) == (0.0, 1.0, EIGHT_BITS)

    @property
    def is_counts(self) -> bool:
        """Whether the values are whole numbers from 0 on, without an end."""
        return (self.low, self.high, self.spacing) == (0.0, None, 1.0)

    @property
    def is_strokes(self) -> bool:
        """Whether an example is a drawing, step by step: see `STROKES`."""
        return self.kind == SEQUENCE and self.features == STROKES

    @property
    def vocabulary(self) -> strings.Vocabulary | None:
        """Of strings, how they become rows of numbers and are read back; None of anything else."""
        if self.kind != TOKENS:
            return None
        return strings.Vocabulary(self.tokenizer, self.tokens, self.shape[0])

    @property
    def picture(self) -> tuple[int, ...]:
        """(height, width, channels) of a picture; () of what is none."""
        return tuple(self.shape) if self.kind == IMAGE else ()

    @property
    def range(self) -> tuple[float, float]:
        """(low, high), infinite where there is no bound."""
        low, high = float("-inf"), float("inf")
        return low if self.low is None else self.low, high if self.high is None else self.high

    def to_json(self) -> dict:
        """A dict that `from_json` reads back."""
        lists = {name: list(getattr(self, name)) for name in _LISTS}
        return asdict(self) | lists | {"columns": [each.to_json() for each in self.columns]}

    @classmethod
    def from_json(cls, value: dict) -> "Schema":
        """A schema from a manifest's entry.

        What a later version adds to it is left out.

        Raises:
            KeyError, TypeError, ValueError: for an entry that is none.
        """
        known = {each.name: value[each.name] for each in fields(cls) if each.name in value}
        lists = {name: known[name] for name in _LISTS if name in known}
        if not {"shape", "classes"} <= {*lists} or not all(
            isinstance(each, list) for each in lists.values()
        ):
            raise TypeError(f"its {', '.join(_LISTS)} are lists")
        columns = tuple(map(Column.from_json, lists.pop("columns", [])))
        lists = {name: tuple(each) for name, each in lists.items()} | {"columns": columns}
        made = cls(**known | lists)
        for problem in made._problems():
            raise ValueError(problem)
        return made

    def _problems(self) -> Iterator[str]:
        """What no schema states; JSON may hold anything."""
        if self.kind not in KINDS:
            yield f"its kind is {self.kind!r:.40}, wanted is one of {', '.join(KINDS)}"
        if not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in self.shape):
            yield f"its shape is {list(self.shape)!r:.80}"
        numbers = {"low": self.low, "high": self.high, "spacing": self.spacing}
        for name, value in numbers.items():
            if value is not None and not _is_number(value):
                yield f"its {name} is {value!r:.40}, wanted is a number or null"
                return
        low, high = self.range
        if not low < high or (self.spacing is not None and self.spacing <= 0):
            yield f"it goes from {low} to {high} by {self.spacing}"
        words = (self.unit, *self.classes, *self.features, *self.left_out)
        if not all(isinstance(each, str) for each in words):
            yield "its unit, classes, features and columns left out are no text"
        yield from self._problems_of_features()
        yield from strings.problems(self.tokenizer, self.tokens, self.kind == TOKENS)
        if self.kind == TOKENS and len(self.shape) != 1:
            yield f"it is of strings, and its shape is {list(self.shape)!r:.80}"
        flags = (self.ink, self.uint8, self.lengths, self.missing)
        if not all(isinstance(flag, bool) for flag in flags):
            yield "its ink, uint8, lengths and missing are not all true or false"
        elif self.uint8 and None in (self.low, self.high):
            yield "8-bit values are scaled to a range that has no end"

    def _problems_of_features(self) -> Iterator[str]:
        """What the lists along the last axis may not be."""
        for name in ("features", "center", "scale"):
            given = getattr(self, name)
            if given and len(given) != (self.shape or (0,))[-1]:
                yield f"its {name} are {len(given)}, and its shape is {list(self.shape)!r:.80}"
        if bool(self.columns) != (self.kind == TABLE) or (
            self.columns and tuple(self.shape) != (len(self.columns),)
        ):
            yield f"it is a {self.kind} [{self.shape!r:.40}] of {len(self.columns)} columns"
        names = [each.name for each in self.columns]
        if len({*names}) < len(names):
            yield "two of its columns have one name"
        if not all(map(_is_number, (*self.center, *self.scale))):
            yield "its center and scale are not all numbers"
        elif bool(self.center) != bool(self.scale) or not all(each > 0 for each in self.scale):
            yield "its scale is not above 0 beside each center"


_LISTS = ("shape", "classes", "features", "center", "scale", "columns", "left_out", "tokens")


def _is_number(value: object) -> bool:
    """Whether a value is a number that float32 can hold."""
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return plain and abs(value) <= 3.4e38  # type: ignore[arg-type]  # False for NaN
