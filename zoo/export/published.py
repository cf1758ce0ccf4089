"""What came of an export, for whoever asked for it."""

from dataclasses import dataclass

from zoo.export.comparison import Row, summary


@dataclass(frozen=True)
class Published:
    """An artifact that is in place.

    Args:
        folder: where it is.
        rows: a `Row` for every output that was compared.
        float16: {endpoint: why it has no graph in float16, or None}.
    """

    folder: object
    rows: list[Row]
    float16: dict

    @classmethod
    def from_answer(cls, folder, answer):
        """From what `making.make` gave."""
        rows = [Row(**row) for row in answer["comparisons"]]
        return cls(folder, rows, answer["float16"])

    def lines(self):
        """The proof, a line an endpoint and format; each reason to leave some out in float16."""
        yield summary(self.rows)
        reasons = {}
        for name, why in self.float16.items():
            if why is not None:
                reasons.setdefault(why, []).append(name)
        for why, names in reasons.items():
            yield f"No float16 graph of {', '.join(names)}: {why}."
