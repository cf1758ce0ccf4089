"""Runs a notebook's code cells in order, without Jupyter: its cells are plain Python.

`python tests/docs/notebooks.py docs/tutorial.ipynb` runs one and keeps its outputs in it: what it
prints, and its figures as PNGs of few colours. The CPU seconds of each cell go to standard error.
"""

import base64
import contextlib
import io
import json
import sys
import tempfile
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from PIL import Image

COLOURS = 64
DPI = 80


def read(path):
    """A notebook as a dict; nbformat 4."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def run(notebook, folder):
    """Runs the code cells in `folder`, and gives the names they made and each cell's outputs.

    Raises:
        RuntimeError: naming the cell, if one fails.
    """
    names, outputs = {"__name__": "__main__"}, []
    plt.close("all")
    with contextlib.chdir(folder):
        for number, cell in enumerate(code_cells(notebook), 1):
            said, began = io.StringIO(), time.process_time()
            try:
                with contextlib.redirect_stdout(said):
                    exec(compile("".join(cell["source"]), f"<cell {number}>", "exec"), names)
            except Exception as error:
                raise RuntimeError(f"cell {number}: {type(error).__name__}: {error}") from error
            outputs.append(_outputs(said.getvalue()))
            print(
                f"cell {number}: {time.process_time() - began:.1f} s", file=sys.stderr, flush=True
            )
    return names, outputs


def code_cells(notebook):
    """The cells that are run."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _outputs(text):
    """What a cell has printed and drawn, as nbformat has it; closes its figures."""
    found = []
    if text:
        lines = text.splitlines(keepends=True)
        found.append({"name": "stdout", "output_type": "stream", "text": lines})
    for number in plt.get_fignums():
        drawn = io.BytesIO()
        plt.figure(number).savefig(drawn, dpi=DPI, format="png")
        small = io.BytesIO()
        Image.open(drawn).convert("RGB").quantize(COLOURS).save(small, "png", optimize=True)
        picture = base64.b64encode(small.getvalue()).decode("ascii")
        data = {"image/png": picture}
        found.append({"data": data, "metadata": {}, "output_type": "display_data"})
    plt.close("all")
    return found


def main(path):
    """Runs a notebook in an empty folder and writes its outputs into it."""
    notebook = read(path)
    with tempfile.TemporaryDirectory() as folder:
        _, outputs = run(notebook, folder)
    cells = zip(code_cells(notebook), outputs, strict=True)
    for number, (cell, output) in enumerate(cells, 1):
        cell.update(execution_count=number, outputs=output)
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
    Path(path).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
