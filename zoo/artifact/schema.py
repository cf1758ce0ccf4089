"""What one example of the data is: its kind, shape, range, spacing and words.

A loader states it, `model.endpoints()` and the exporters carry it, the manifest keeps it, and the
runtime checks and converts what an app hands it by the same words.
"""

from dataclasses import asdict, dataclass

IMAGE, VECTOR, SEQUENCE = "image", "vector", "sequence"
KINDS = (IMAGE, VECTOR, SEQUENCE)


@dataclass(frozen=True)
class Schema:
    """What one example is, in the units in which the model takes it.

    Args:
        kind: "image" [height, width, channels], "vector" [features], or "sequence"
            [steps, ...features].
        shape: of one example, without the batch axis.
        low, high: smallest and largest value; None where there is no bound.
        spacing: where values are multiples of a number (1/255 for 8-bit values, 1 for whole
            numbers and for 0 and 1), that number; None where they are continuous.
        unit: of a value, in words; "" where none is known.
        uint8: whether 0..255 stands for low..high: such arrays are then accepted and scaled.
        lengths: whether an example may end before its last step.
        classes: the labels' words, in the order of their numbers; () where there are none.
    """

    kind: str
    shape: tuple[int, ...]
    low: float | None = 0.0
    high: float | None = 1.0
    spacing: float | None = None
    unit: str = ""
    uint8: bool = False
    lengths: bool = False
    classes: tuple[str, ...] = ()

    @property
    def range(self) -> tuple[float, float]:
        """(low, high), infinite where there is no bound."""
        low, high = float("-inf"), float("inf")
        return low if self.low is None else self.low, high if self.high is None else self.high

    def to_json(self) -> dict:
        """A dict that `from_json` reads back."""
        return asdict(self) | {"shape": list(self.shape), "classes": list(self.classes)}

    @classmethod
    def from_json(cls, value: dict) -> "Schema":
        """A schema from a manifest's entry.

        Raises:
            KeyError, TypeError: for an entry that is none.
        """
        return cls(**value | {"shape": tuple(value["shape"]), "classes": tuple(value["classes"])})
