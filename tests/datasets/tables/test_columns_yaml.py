"""columns.yaml: written with reasons, read back as it was, edited, refused by line and column."""

import numpy as np
import pytest

from zoo import datasets
from zoo.errors import DatasetError

from .writing import lines, write


@pytest.fixture
def table(tmp_path):
    """A table whose columns have several kinds."""
    content = lines(
        size=lambda row: ("M", "S", "L")[row % 3],
        when=lambda row: f"{row % 28 + 1}.1.2024",
        key=lambda row: f"k{row}",
        income=lambda row: 2.0**row,
        on=lambda row: ("no", "yes")[row % 2],
        **{"a: #1": lambda row: row % 5 * 2 - 1},
    )
    return write(tmp_path, content)


def load(table, text, **options):
    return datasets.load(table, columns=write(table.parent, text, "columns.yaml"), **options)


def found(data, name):
    return next(each for each in data.schema.columns if each.name == name)


def test_what_is_written_is_read_back_as_the_same_columns(table):
    text = datasets.columns_of(table)
    assert load(table, text).schema == datasets.load(table).schema
    assert "drop: true  # all values differ, as identifiers do" in text
    assert "date: day.month.year" in text and "log: true" in text
    assert "kind: categorical  # 3 different words" in text
    assert "# words: [L, M, S]" in text and '"a: #1":' in text


def test_a_column_that_cannot_be_read_is_written_with_the_sentence(tmp_path):
    content = lines(age=lambda row: "forty" if row == 16 else row * 1.5)
    text = datasets.columns_of(write(tmp_path, content))
    assert "drop: true  # " in text and "holds numbers, and in row 17 'forty'" in text
    data = load(tmp_path / "sales.csv", "columns: {age: {missing: [forty]}}")
    assert found(data, "age").missing and found(data, "age").kind == "real"


def test_what_the_user_says_counts(table):
    data = load(
        table,
        """
columns:
  size: {kind: ordered, words: [S, M, L]}
  visits: {kind: real, unit: visits a year, log: false}
  income: {log: false, unit: "€"}
  city: {drop: yes}
  "on": {words: ["yes", "no"]}
""",
    )
    assert found(data, "size").kind == "ordered" and found(data, "size").words == ("S", "M", "L")
    assert found(data, "visits").kind == "real" and found(data, "visits").unit == "visits a year"
    assert not found(data, "income").log and found(data, "income").unit == "€"
    assert found(data, "on").words == ("yes", "no")
    assert "'city': columns.yaml drops it" in " ".join(data.notes)


REFUSED = {
    "nonsense": ("a: [", r"columns.yaml cannot be read as YAML: .*line 1"),
    "a list": ("- a", r"line 1: the file is no list of names and values"),
    "another key": ("rows: {}", r"line 1: the file has 'rows'; wanted: columns"),
    "no such column": (
        "columns:\n  agee:\n    kind: real\n",
        r"line 3, column 'agee': the table has no such column; it has age, city",
    ),
    "no such setting": (
        "columns:\n  age:\n    kin: real\n",
        r"line 3: .*column 'age' has 'kin'; wanted: kind, drop, unit",
    ),
    "no such kind": (
        "columns:\n  age:\n    kind: float\n",
        r"line 3, column 'age': kind is 'float'; wanted: one of real count date",
    ),
    "no flag": ("columns:\n  age: {log: maybe}\n", r"log is 'maybe'; wanted: true or false"),
    "a list where one is wanted": ("columns: {age: {unit: [a]}}", r"unit is a list; wanted: one"),
    "one where a list is wanted": ("columns: {size: {words: S}}", r"words is no list; wanted"),
    "ordered without words": ("columns: {size: {kind: ordered}}", r"is ordered and has no words"),
    "words of a number": ("columns: {age: {kind: real, words: [a, b]}}", r"is real and has words"),
    "a word twice": ("columns: {size: {words: [S, S]}}", r"two words or more, each of them once"),
    "a column twice": (
        "columns:\n  age: {}\n  age: {}\n",
        r"line 3: columns names 'age' twice",
    ),
    "a word that is not listed": (
        "columns: {size: {words: [S, M]}}",
        r"column 'size': 1 words of the table are not among its words, as 'L'",
    ),
    "a count that is none": (
        "columns: {age: {kind: count}}",
        r"'age' is to be a count and has values such as",
    ),
    "a number that is none": (
        "columns: {city: {kind: real}}",
        r"'city' is to be real and has in row 1 'Oslo'",
    ),
    "a date that is none": (
        "columns: {city: {kind: date}}",
        r"'city' holds dates, and in row 1 'Oslo', which is none",
    ),
    "another way of dates": (
        "columns: {when: {date: year/month/day}}",
        r"'when' has in row 1 '1.1.2024', which is no date as year/month/day",
    ),
    "boolean of three": ("columns: {size: {kind: boolean}}", r"boolean and has 3 different words"),
    "log of what is below 0": (
        'columns: {"a: #1": {kind: real, log: true}}',
        r"log is for numbers above 0, and there is -1",
    ),
    "log of a count": ("columns: {visits: {kind: count, log: true}}", r"is count and has log"),
    "nothing of UTF-8": (b"columns: {\xff: {}}", r"cannot be read as YAML"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_wrong_is_named_by_line_and_column(table, what):
    text, sentence = REFUSED[what]
    with pytest.raises(DatasetError, match=sentence) as raised:
        load(table, text)
    assert len(str(raised.value).splitlines()) == 1


def test_an_absent_file_is_named(table):
    with pytest.raises(DatasetError, match=r"none.yaml cannot be read: No such file"):
        datasets.load(table, columns="none.yaml")


def test_an_empty_file_says_nothing(table):
    assert load(table, "").schema == load(table, "columns:\n").schema == datasets.load(table).schema


def test_decimal_commas_can_be_said(tmp_path):
    content = lines(age=lambda row: f'"{row + 1},{row % 10 * 100:03d}"')
    with pytest.raises(DatasetError, match="a comma may be decimal"):
        datasets.load(write(tmp_path, content))
    data = load(tmp_path / "sales.csv", 'columns: {age: {decimal: ","}}', test_split="last")
    assert data.train.images[1, 0] == np.float32(2.1)


def test_pictures_have_no_columns(tmp_path):
    with pytest.raises(DatasetError, match="is no table"):
        datasets.columns_of(tmp_path)
