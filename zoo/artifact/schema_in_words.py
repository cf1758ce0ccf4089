"""What one example is, for people: a schema as sentences."""

from zoo.artifact.schema import Schema

MOST_CLASSES = 20
"""Classes that are named; all are in the manifest."""


def sentences(schema: Schema) -> list[str]:
    """What an example is, in printable characters."""
    low, high = (("" if n is None else f"{n:g}") for n in (schema.low, schema.high))
    bounds = f"from {low} to {high}" if low and high else ""
    bounds = bounds or (f"of {low} or more" if low else f"of {high} or less" if high else "")
    spacing = "continuous"
    if schema.spacing is not None:
        spacing = f"multiples of {_fraction(schema.spacing)}"
    values = ", ".join(filter(None, (f"values {bounds}".strip(), spacing)))
    unit = f", in {schema.unit}" if schema.unit else ""
    shape = ", ".join(map(str, schema.shape))
    kind = f"An example is of the kind {schema.kind}, [{shape}]"
    said = [f"{kind}: {values}{unit}."]
    if schema.is_strokes:
        said.append(
            "It is a drawing, each step dx, dy, pen: how far the pen goes, and its state: 0 it "
            "draws on, 1 it is lifted after this step, 2 the drawing ended before it."
        )
    if schema.ink:
        said.append("A value says how much ink is there.")
    if schema.uint8:
        said.append("Bytes from 0 to 255 stand for the same range.")
    if schema.lengths:
        said.append("It may end before its last step.")
    if schema.classes:
        shown = ", ".join(map(_plain, schema.classes[:MOST_CLASSES]))
        more = len(schema.classes) - MOST_CLASSES
        said.append(f"Its classes are {shown}{f' and {more:,} more' if more > 0 else ''}.")
    return said


def _plain(word: str) -> str:
    """A word of somebody's data, on one line."""
    return "".join(each if each.isprintable() else "?" for each in word)


def _fraction(number: float) -> str:
    """1/255 as such, other numbers in digits."""
    inverse = round(1 / number)
    return f"1/{inverse}" if inverse > 1 and abs(number * inverse - 1) < 1e-6 else f"{number:g}"
