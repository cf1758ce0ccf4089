import datetime

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest

from zoo import datasets
from zoo.datasets.tables import csv_files
from zoo.errors import DatasetError

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


def windows(data):
    """All training examples."""
    return data.train.batch(range(len(data.train)))


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
    assert "A row of its time and no values, for each step between" in note
    filled = [line.rsplit(",", 2)[0] + ",," for line in rows("a", 10, first=40)]
    whole = load(written(tmp_path, sorted(lines + filled)))
    assert not any("usual time" in each for each in whole.notes) and whole.schema.missing


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
        (",a,1,2", "line 22, column when: the value is missing. Give each row its time"),
        ("2024-05-01 20:00,,1,2", "line 22, column pump: the value is missing. Say in each row"),
        ("2024-05-01 03:00,a,1,2", "line 22: the time .* of a is before .* in line 21. Sort"),
        ("2024-05-01 19:00,a,1,2", "line 22: the time .* is that of line 21 too. Keep one"),
        ("2024-05-01 20:00,a,high,2", "line 22, column flow: 'high' is no number"),
        ("2024-05-01 20:00,a,1,1e50", "line 22, column pressure: .* is no number that float32"),
    ],
)
def test_a_bad_line_is_refused_by_its_number(tmp_path, line, said):
    with pytest.raises(DatasetError, match=said):
        load(written(tmp_path, [*rows("a", 20), line, *rows("a", 20, first=30)]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"entity": "pump"}, "column when holds dates, such as 2024-05-01 .* --time when"),
        ({"time": "when"}, r"column pump holds words, such as a, .* --entity pump \(entity='pump'"),
        ({"kind": "series"}, "column when holds dates"),
    ],
)
def test_who_forgets_the_time_or_the_entity_is_told_of_its_column(tmp_path, options, said):
    with pytest.raises(DatasetError, match=said):
        datasets.load(written(tmp_path, rows("a", 40)), window=5, **options)


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


def test_a_vector_is_no_kind_of_a_csv_and_what_is_one_is_said(tmp_path):
    with pytest.raises(DatasetError, match=r"--kind vector out.*of series --time COLUMN"):
        datasets.load(written(tmp_path, rows("a", 40)), kind="vector")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("a,b\n", "no row below them"),
        ("a,b\n,\n", "no row below its column names"),
        ("a,b\n1,2\n1,2,3\n", "line 3 has 3 values and the first line 2"),
        ("a,a\n1,2\n", "columns 1 and 2 are both named 'a'"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, text, said):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DatasetError, match=said):
        datasets.load(tmp_path / "x.csv", kind="series")


PLAIN = "t,level\n" + "".join(f"{i + 0.5},{i * 0.25}\n" for i in range(50))


@pytest.mark.parametrize(
    ("written", "note"),
    [
        (PLAIN.replace(",", ";").encode(), "separated by semicolons"),
        (PLAIN.replace(",", ";").replace(".", ",").encode(), "'level' has decimal commas"),
        (PLAIN.encode("utf-16"), "written in UTF-16"),
        (PLAIN.encode("utf-8-sig"), ""),
        (PLAIN.replace("\n", "\r\n").encode(), ""),
        (PLAIN.encode() + b"\n,\n\n", ""),
    ],
)
def test_however_a_file_is_written_its_series_are_the_same(tmp_path, written, note):
    (tmp_path / "plain.csv").write_text(PLAIN)
    (tmp_path / "x.csv").write_bytes(written)
    plain, other = (
        datasets.load(tmp_path / name, time="t", window=5, stride=5)
        for name in ("plain.csv", "x.csv")
    )
    np.testing.assert_array_equal(windows(other), windows(plain))
    assert other.schema == plain.schema and note in other.notes[0]
    np.testing.assert_array_equal(other.train.batch([1])[0, :, 0], np.arange(5, 10) * 0.25)


@pytest.mark.parametrize("suffix", [".tsv", ".parquet"])
def test_a_tsv_and_a_parquet_are_series_as_well(tmp_path, suffix):
    file = written(tmp_path, [*rows("a", 40), *rows("b", 40)])
    table = pc_csv.read_csv(file)
    other = file.with_suffix(suffix)
    if suffix == ".tsv":
        other.write_text(file.read_text().replace(",", "\t"))
    else:
        pq.write_table(table, other)
    np.testing.assert_array_equal(windows(load(other)), windows(load(file)))
    if suffix == ".parquet":
        pq.write_table(pa.concat_tables([table, table]), other)
        with pytest.raises(DatasetError, match=r"row 81: the time .* of a is before .* in row 40"):
            load(other)


@pytest.mark.parametrize("form", ["%d.%m.%Y %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M:00+02:00"])
def test_times_may_be_dates_in_each_form_that_tables_know(tmp_path, form):
    start, hour = datetime.datetime(2024, 1, 30), datetime.timedelta(hours=1)
    hours = [*range(30), *range(39, 69)]
    lines = [f"{start + each * hour:{form}},{each}" for each in hours]
    data = datasets.load(written(tmp_path, lines, "t,x\n"), time="t", window=3)
    assert "At 1 of 59 places more than 1.5 times the usual time (3600)" in data.notes[-1]


def test_dates_that_may_be_day_or_month_first_are_refused(tmp_path):
    lines = [f"{i:02d}/{i:02d}/2024,{i}" for i in range(1, 13)]
    with pytest.raises(DatasetError, match=r"day/month/year or month/day/year. Write them as year"):
        datasets.load(written(tmp_path, lines, "t,x\n"), time="t", window=2)


def test_lines_are_counted_across_empty_ones_and_values_of_several(tmp_path):
    lines = [f"{i},{i}" for i in range(30)]
    lines[4] = '4,"4"\n'  # an empty line after it
    lines[20] = "19.5,high"
    head = '"t","level\nof water"\n'
    with pytest.raises(DatasetError, match=r"line 24, column .*: 'high' is no number"):
        datasets.load(written(tmp_path, lines, head), time="t")


def test_a_file_of_one_column_is_a_series_and_an_empty_line_is_a_value_that_is_missing(tmp_path):
    values = [str(i * 0.5) for i in range(40)]
    data = datasets.load(written(tmp_path, values, "level\n"), kind="series", window=4)
    assert data.schema.shape == (4, 1) and data.schema.features == ("level",)
    values[20] = ""
    file = written(tmp_path, values, "level\n")
    gap = datasets.load(file, kind="series", window=4, stride=4)
    assert gap.schema.missing and not data.schema.missing
    assert np.isnan(gap.train.batch([5])).ravel().tolist() == [True, False, False, False]


def test_an_empty_cell_is_missing_and_a_column_of_them_is_refused_by_its_name(tmp_path):
    lines = rows("a", 40)
    lines[7] = lines[7].rsplit(",", 1)[0] + ","
    lines[9] = "2024-05-01 09:00,a,NA,nan"
    data = load(written(tmp_path, lines), stride=6)
    first, second = data.train.batch([0, 1])
    assert data.schema.missing and np.isfinite(first).all()
    np.testing.assert_array_equal(np.isnan(second[:, 0]), np.arange(6) == 3)
    np.testing.assert_array_equal(np.isnan(second[:, 1]), np.isin(np.arange(6), (1, 3)))
    assert any("3 of 80 values are missing" in note for note in data.notes)
    empty = [line.rsplit(",", 1)[0] + "," for line in rows("a", 40)]
    with pytest.raises(
        DatasetError, match=r"of the column pressure every value is missing\. Leave"
    ):
        load(written(tmp_path, empty))


def test_a_column_without_a_name_that_numbers_the_rows_is_no_feature(tmp_path):
    lines = [f"{i},{i % 7}" for i in range(40)]
    data = datasets.load(written(tmp_path, lines, ",level\n"), kind="series", window=4)
    assert data.schema.features == ("level",) and "numbers the rows" in data.notes[0]


def test_more_blocks_than_one_are_one_series(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, "BLOCK", 2**9)
    monkeypatch.setattr(csv_files, "OF_A_COLUMN", 1)
    lines = [f"{i},{i * 0.5},{'ab'[i % 2]}" for i in range(2000)]
    file = written(tmp_path, lines, "t,x,who\n")
    for share in (0.25, 1e-9):  # kept, and read anew at each pass
        data = datasets.load(file, time="t", entity="who", window=5, stride=5, memory_share=share)
        np.testing.assert_array_equal(data.train.batch([1])[0, :, 0], np.arange(5, 10))
    lines[1500] = "1500,high,a"
    with pytest.raises(DatasetError, match="line 1,502, column x: 'high' is no number"):
        datasets.load(written(tmp_path, lines, "t,x,who\n"), time="t", entity="who")
