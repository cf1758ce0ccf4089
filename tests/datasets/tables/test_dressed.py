"""Numbers written for people: read where they can mean one thing, and told of where they cannot."""

import numpy as np
import pyarrow as pa
import pytest

from zoo import datasets
from zoo.artifact.written import Written
from zoo.datasets.tables import csv_files
from zoo.datasets.tables.dressed import Dress, Dressed
from zoo.errors import DatasetError

from .writing import ROWS, write

NUMBERS = [float(f"{value:.2f}") for value in np.random.default_rng(3).lognormal(6, 1.5, ROWS)]


def grouped(value, group=",", decimal="."):
    text = f"{value:,.2f}"
    return text.replace(",", "_").replace(".", decimal).replace("_", group)


def table(tmp_path, texts, name="sales.tsv", **options):
    """The dataset of a .tsv: a column `n`, and one `price` of the texts."""
    rows = "".join(f"{row % 37}\t{text}\n" for row, text in enumerate(texts))
    return datasets.load(write(tmp_path, f"n\tprice\n{rows}", name), **options)


def numbers_of(data):
    """All values of the column price, and what it is taken for."""
    column = next(each for each in data.schema.columns if each.name == "price")
    place = [each.name for each in data.schema.columns if each.is_number].index("price")
    parts = (part.batch(range(len(part)))[:, place] for part in (data.train, data.test))
    return np.sort(np.concatenate([*parts]) + column.origin), column


WRITINGS = {
    "a currency before": (lambda v: f"€{v:.2f}", "€"),
    "a currency and thousands": (lambda v: f"$ {grouped(v)}", "$"),
    "a currency behind, decimal commas": (lambda v: f"{grouped(v, '.', ',')} €", "€"),
    "spaces between thousands": (lambda v: f"{grouped(v, chr(0x202F), ',')}\xa0kr", "kr"),
    "a code": (lambda v: f"CHF {grouped(v, chr(39))}", "CHF"),
    "per cent": (lambda v: f"{v:.2f} %", "%"),
    "thousands": (grouped, ""),
    "apostrophes": (lambda v: grouped(v, chr(0x2019)), ""),
}


@pytest.mark.parametrize("what", WRITINGS)
def test_numbers_with_signs_and_groups_are_read_with_their_unit_and_said(tmp_path, what):
    dress, unit = WRITINGS[what]
    texts = [dress(value) for value in NUMBERS]
    data = table(tmp_path, texts)
    found, column = numbers_of(data)
    np.testing.assert_allclose(found, np.sort(NUMBERS), rtol=1e-6)
    assert (column.kind, column.unit, column.missing) == ("real", unit, False)
    (note,) = [each for each in data.notes if "'price'" in each]
    assert "is read as numbers" in note and any(repr(text) in note for text in texts)


def test_missing_and_negative_ones_are_too_and_whole_ones_are_measured_not_counted(tmp_path):
    texts = [f"-{row} %" if row % 2 else f"{row} %" for row in range(ROWS)]
    texts[7] = "n/a"
    found, column = numbers_of(table(tmp_path, texts))
    wanted = np.sort([-row if row % 2 else row for row in range(ROWS) if row != 7])
    np.testing.assert_array_equal(found[:-1], wanted)
    assert column.missing and np.isnan(found[-1]) and column.kind == "real"


def test_several_blocks_are_read_alike(tmp_path, monkeypatch):
    texts = [f"€{grouped(value)}" for value in NUMBERS]
    whole = numbers_of(table(tmp_path, texts))
    monkeypatch.setattr(csv_files, "BLOCK", 2**7)
    monkeypatch.setattr(csv_files, "OF_A_COLUMN", 1)
    parts = numbers_of(table(tmp_path, texts))
    np.testing.assert_array_equal(parts[0], whole[0])
    assert parts[1] == whole[1]


@pytest.mark.parametrize("decimal", [",", "."])
def test_what_a_comma_means_can_be_said_where_it_may_mean_two_things(tmp_path, decimal):
    texts = [f"€{row % 30 + 1},500" for row in range(ROWS)]
    data = table(tmp_path, texts)
    (column,) = [each for each in data.schema.columns if each.name == "price"]
    assert column.kind == "categorical"
    assert any("may be decimal or set off thousands" in note for note in data.notes)
    said = tmp_path / "columns.yaml"
    said.write_text(f'columns:\n  price:\n    decimal: "{decimal}"\n')
    found, column = numbers_of(table(tmp_path, texts, columns=said))
    assert found[0] == (1.5 if decimal == "," else 1500.0) and column.unit == "€"


def test_what_is_written_of_the_columns_reads_them_alike(tmp_path):
    for dress in (grouped, lambda v: f"{grouped(v, '.', ',')} €"):
        data = table(tmp_path, [dress(value) for value in NUMBERS])
        said = tmp_path / "columns.yaml"
        text = datasets.columns_of(tmp_path / "sales.tsv")
        said.write_text(text)
        assert "# 'price' is read as numbers" in text
        again = datasets.load(tmp_path / "sales.tsv", columns=said)
        assert again.schema.columns == data.schema.columns
        np.testing.assert_array_equal(again.train.images, data.train.images)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({3: "call us"}, "not all are numbers"),
        ({3: "$9.00"}, "not all in one way"),
    ],
)
def test_words_that_are_nearly_all_such_numbers_are_told_of(tmp_path, change, said):
    texts = [f"€{row % 30}.50" for row in range(ROWS)]
    for row, text in change.items():
        texts[row] = text
    data = table(tmp_path, texts)
    (note,) = [each for each in data.notes if "'price'" in each]
    assert said in note and "in row 1 '€0.50'" in note and "zoo columns FILE" in note


@pytest.mark.parametrize(
    "text", ["10.20.30.40", "1 234", "2024.05.01", "€", "1.2.3", "12€%", "--3"]
)
def test_what_only_looks_like_a_number_is_none(text):
    look = Dressed("")
    numbers, written = look.add(pa.array([text, text]))
    assert numbers is None and look.count == 0 and not any(written.to_pylist())


def test_a_series_may_have_prices_and_its_bad_line_is_named(tmp_path):
    texts = [f"€{grouped(value)}" for value in NUMBERS]
    data = table(tmp_path, texts, kind="series", window=4, stride=4)
    np.testing.assert_allclose(data.train.batch([0])[0, :, 1], NUMBERS[:4], rtol=1e-6)
    texts[7] = "much"
    with pytest.raises(DatasetError, match=r"line 9, column price: 'much' is no number"):
        table(tmp_path, texts, kind="series", window=4)


def test_another_dress_is_refused_when_it_is_read():
    with pytest.raises(pa.ArrowInvalid, match="written otherwise"):
        Dress("€", False).numbers(pa.array(["€1.50", "$2"]))
    assert Dress("€", True).numbers(pa.array(["1.000,5 €", None])).to_pylist() == [1000.5, None]


def test_how_numbers_and_dates_were_written_stays_with_the_column(tmp_path):
    rows = "".join(
        f"{row % 9 + 1},5\t{row % 28 + 1}.1.2024\t€{row}.50\t{row}.25\t{row % 2}\n"
        for row in range(ROWS)
    )
    data = datasets.load(write(tmp_path, f"weight\ton\tprice\tplain\tflag\n{rows}", "sales.tsv"))
    written = {each.name: each.written for each in data.schema.columns}
    assert written == {
        "weight": Written(comma=True),
        "on": Written(date="day.month.year"),
        "price": Written(for_people=True, sign="€"),
        "plain": Written(),
        "flag": None,
    }
