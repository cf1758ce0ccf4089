"""Tables in which something was changed at random: read as what they are, or a sentence."""

import random

import numpy as np
import pytest

from zoo import datasets
from zoo.artifact.schema import Schema
from zoo.errors import DatasetError

from .writing import lines, write

TABLES = (
    lines(
        when=lambda row: f"2024-01-{row % 28 + 1:02d}",
        on=lambda row: ("yes", "no")[row % 2],
        key=lambda row: f"k{row}",
    ),
    lines().replace(",", ";").replace(".", ","),
)
PIECES = (
    *("NA", "", "inf", "1e999", '"', ",", ";", "\n", "\r\n", "\t", "\x00", "ø", "🙂", "\ufeff"),
    *("2024-13-01", "2024-01-01T25:00", "9999-12-31", "0000-00-00", "13/13/2024", "1/13/2024"),
    *("0001", "1,5", "1.234,5", "-", "1e-320", "9" * 400, "99999999999999999999", "-1e308", "true"),
)
ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig", "cp1252")


def changed(text, chance):
    """The text with a piece put somewhere, a value replaced, or something cut out."""
    at, kind = chance.randrange(len(text)), chance.randrange(4)
    if kind == 0:
        return text[:at] + chance.choice(PIECES) + text[at:]
    if kind == 1:
        return text[:at] + text[at + chance.randint(1, 30) :]
    rows = [row.split(",") for row in text.split("\n")]
    piece, column = chance.choice(PIECES), chance.randrange(3)
    for row in rows[1:] if kind == 2 else [chance.choice(rows)]:
        if column < len(row) and (kind == 3 or chance.random() < 0.3):
            row[column] = piece
    return "\n".join(map(",".join, rows))


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(10))
def test_whatever_was_changed_a_table_is_a_table_or_a_sentence(tmp_path, seed):
    chance = random.Random(seed)
    loaded = 0
    for _ in range(40):
        text = chance.choice(TABLES)
        for _ in range(chance.choice((1, 1, 2, 3))):
            text = changed(text, chance)
        path = write(tmp_path, text.encode(chance.choice(ENCODINGS), "replace"))
        try:
            data = datasets.load(path, seed=seed, unseen=chance.choice(("refuse", "other")))
            assert "columns:" in datasets.columns_of(path)
        except DatasetError as error:
            assert len(str(error).splitlines()) == 1
            continue
        loaded += 1
        values = data.train.batch(slice(0, len(data.train)))
        assert not np.isinf(values).any()
        numbers = [column for column in data.schema.columns if column.is_number]
        for place, column in enumerate(numbers):
            assert column.missing or not np.isnan(values[:, place]).any()
        assert Schema.from_json(data.schema.to_json()) == data.schema
    assert loaded
