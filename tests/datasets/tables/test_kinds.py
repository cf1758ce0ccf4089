"""What a column is taken for, by the rules of docs/data.md, and what is usual in it."""

import datetime

import numpy as np
import pytest

from zoo import datasets
from zoo.artifact.schema import Schema
from zoo.errors import DatasetError

from .writing import ROWS, lines, write


def column(tmp_path, values, **options):
    """The `Column` that values are taken for; None where it is left out."""
    path = write(tmp_path, lines(value=values))
    found = datasets.load(path, **options).schema.columns
    return next((each for each in found if each.name == "value"), None)


KINDS = {
    "numbers": ("real", lambda row: row * 0.37 - 3),
    "whole numbers below 0": ("real", lambda row: row * row % 37 - 5),
    "whole numbers": ("count", lambda row: row * row % 37),
    "large whole numbers": ("real", lambda row: row * row % 37 * 1000),
    "whole numbers of few values": ("categorical", lambda row: (4, 6, 8)[row % 3]),
    "0 and 1": ("boolean", lambda row: row % 2),
    "codes": ("categorical", lambda row: f"0{row % 30:03d}"),
    "yes and no": ("boolean", lambda row: ("Yes", "No")[row % 2]),
    "two words": ("categorical", lambda row: ("red", "blue")[row % 2]),
    "words": ("categorical", lambda row: f"word {row % 17}"),
    "numbers and words": ("categorical", lambda row: ("S", "38", "40")[row % 3]),
    "dates": ("date", lambda row: datetime.date(2024, 1, 1) + datetime.timedelta(row * 3)),
    "times": ("date", lambda row: f"2024-01-{row % 28 + 1:02d} 12:{row:02d}"),
    "times with a zone": ("date", lambda row: f"2024-01-{row % 28 + 1:02d}T12:{row:02d}:00+02:00"),
    "dates with points": ("date", lambda row: f"{row % 28 + 1}.1.2024"),
    "dates with the day first": ("date", lambda row: f"{row % 28 + 1}/01/2024"),
    "dates with the month first": ("date", lambda row: f"01/{row % 28 + 1}/2024"),
    "years": ("count", lambda row: 1990 + row * 7 % 31),
}


@pytest.mark.parametrize("what", KINDS)
def test_kinds_are_told_by_the_values(tmp_path, what):
    kind, values = KINDS[what]
    assert column(tmp_path, values).kind == kind


@pytest.mark.parametrize("what", KINDS)
def test_missing_values_change_no_kind(tmp_path, what):
    kind, values = KINDS[what]
    found = column(tmp_path, lambda row: "NA" if row % 20 == 7 else values(row))
    assert found.kind == kind and found.missing


def test_words_are_in_order_and_no_comes_before_yes(tmp_path):
    assert column(tmp_path, lambda row: (10, 9, 8)[row % 3]).words == ("8", "9", "10")
    assert column(tmp_path, lambda row: ("b", "a")[row % 2]).words == ("a", "b")
    assert column(tmp_path, lambda row: ("Yes", "No")[row % 2]).words == ("No", "Yes")


def test_a_date_is_in_days_from_the_first_of_training(tmp_path):
    first = datetime.date(2020, 3, 1)
    path = write(tmp_path, lines(value=lambda row: f"{first + datetime.timedelta(row // 2)} 12:00"))
    data = datasets.load(path, test_split="last")
    place = [each.name for each in data.schema.columns if each.is_number].index("value")
    found = next(each for each in data.schema.columns if each.name == "value")
    assert found.origin == (first - datetime.date(1970, 1, 1)).days
    expected = np.arange(ROWS) // 2 + 0.5
    np.testing.assert_array_equal(data.train.images[:, place], expected[: len(data.train)])
    np.testing.assert_array_equal(data.test.images[:, place], expected[len(data.train) :])


def test_what_comes_round_within_the_dates_is_named(tmp_path):
    day = datetime.datetime(2020, 1, 1)
    hours, months = datetime.timedelta(hours=31), datetime.timedelta(31)
    assert column(tmp_path, lambda row: day + hours * row).cycles == ("week", "day")
    assert column(tmp_path, lambda row: (day + months * row).date()).cycles == ("year", "week")
    assert column(tmp_path, lambda row: (day + months * row).date().replace(day=1)).cycles == (
        "year",
    )
    assert column(tmp_path, lambda row: f"{1950 + row}-01-01").cycles == ()


def test_dates_that_are_all_whole_days_say_so_whatever_is_held_out(tmp_path):
    day = datetime.datetime(2020, 1, 1)
    days = [day + datetime.timedelta(row) for row in range(ROWS)]
    assert column(tmp_path, days).spacing == 1.0
    assert column(tmp_path, lambda row: days[row].date()).spacing == 1.0
    clock = [*days[:-1], days[-1] + datetime.timedelta(hours=1)]
    assert column(tmp_path, clock, test_split="last").spacing is None  # and training has days alone
    assert column(tmp_path, clock).spacing is None
    assert column(tmp_path, lambda row: row * 0.5).spacing is None


def test_a_column_that_hardly_repeats_its_words_is_told_of_with_what_to_do(tmp_path):
    found = datasets.load(
        write(tmp_path, lines(name=lambda row: f"name {row % 59}")), test_split="last"
    )
    (note,) = [each for each in found.notes if "'name'" in each]
    assert "48 different words in 48 training rows, as 'name 0'" in note
    assert "drop: true in columns.yaml" in note
    usual = datasets.load(write(tmp_path, lines()))
    assert not any("different words" in each for each in usual.notes)


def test_words_half_of_which_are_numbers_are_told_of_with_what_to_do(tmp_path):
    values = [f"{row}.5" if row % 8 else "-" for row in range(ROWS)]
    path = write(tmp_path, lines(value=values, sizes=lambda row: ("S", "38", "L")[row % 3]))
    (note,) = [each for each in datasets.load(path, unseen="other").notes if " holds " in each]
    assert "'value' holds numbers in 87% of its rows, and in row 1 '-'" in note
    assert "missing: [...]" in note


def test_a_long_upper_tail_is_taken_as_its_logarithm(tmp_path):
    random = np.random.default_rng(1)
    tail = np.exp(random.normal(5, 1, ROWS))
    found = column(tmp_path, [f"{value:.4f}" for value in tail])
    assert found.log and found.kind == "real"
    np.testing.assert_allclose([found.center, found.scale], [5, 1], atol=0.5)
    assert not column(tmp_path, [f"{value:.4f}" for value in random.normal(50, 9, ROWS)]).log
    with_zero = column(tmp_path, [f"{value:.4f}" for value in [0, *tail[1:]]])
    assert not with_zero.log


def test_center_and_scale_are_of_the_training_rows_alone(tmp_path):
    values = [row * 0.5 if row < 48 else 1e6 for row in range(ROWS)]
    found = column(tmp_path, values, test_split="last")
    assert found.center == np.median(values[:48]) and found.high == 23.5


def test_large_numbers_that_lie_close_have_an_origin(tmp_path):
    values = [1_700_000_000 + (row * row % 37) * 0.25 for row in range(ROWS)]
    path = write(tmp_path, lines(value=values))
    data = datasets.load(path, test_split="last")
    place = [each.name for each in data.schema.columns if each.is_number].index("value")
    found = next(each for each in data.schema.columns if each.name == "value")
    given = data.train.images[:, place].astype(np.float64) + found.origin
    np.testing.assert_array_equal(given, values[: len(data.train)])
    assert found.scale < 10


def test_rows_are_numbers_first_then_codes_and_nan_where_missing(tmp_path):
    content = lines(age=lambda row: "" if row == 1 else row + 0.5)
    data = datasets.load(write(tmp_path, content), test_split="last")
    visits = [int(line.split(",")[2]) for line in content.splitlines()[1:]]
    codes = [(2, 0, 1)[row % 3] for row in range(ROWS)]
    ages = [np.nan if row == 1 else row + 0.5 for row in range(ROWS)]
    expected = np.stack([ages, visits, codes], axis=1).astype(np.float32)
    np.testing.assert_array_equal(data.train.images, expected[: len(data.train)])
    assert data.train.images.dtype == np.float32
    assert data.schema.kind == "table" and data.schema.shape == (3,)


def test_the_schema_goes_through_the_manifest(tmp_path):
    schema = datasets.load(write(tmp_path, lines())).schema
    assert Schema.from_json(schema.to_json()) == schema


def test_test_rows_of_words_that_training_lacks_are_left_out_and_counted(tmp_path):
    path = write(tmp_path, lines(value=lambda row: "new" if row > 57 else ("a", "b")[row % 2]))
    data = datasets.load(path, test_split="last")
    assert len(data.test) == 10 and len(data.train) == 48
    assert "2 of them left out" in data.test_split
    assert "2 test rows have words that no training row has" in data.notes[-1]
    kept = datasets.load(path, test_split="last", unseen="other")
    found = next(each for each in kept.schema.columns if each.name == "value")
    assert found.words == ("a", "b", "other") and found.other == 2
    assert kept.test.images[-1, -1] == 2 and len(kept.test) == 12


def test_rare_words_are_other_where_that_is_wanted(tmp_path):
    def value(row):
        return "rare" if row in (1, 2, 3, 4) else ("a", "b")[row % 2]

    found = column(tmp_path, value, unseen="other", test_split="last")
    assert found.words == ("a", "b", "other")
    assert column(tmp_path, value, test_split="last").words == ("a", "b", "rare")


def test_a_label_leaves_the_table(tmp_path):
    data = datasets.load(write(tmp_path, lines()), label="city", test_split="last")
    assert [each.name for each in data.schema.columns] == ["age", "visits"]
    assert data.schema.classes == ("Bergen", "Moss", "Oslo")
    assert data.train.labels.tolist() == [(2, 0, 1)[row % 3] for row in range(48)]


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("town", r"has no column 'town' to be the label; it has age, city, visits"),
        ("gap", r"the label 'gap' is missing in row 5; wanted: one for each row"),
        ("one", r"the label 'one' has 1 different values"),
    ],
)
def test_a_label_that_is_none_is_refused(tmp_path, label, sentence):
    content = lines(gap=lambda row: "" if row == 4 else "x", one=lambda row: "y")
    with pytest.raises(DatasetError, match=sentence):
        datasets.load(write(tmp_path, content), label=label)


def test_every_column_has_a_reason(tmp_path):
    data = datasets.load(write(tmp_path, lines()))
    assert [reason.what for reason in data.reasons] == [
        "column age",
        "column city",
        "column visits",
    ]
    assert data.reasons[1].value == "categorical" and data.reasons[1].why == "3 different words"
