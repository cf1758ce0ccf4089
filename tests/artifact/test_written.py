"""Text of numbers and dates is the value that the loaders, which are of Arrow, read of it."""

import json

import numpy as np
import pyarrow as pa
import pytest

from zoo.artifact.columns import Column
from zoo.artifact.written import DATES, Written
from zoo.datasets.tables import values
from zoo.datasets.tables.dressed import Dress

TEXTS = (
    "€12.30|€ 1,234.50|12.30 €|-€5|€-5|--€5|€5€|$5|€|€1.234,50|€,5|12|12.5|12,5|1,234|1,234.5|"
    "1.234,5|1 234|1'234.5|1e5|+5|.5|5.|12 %|5\u202f000,5 €|€1 234|2024.05.01|1.2.3|much|"
    "€12.30 each|٣"
).split("|")


@pytest.mark.parametrize("comma", [False, True])
@pytest.mark.parametrize("sign", ["€", "%", ""])
def test_numbers_for_people_are_what_the_loader_reads(sign, comma):
    written, dress = Written(comma, for_people=True, sign=sign), Dress(sign, comma)
    taken = {text: written.number(text) for text in TEXTS}
    assert {*taken.values()} != {None}
    for text, number in taken.items():
        try:
            wanted = dress.numbers(pa.array([text]))[0].as_py()
        except pa.ArrowInvalid:
            wanted = None
        assert number == wanted, text


@pytest.mark.parametrize("comma", [False, True])
def test_plain_numbers_are_what_the_loader_reads(comma):
    for text in [*TEXTS, "-1.234.567,5", "1e-3", "nan", "inf", "1_000"]:
        try:
            wanted = values.as_numbers(pa.array([text]), comma)[0].as_py()
        except pa.ArrowInvalid:
            wanted = None
        wanted = wanted if wanted is not None and np.isfinite(wanted) else None
        assert Written(comma).number(text) == wanted, text


@pytest.mark.parametrize("form", DATES)
def test_dates_are_what_the_loader_reads(form):
    day = "2024-02-03" if form.startswith("year-") else form
    for name, number in (("year", "2024"), ("month", "2"), ("day", "3")):
        day = day.replace(name, number)
    assert Written(date=form).iso(day) == "2024-02-03"
    timed = Written(date=form).iso(f"{day} 12:30")
    assert np.datetime64(timed) == np.datetime64(values.as_times(pa.array([timed]))[0].as_py())
    assert Written(date=form).iso("no date") == "no date"


def test_a_column_keeps_it_in_json_and_refuses_what_is_none():
    written = Written(comma=True, for_people=True, sign="€", date="day.month.year", missing=("-",))
    column = Column("price", "real", written=written)
    entry = json.loads(json.dumps(column.to_json()))
    assert Column.from_json(entry).written == written
    assert Column.from_json(entry | {"written": None}).written is None
    del entry["written"]
    assert Column.from_json(entry).written is None
    for change in ({"comma": 1}, {"sign": None}, {"date": "moon"}, {"missing": [3]}):
        with pytest.raises((TypeError, ValueError)):
            Column.from_json(entry | {"written": written.to_json() | change})
    with pytest.raises(TypeError):
        Column.from_json(entry | {"written": "so"})
