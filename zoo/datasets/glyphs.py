"""Outlines of letters, as drawings: embedded, of the DejaVu fonts that come with Matplotlib."""

from pathlib import Path

import numpy as np

from zoo.artifact.schema import STROKES
from zoo.datasets import sequences, strokes
from zoo.datasets.base import Dataset, HoldOut
from zoo.errors import DatasetError

SIZE = 100
"""Of a font, in the units of dx and dy: a capital is about 73 high."""

TOLERANCE = 1.5
"""How far outlines lie from the font's, whose curves are simplified to lines."""

_FAMILIES = ("DejaVuSans", "DejaVuSansMono", "DejaVuSerif")
_FACES = ("", "-Bold", "-{}", "-Bold{}")
_SLANTED = {"DejaVuSerif": "Italic"}
_CHARACTERS = (
    *map(chr, range(0x30, 0x3A)),  # digits
    *map(chr, range(0x41, 0x5B)),  # Latin capitals
    *map(chr, range(0x61, 0x7B)),
    *map(chr, [*range(0x391, 0x3A2), *range(0x3A3, 0x3AA)]),  # Greek capitals
    *map(chr, range(0x3B1, 0x3CA)),
    *map(chr, range(0x410, 0x450)),  # Cyrillic
)


def load(hold_out: HoldOut, steps: int | None = None) -> Dataset:
    """Digits and letters, Latin, Greek and Cyrillic, in twelve faces; labels are the characters.

    Raises:
        DatasetError: Matplotlib has no such fonts.
    """
    drawn, labels = [], []
    for font in _fonts():
        for label, character in enumerate(_CHARACTERS):
            drawn.append(_outline(font, character))
            labels.append(label)
    return sequences.dataset(
        "glyphs",
        sequences.Ragged(drawn, np.array(labels, np.int64)),
        None,
        hold_out,
        steps,
        STROKES,
        classes=_CHARACTERS,
        name="glyphs",
        source=f"outlines of {len(_CHARACTERS)} characters in 12 faces of the DejaVu fonts, which "
        "come with Matplotlib",
        licence="Bitstream Vera and DejaVu fonts licence (dejavu-fonts.github.io/License.html)",
    )


def _fonts() -> list[Path]:
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    names = [
        f"{family}{face.format(_SLANTED.get(family, 'Oblique'))}.ttf"
        for family in _FAMILIES
        for face in _FACES
    ]
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        raise DatasetError(
            f"The glyphs are outlines of fonts that come with Matplotlib, and {folder} has no "
            f"{missing[0]}. Install Matplotlib from a wheel (python -m pip install matplotlib), or "
            "name another dataset."
        )
    return [folder / name for name in names]


def _outline(font: Path, character: str) -> np.ndarray:
    """A character's closed lines, from the left of the baseline on; y goes down."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    path = TextPath((0, 0), character, size=SIZE, prop=FontProperties(fname=font))
    closed = [np.asarray(each) * [1, -1] for each in path.to_polygons(closed_only=False)]
    return strokes.drawing([strokes.simplified(each, TOLERANCE) for each in closed if len(each)])
