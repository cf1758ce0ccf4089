"""Files of strings are read as a stream: what is held is what the rows take."""

import io
import sys
import tracemalloc

import pytest

from datasets.strings.files import written
from zoo import datasets
from zoo.datasets import storage
from zoo.datasets.strings import lines

LINES, NAME = 20_000, 400  # characters behind each string, which are no part of it


@pytest.mark.parametrize("name", ["mine.smi", "mine.smi.gz"])
def test_a_file_is_never_held_as_a_whole(tmp_path, name):
    """Two bytes for each of 4 steps, twice while a part is held out, two a token, 16 a string."""
    path = written(
        tmp_path, "".join(f"{'C' * (i % 3 + 1)} {i:0{NAME}}\n" for i in range(LINES)), name
    )
    wanted = LINES * (2 * 4 * 2 + 2 * 2 + 16)
    datasets.load(path, tokenizer="characters")  # imports what it wants
    tracemalloc.start()
    data = datasets.load(path, tokenizer="characters")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(data.train) + len(data.test) == LINES and data.schema.shape == (4,)
    assert peak < 2 * wanted + 5 * 2**20 < LINES * NAME


def test_lines_are_read_when_they_are_asked_for(tmp_path, monkeypatch):
    asked = []
    piece = lines._piece
    monkeypatch.setattr(lines, "_piece", lambda *given: asked.append(1) or piece(*given))
    reading = lines.read(written(tmp_path, "CC\n" * 2**21))  # 6 MiB
    assert next(reading).text == "CC" and len(asked) == 1
    assert sum(1 for _ in reading) == 2**21 - 1 and len(asked) == 7


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_is_for_a_terminal_and_a_log_has_none_of_its_updates(monkeypatch, terminal):
    written_to = io.StringIO()
    written_to.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", written_to)
    with storage.progress(None, "Reading them", " strings") as bar:
        bar.delay = bar.mininterval = 0
        for _ in range(1000):
            bar.update()
            bar.refresh()
    assert ("Reading them" in written_to.getvalue()) is terminal
