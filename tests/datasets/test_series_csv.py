import numpy as np
import pytest

from zoo import datasets
from zoo.errors import DatasetError

pytest.importorskip("pandas", reason="a .csv is read by pandas")

HEAD = "when,pump,flow,pressure\n"


def rows(pump, count, first=0):
    """Lines of one pump, an hour a step."""
    return [
        f"2024-05-{1 + hour // 24:02d} {hour % 24:02d}:00,{pump},{hour * 0.5},{-hour}"
        for hour in range(first, first + count)
    ]


def written(tmp_path, lines, head=HEAD):
    file = tmp_path / "pumps.csv"
    file.write_text(head + "\n".join(lines) + "\n")
    return file


def load(file, **options):
    given = {"time": "when", "entity": "pump", "window": 6, "stride": 2}
    return datasets.load(file, **given | options)


def test_entities_may_lie_mixed_and_no_window_holds_two_of_them(tmp_path):
    mixed = [line for pair in zip(rows("a", 40), rows("b", 40), strict=True) for line in pair]
    data = load(written(tmp_path, mixed))
    assert data.schema.features == ("flow", "pressure") and data.schema.kind == "series"
    x = data.train.batch(range(len(data.train)))
    np.testing.assert_allclose(np.diff(x[..., 0], axis=1), 0.5)
    np.testing.assert_allclose(x[..., 1], -2 * x[..., 0])
    assert len(x) == 2 * ((32 - 6) // 2 + 1)
    assert "A row is a step, 2 columns are features: flow, pressure." in data.notes


def test_an_entity_shorter_than_a_window_is_left_out_and_counted(tmp_path):
    data = load(written(tmp_path, [*rows("a", 60), *rows("b", 4), *rows("c", 60)]))
    assert any("Left out: 1 training and 0 test series" in note for note in data.notes)


def test_gaps_in_time_are_told(tmp_path):
    lines = [*rows("a", 40), *rows("a", 40, first=50)]
    (note,) = [each for each in load(written(tmp_path, lines)).notes if "usual time" in each]
    assert "At 1 of 79 places more than 1.5 times the usual time (3600)" in note


def test_times_may_be_numbers_and_rows_may_have_none(tmp_path):
    lines = [f"{0.5 * i},{i}" for i in range(50)]
    file = written(tmp_path, lines, head="t,level\n")
    timed = datasets.load(file, time="t", window=5, stride=5)
    counted = datasets.load(file, kind="series", window=5, stride=5)
    assert timed.schema.features == ("level",) and counted.schema.features == ("t", "level")
    np.testing.assert_array_equal(timed.train.batch([1])[0, :, 0], np.arange(5, 10))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("yesterday,a,1,2", "line 22: 'yesterday' in the column when is no time"),
        (",a,1,2", "line 22: nan in the column when is no time"),
        ("2024-05-01 03:00,a,1,2", "line 22: the time .* of a is before .* in line 21. Sort"),
        ("2024-05-01 19:00,a,1,2", "line 22: the time .* is that of line 21 too. Keep one"),
        ("2024-05-01 20:00,a,high,2", "line 22, column flow: 'high' is no number"),
        ("2024-05-01 20:00,a,1,", "line 22, column pressure: the value is missing. Fill the gap"),
        ("2024-05-01 20:00,a,1,1e50", "line 22, column pressure: .* is no number that float32"),
    ],
)
def test_a_bad_line_is_refused_by_its_number(tmp_path, line, said):
    with pytest.raises(DatasetError, match=said):
        load(written(tmp_path, [*rows("a", 20), line, *rows("a", 20, first=30)]))


def test_a_time_that_comes_twice_without_an_entity_asks_whether_there_is_one(tmp_path):
    file = written(tmp_path, ["1,5", "1,6", *(f"{i},5" for i in range(2, 40))], head="t,x\n")
    with pytest.raises(DatasetError, match=r"line 3: .* that of line 2 too.*--entity"):
        datasets.load(file, time="t")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"time": "hour"}, "no column 'hour' .time.; its columns are when, pump"),
        ({"window": 99}, "fewer steps than a window: 40 in its longest series"),
        ({"window": 20}, "for testing has 8 steps, and a window has 20"),
        ({"image_shape": (4, 4)}, "holds no pictures"),
    ],
)
def test_options_that_do_not_fit_the_file_are_refused(tmp_path, options, said):
    with pytest.raises(DatasetError, match=said):
        load(written(tmp_path, rows("a", 40)), **options)


def test_a_csv_without_a_word_on_what_it_holds_asks(tmp_path):
    with pytest.raises(DatasetError, match="--kind counts, or of series --time COLUMN"):
        datasets.load(written(tmp_path, rows("a", 40)))


@pytest.mark.parametrize("text", ["", "a,b\n", 'a,b\n"1,2\n', "a,b\n1,2\n1,2,3\n"])
def test_a_file_that_is_no_table_is_refused(tmp_path, text):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DatasetError, match=r"cannot be read as a \.csv|has no row"):
        datasets.load(tmp_path / "x.csv", kind="series")
