"""Pictures of molecules."""

import io
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from zoo import atomic_write
from zoo.errors import InputError
from zoo.evaluation.molecules import chemistry

WIDTH, HEIGHT = 280, 220  # pixels of a molecule's place
MOST = 400  # molecules a picture
LEGEND = 0.12  # of a place's height
TITLE, TITLE_FONT = 44, 22  # pixels: the height of a title's strip, and of its letters
COLOURS = 64
BOND = 24  # pixels of a bond, of molecules that fit their place so
LINE = "#c8c8c8"


def draw_molecules(
    smiles: Sequence[str | None],
    path: str | Path,
    legends: Sequence[str] | None = None,
    columns: int = 6,
    title: str | None = None,
    empty: Collection[int] = (),
    group: int | None = None,
) -> Path:
    """Draws molecules in a grid, row by row, as a PNG; what is no molecule says so in its place.

    Args:
        path: of the picture, written whole or not at all.
        legends: a text below each.
        columns: at most.
        title: a line above all of them.
        empty: places where nothing is drawn.
        group: columns that belong together: there are lines between these, and between rows.

    Raises:
        InputError: without molecules, with more than 400, or not as many legends.
        MissingDependency: where RDKit is not installed.
    """
    if isinstance(smiles, str) or not 1 <= len(smiles) <= MOST or columns < 1:
        raise InputError(
            f"{len(smiles):,} strings and {columns} columns; a picture has 1 to {MOST} molecules, "
            "a list of strings, in 1 or more columns."
        )
    if legends is not None and len(legends) != len(smiles):
        raise InputError(f"{len(legends)} legends of {len(smiles)} molecules; give one of each.")
    chemistry.require()
    with chemistry.silent():
        found = [chemistry.molecule(each) or _none() for each in smiles]
        for place in empty:
            found[place] = _nothing()
        texts = [str(each) for each in legends or [""] * len(smiles)]
        content = _png(found, texts, min(columns, len(found)))
    content = _finished(content, title, group)
    with atomic_write.whole(path) as file:
        file.write(content)
    return Path(path)


def _png(found: list, texts: list[str], columns: int) -> bytes:
    from rdkit.Chem.Draw import rdMolDraw2D

    rows = -(-len(found) // columns)
    picture = rdMolDraw2D.MolDraw2DCairo(columns * WIDTH, rows * HEIGHT, WIDTH, HEIGHT)
    options: Any = picture.drawOptions()
    options.legendFraction, options.legendFontSize, options.padding = LEGEND, 18, 0.06
    options.prepareMolsBeforeDrawing = True
    options.drawMolsSameScale = False  # else a long one makes all others small
    options.fixedBondLength = BOND
    picture.DrawMolecules(found, legends=texts)
    picture.FinishDrawing()
    return picture.GetDrawingText()


def _finished(content: bytes, title: str | None, group: int | None) -> bytes:
    """A PNG in few colours, with lines between groups and below a title if there are any."""
    from matplotlib import font_manager
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.open(io.BytesIO(content)).convert("RGB")
    if group:
        width, height = picture.size
        pen = ImageDraw.Draw(picture)
        for x in range(group * WIDTH, width, group * WIDTH):
            pen.line((x, 0, x, height), LINE)
        for y in range(0 if title else HEIGHT, height, HEIGHT):
            pen.line((0, y, width, y), LINE)
    if title:
        font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), TITLE_FONT)
        whole = Image.new("RGB", (picture.width, picture.height + TITLE), "white")
        whole.paste(picture, (0, TITLE))
        middle = (picture.width / 2, TITLE / 2)
        ImageDraw.Draw(whole).text(middle, title, "black", font, anchor="mm")
        picture = whole
    with io.BytesIO() as file:
        picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "png", optimize=True)
        return file.getvalue()


def _nothing() -> Any:
    from rdkit import Chem

    return Chem.Mol()


def _none() -> Any:
    """What stands for a string that is no molecule: an atom with that for its symbol."""
    from rdkit import Chem

    found = Chem.MolFromSmiles("*")
    found.GetAtomWithIdx(0).SetProp("_displayLabel", "no molecule")
    return found
