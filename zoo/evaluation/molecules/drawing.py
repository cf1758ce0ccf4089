"""Pictures of molecules."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo import atomic_write
from zoo.errors import InputError
from zoo.evaluation.molecules import chemistry

WIDTH, HEIGHT = 280, 220  # pixels of a molecule's place
MOST = 400  # molecules a picture
LEGEND = 0.12  # of a place's height


def draw_molecules(
    smiles: Sequence[str | None],
    path: str | Path,
    legends: Sequence[str] | None = None,
    columns: int = 6,
) -> Path:
    """Draws molecules in a grid, row by row, as a PNG; what is no molecule says so in its place.

    Args:
        path: of the picture, written whole or not at all.
        legends: a text below each.
        columns: at most.

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
        texts = [str(each) for each in legends or [""] * len(smiles)]
        content = _png(found, texts, min(columns, len(found)))
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
    picture.DrawMolecules(found, legends=texts)
    picture.FinishDrawing()
    return picture.GetDrawingText()


def _none() -> Any:
    """What stands for a string that is no molecule: an atom with that for its symbol."""
    from rdkit import Chem

    found = Chem.MolFromSmiles("*")
    found.GetAtomWithIdx(0).SetProp("_displayLabel", "no molecule")
    return found
