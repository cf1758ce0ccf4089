"""Tables that cannot be read, or mean two things: one sentence each, and what is read all the same.

A row is counted from 1 on, below the header; a line is one of the file.
"""

import numpy as np
import pytest

from zoo import datasets
from zoo.errors import DatasetError

from .writing import ROWS, lines, write


def at(row, value, usual):
    """A column with another value in one row, counted from 1 on."""
    return lambda place: value if place == row - 1 else usual(place)


def number(place):
    return place * 1.5


def day(place):
    return f"2024-01-{place % 28 + 1:02d}"


REFUSED = {
    "mixed types": (
        lines(age=at(17, "forty", number)),
        r"the column 'age' holds numbers, and in row 17 'forty'\. .*columns.yaml",
    ),
    "no date of the calendar": (
        lines(day=at(9, "2024-02-31", day)),
        r"the column 'day' holds dates, and in row 9 '2024-02-31', which is none",
    ),
    "no date at all": (
        lines(day=at(30, "soon", day)),
        r"the column 'day' holds dates, and in row 30 'soon', which is none",
    ),
    "day or month": (
        lines(day=lambda row: f"0{row % 9 + 1}/02/2024"),
        r"dates that may be day/month/year or month/day/year\. .*date: day/month/year",
    ),
    "infinity": (lines(age=at(5, "inf", number)), r"'age' has in row 5 'inf'; wanted: finite"),
    "infinite in float64": (lines(age=at(5, "1e999", number)), r"in row 5 '1e999'; wanted: finite"),
    "too large for float32": (
        lines(age=at(6, "1e39", number)),
        r"'age' has in row 6 '1e39', which float32 cannot hold",
    ),
    "thousands or decimals": (
        lines(age=at(3, '"1,234"', lambda place: place * 2)),
        r"'age' has in row 3 '1,234': a comma may be decimal or set off thousands",
    ),
    "one column": ("age\n1\n2\n", r"has one column, 'age'; wanted: a table of two columns"),
    "empty": ("", r"is empty\. Wanted: columns' names"),
    "blank": ("\n  \n", r"is empty\. Wanted: columns' names"),
    "a header only": ("age,city\n", r"has the columns' names, and no row below them"),
    "a header without a line end": ("age,city", r"has the columns' names, and no row below them"),
    "few rows": ("age,city\n1,a\n2,b\n", r"2 examples are too few to hold out a test set"),
    "two columns of one name": (
        "age,city,age\n1,a,2\n",
        r"the columns 1 and 3 are both named 'age'",
    ),
    "a column without a name": ("age,,city\n1,2,a\n", r"the column 2 of 3 has no name"),
    "a row too short": (
        "age,city\n1,a\n2\n3,c\n",
        r"line 3 has 1 values and the first line 2: 2\. A value that holds a comma",
    ),
    "a row too long": (
        "age,city\n1,a\n2,b,c\n",
        r"line 3 has 3 values and the first line 2: 2,b,c",
    ),
    "Latin-1": (
        lines(city=lambda row: "Tromsø").encode("latin-1"),
        r"not written in UTF-8: line 2 has the byte 0xf8; in Windows-1252 it reads '.*Tromsø",
    ),
    "UTF-16 without a mark": (lines().encode("utf-16-le"), r"holds bytes of 0, which no text has"),
    "absurdly wide": (
        ",".join(f"c{i}" for i in range(10_000)) + "\n",
        r"has 10,000 columns, and a table has at most 1,000 here",
    ),
    "too many categories": (
        "id,word\n" + "".join(f"{i // 2},w{i // 2}\n" for i in range(5000)),
        r"'word' has 2,4\d\d different words in 4,000 training rows, .*--unseen other",
    ),
    "nothing to learn": (
        lines(age=None, visits=None, city=lambda row: "x", b=lambda row: ""),
        r"has no column that is left to learn: 'city' \(every training row has one value, 'x'\)",
    ),
    "a quotation without an end": (
        lines(city=at(2, '"Oslo', lambda row: "Bergen" * 20_000)),
        r"has a row of more than 1,048,576 bytes. A quotation mark that is never closed makes one",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_bad_input_is_one_sentence(tmp_path, what):
    content, sentence = REFUSED[what]
    path = write(tmp_path, content)
    with pytest.raises(DatasetError, match=sentence) as raised:
        datasets.load(path)
    assert len(str(raised.value).splitlines()) == 1 and len(str(raised.value)) < 600


@pytest.mark.slow
def test_a_million_categories_are_refused_and_a_million_identifiers_left_out(tmp_path):
    """And nothing of either is held that would not fit in memory."""
    rows = range(2_000_000)
    words = write(tmp_path, "id,word\n" + "".join(f"{i % 7},w{i // 2}\n" for i in rows))
    with pytest.raises(DatasetError, match=r"'word' has .* different words in 1,600,000 training"):
        datasets.load(words)
    keys = write(tmp_path, "id,word\n" + "".join(f"{i % 7},w{i}\n" for i in rows))
    assert "'word': all values differ" in datasets.load(keys).notes[0]


def test_words_all_missing_or_constant_are_left_out_and_named(tmp_path):
    content = lines(
        empty=lambda row: "", one=lambda row: "x", na=lambda row: ("NA", "null")[row % 2]
    )
    data = datasets.load(write(tmp_path, content))
    assert [column.name for column in data.schema.columns] == ["age", "city", "visits"]
    assert data.notes == (
        "Left out: 'empty'; 'na': every value is missing.",
        "Left out: 'one': every training row has one value, 'x'.",
    )


def test_identifiers_are_left_out_and_named_with_how_to_keep_them(tmp_path):
    content = lines(number=lambda row: 500 + row, key=lambda row: f"k{row}", run_id=lambda r: r * r)
    data = datasets.load(write(tmp_path, content))
    assert [column.name for column in data.schema.columns] == ["age", "city", "visits"]
    assert "'number'; 'run_id': it numbers the rows" in data.notes[0]
    assert "kind: real in columns.yaml keeps it" in data.notes[0]
    assert "'key': all values differ, as identifiers do; kind: categorical" in data.notes[1]
    assert data.schema.left_out == ("number", "key", "run_id")
    kept = write(tmp_path, "columns: {number: {kind: real}, key: {kind: categorical}}", "c.yaml")
    data = datasets.load(tmp_path / "sales.csv", columns=kept, unseen="other")
    assert "number" in [column.name for column in data.schema.columns]


@pytest.mark.parametrize(
    ("encoding", "note"),
    [("utf-8", None), ("utf-8-sig", None), ("utf-16", "is written in UTF-16")],
)
def test_marked_encodings_are_read(tmp_path, encoding, note):
    content = lines(city=lambda row: ("Tromsø", "Ålesund")[row % 2]).encode(encoding)
    data = datasets.load(write(tmp_path, content))
    assert data.schema.columns[1].words == ("Tromsø", "Ålesund")
    assert data.schema.columns[0].name == "age"
    assert any(note in said for said in data.notes) if note else not data.notes


@pytest.mark.parametrize(
    ("separator", "name", "note"),
    [
        (";", "sales.csv", "sales.csv is separated by semicolons."),
        ("\t", "sales.csv", "sales.csv is separated by tabs."),
        ("|", "sales.csv", "sales.csv is separated by |."),
        ("\t", "sales.tsv", None),
        (",", "sales.tsv", "sales.tsv is separated by commas."),
    ],
)
def test_separators_are_found_and_said(tmp_path, separator, name, note):
    usual = datasets.load(write(tmp_path, lines(), "usual.csv"))
    data = datasets.load(write(tmp_path, lines().replace(",", separator), name))
    np.testing.assert_array_equal(data.train.images, usual.train.images)
    assert data.notes == ((note,) if note else ())


def test_decimal_commas_are_numbers_where_no_other_is_meant(tmp_path):
    content = lines().replace(",", ";").replace(".", ",")
    data = datasets.load(write(tmp_path, content))
    usual = datasets.load(write(tmp_path, lines(), "usual.csv"))
    np.testing.assert_array_equal(data.train.images, usual.train.images)
    assert any("'age' has decimal commas (in row 1 " in note for note in data.notes)


def test_values_with_line_ends_and_separators_are_one_value(tmp_path):
    content = lines(city=lambda row: ('"a, b"', '"two\nlines"', '"say ""x"""')[row % 3])
    data = datasets.load(write(tmp_path, content))
    assert data.schema.columns[1].words == ("a, b", 'say "x"', "two\nlines")
    assert len(data.train) + len(data.test) == ROWS


def test_a_folder_a_pipe_and_a_damaged_parquet_are_no_tables(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DatasetError, match="is a named pipe"):
        datasets.load(tmp_path / "pipe.csv")
    with pytest.raises(DatasetError, match="cannot be read as Parquet"):
        datasets.load(write(tmp_path, b"PAR1 and no more", "x.parquet"))
    with pytest.raises(DatasetError, match="Path not found"):
        datasets.load(tmp_path / "absent.csv")


@pytest.mark.parametrize("option", [{"label": "city"}, {"columns": "columns.yaml"}])
def test_options_of_tables_are_refused_for_pictures(option):
    with pytest.raises(DatasetError, match="is an option of tables, and 'digits' is none"):
        datasets.load("digits", **option)


def test_names_and_values_of_others_are_escaped(tmp_path):
    name = "a\x1b[31m\u202e"
    content = lines(**{name: at(17, "b\x1b[2J", number), "c\x07": lambda row: ""})
    with pytest.raises(DatasetError, match=r"'a\\x1b\[31m\\u202e' holds .* 'b\\x1b\[2J'") as raised:
        datasets.load(write(tmp_path, content))
    assert str(raised.value).isprintable()
    data = datasets.load(write(tmp_path, lines(**{name: number, "c\x07": lambda row: ""})))
    assert r"'c\x07': every value is missing" in data.notes[0]
    assert all(said.isprintable() for said in (*data.notes, *(r.what for r in data.reasons)))
    text = datasets.columns_of(tmp_path / "sales.csv")
    assert text.replace("\n", "").isprintable()
    schema = datasets.load(tmp_path / "sales.csv", columns=write(tmp_path, text, "c.yaml")).schema
    assert schema == data.schema
