"""Tables by the names and words of their columns: to arrays and back, or refused."""

import datetime
from collections import OrderedDict, namedtuple

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from zoo.artifact import layout
from zoo.artifact.columns import Column
from zoo.artifact.endpoints import Endpoint, Tensor
from zoo.artifact.reading import Reader
from zoo.artifact.schema import Schema
from zoo.artifact.written import Written
from zoo.errors import InputError
from zoo.runtime import tables
from zoo.runtime.calls import Call
from zoo.runtime.sessions import Sessions

COLUMNS = (
    Column("age", "real", missing=True, center=40.0, scale=10.0),
    Column("city", "categorical", words=("Bergen", "Oslo", "other"), other=2),
    Column("joined", "date", origin=19_000.0, missing=True),
    Column("member", "boolean", words=("no", "yes")),
    Column("visits", "count"),
    Column("size", "ordered", words=("S", "M", "L"), missing=True),
    Column("price", "real", log=True),
    Column("stars", "categorical", words=("1", "2", "3")),
)
ROW = {
    "age": [41],
    "city": ["Oslo"],
    "joined": ["2022-01-10"],
    "member": ["yes"],
    "visits": [3],
    "size": ["L"],
    "price": [9.5],
    "stars": [2],
}


def row(**changes):
    """A table of one row, with changed columns; None leaves one out."""
    return {name: value for name, value in (ROW | changes).items() if value is not None}


@pytest.fixture
def call(tmp_path):
    """A function that makes the call of a graph that answers the rows which it was given."""
    answer = {"numbers": "numbers_mean", "categories": "categories_mode"}

    def make(columns=COLUMNS, name="reconstruct", batch_limit=None, any_missing=False):
        widths = {
            "numbers": ("float32", TensorProto.FLOAT, sum(c.is_number for c in columns)),
            "categories": ("int32", TensorProto.INT32, sum(not c.is_number for c in columns)),
        }
        widths = {name: each for name, each in widths.items() if each[-1]}
        shown = [
            helper.make_tensor_value_info(name, kind, ["batch", width])
            for name, (_, kind, width) in widths.items()
        ]
        given = [helper.make_tensor_value_info(each.name, *_facts(each)) for each in shown]
        answers = [helper.make_tensor_value_info(answer[e.name], *_facts(e)) for e in shown]
        nodes = [
            helper.make_node("Identity", [a.name], [b.name])
            for a, b in zip(given, answers, strict=True)
        ]
        model = helper.make_model(
            helper.make_graph(nodes, "g", given, answers),
            opset_imports=[helper.make_opsetid("", 18)],
            ir_version=8,
        )
        path = tmp_path / layout.graph(name)
        path.parent.mkdir(exist_ok=True)
        onnx.save(model, path)
        tensors = {
            n: Tensor(n, dtype, ("batch", width), missing=any_missing)
            for n, (dtype, _, width) in widths.items()
        }
        answered = tuple(Tensor(answer[n], t.dtype, t.shape) for n, t in tensors.items())
        endpoint = Endpoint(name, tuple(tensors.values()), answered)
        schema = Schema("table", (len(columns),), None, None, columns=columns)
        return Call(endpoint, Sessions(Reader(tmp_path)), batch_limit, schema)

    return make


def _facts(info):
    kind = info.type.tensor_type
    return kind.elem_type, [d.dim_param or d.dim_value for d in kind.shape.dim]


def test_a_row_by_names_is_the_arrays_that_the_graph_takes(call):
    answer = call()(row())
    days = (datetime.date(2022, 1, 10) - datetime.date(1970, 1, 1)).days - 19_000
    np.testing.assert_array_equal(answer.numbers_mean, np.float32([[41, days, 3, 9.5]]))
    np.testing.assert_array_equal(answer.categories_mode, np.int32([[1, 1, 2, 1]]))
    assert answer.numbers_mean.dtype == np.float32 and answer.categories_mode.dtype == np.int32
    assert answer._fields == ("numbers_mean", "categories_mode")
    _, categories = answer
    assert type(answer).__name__ == "Reconstruct" and categories is answer.categories_mode


def test_answers_have_the_table_in_its_order_units_and_words(call):
    table = call()(row()).table
    assert [*table] == [column.name for column in COLUMNS]
    assert table["city"].tolist() == ["Oslo"] and table["stars"].tolist() == ["2"]
    assert table["joined"].tolist() == [datetime.datetime(2022, 1, 10)]
    assert table["joined"].dtype == "datetime64[s]"
    assert table["age"].dtype == table["visits"].dtype == np.float64
    assert table["price"].tolist() == [9.5]


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("age", 41, 41.0),
        ("age", np.float64([41]), 41.0),
        ("age", np.array([41], np.int8), 41.0),
        ("age", np.array(41.0), 41.0),
        ("age", [None], np.nan),
        ("age", [float("nan")], np.nan),
        ("age", None, np.nan),
        ("joined", [datetime.date(2022, 1, 10)], 2.0),
        ("joined", [datetime.datetime(2022, 1, 10, 12)], 2.5),
        ("joined", ["2022-01-10T12:00"], 2.5),
        ("joined", ["2022-01-10T12:00:00+02:00"], 2.5 - 2 / 24),
        ("joined", np.array(["2022-01-10T12"], "datetime64[h]"), 2.5),
        ("joined", [np.datetime64("2022-01-10")], 2.0),
        ("joined", np.array(["NaT"], "datetime64[s]"), np.nan),
        ("joined", [""], np.nan),
        ("visits", [3.0], 3.0),
    ],
)
def test_numbers_and_dates_of_any_type_are_taken(call, column, value, wanted):
    origin = 0.0
    if column == "joined":
        origin = (datetime.date(2022, 1, 8) - datetime.date(1970, 1, 1)).days - 19_000
    answer = call()(row(**{column: value}))
    place = [c.name for c in COLUMNS if c.is_number].index(column)
    np.testing.assert_allclose(answer.numbers_mean[0, place], wanted + origin, rtol=1e-6)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("city", ["nowhere"], 2),
        ("city", np.array(["Bergen"]), 0),
        ("city", " Bergen ", 0),
        ("member", [True], 1),
        ("member", np.array([False]), 0),
        ("stars", [3.0], 2),
        ("stars", ["3"], 2),
        ("stars", np.array([3]), 2),
        ("size", [None], -1),
        ("size", None, -1),
        ("size", ["NA"], -1),
    ],
)
def test_words_are_told_whatever_their_type(call, column, value, code):
    answer = call()(row(**{column: value}))
    place = [c.name for c in COLUMNS if not c.is_number].index(column)
    assert answer.categories_mode[0, place] == code


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"agee": [1]}, r"no column 'agee'; the nearest is 'age'. Rename it or"),
        ({"colour": [1]}, r"no column 'colour'. Leave it out; the \d+ columns are 'age'"),
        (
            {"visits": None},
            r"'visits' is not there, and the model never saw a row without one: the",
        ),
        (
            {"visits": None},
            r"--hidden 0.1\), and any may be missing. What may be missing are 'age'",
        ),
        ({"visits": [1, 2]}, r"differ in their numbers of rows: .*'visits' 2"),
        ({"visits": [1.5]}, r"'visits'\): given 1.5 in row 0, wanted are whole numbers from 0 on"),
        ({"visits": [-1]}, r"given -1 in row 0, wanted are whole numbers"),
        ({"visits": [None]}, r"row 0 is missing, and the model never saw .*\. Give a whole number"),
        ({"price": [0.0]}, r"'price'\): given 0 in row 0, wanted are numbers above 0"),
        ({"age": ["41"]}, r"given '41', str, in row 0; wanted is a number"),
        ({"age": [True]}, r"given True, bool, in row 0; wanted is a number"),
        ({"age": [float("inf")]}, r"given inf in row 0, wanted are numbers that float32 holds"),
        ({"age": [1e39]}, r"given 1e\+39 in row 0, wanted are numbers that float32 holds"),
        ({"age": [[1, 2]]}, r"given \[1, 2\], list, in row 0"),
        ({"age": np.ones((1, 2))}, r"given float64 \[1, 2\], wanted a number for each row"),
        ({"age": np.ma.array([1.0], mask=[True])}, r"given a masked array"),
        ({"joined": ["10.01.2022"]}, r"'10.01.2022' in row 0, which is no date"),
        ({"joined": np.array([3])}, r"given int64, wanted dates"),
        ({"member": ["yess"]}, r"'yess' in row 0 is none of its 2 words; the nearest is 'yes'"),
        ({"member": ["oui"]}, r"'oui' in row 0 is none of its 2 words: 'no', 'yes'\."),
        ({"member": [None]}, r"value of row 0 is missing.* Give True or False"),
        ({"stars": [4]}, r"'4' in row 0 is none of its 3 words"),
        ({"stars": [[4]]}, r"list is no text, number"),
    ],
)
def test_what_is_no_row_is_refused_in_a_sentence(call, changes, sentence):
    with pytest.raises(InputError, match=sentence):
        call()(row(**changes))


def test_where_training_hid_values_any_may_be_missing_or_left_out(call):
    answer = call(any_missing=True)(row(visits=None, city=None, member=[None], price=[np.nan]))
    np.testing.assert_array_equal(answer.numbers_mean[:, 2:], [[np.nan, np.nan]])
    np.testing.assert_array_equal(answer.categories_mode, [[-1, -1, 2, 1]])
    numbers, categories = np.full((1, 4), np.nan), np.full((1, 4), -1)
    answer = call(any_missing=True)(numbers, categories)
    assert np.isnan(answer.numbers_mean).all() and (answer.categories_mode == -1).all()
    with pytest.raises(InputError, match="no column was given"):
        call(any_missing=True)({})


def test_contributions_are_told_by_their_columns():
    outputs = [
        Tensor("elbo", "float32", ("batch",)),
        Tensor("contribution", "float32", ("batch", 8)),
    ]
    schema = Schema("table", (8,), None, None, columns=COLUMNS)
    made = namedtuple("Score", ["elbo", "contribution"])
    score = tables.with_table(Endpoint("score", (), tuple(outputs)), schema, made)
    given = np.arange(16, dtype=np.float32).reshape(2, 8)
    for values in (given, onnxruntime.OrtValue.ortvalue_from_numpy(given)):
        table = score(elbo=None, contribution=values).table
        assert [*table] == [column.name for column in COLUMNS]
        assert table["joined"].tolist() == [2.0, 10.0]


def test_who_gives_a_list_of_rows_is_told_of_a_dict_of_columns(call):
    with pytest.raises(InputError, match=r"A dict of columns, .* or a frame stands for both"):
        call()([ROW, ROW])


def test_a_column_of_one_value_is_of_all_rows(call):
    answer = call()(row(age=[1, 2, 3], **{k: v[0] for k, v in ROW.items() if k != "age"}))
    assert answer.numbers_mean[:, 0].tolist() == [1, 2, 3]
    assert answer.table["city"].tolist() == ["Oslo"] * 3


def test_no_row_has_no_answer_and_many_rows_go_in_parts(call):
    made = call(batch_limit=4)
    assert len(made({name: [] for name in ROW}).numbers_mean) == 0
    table = {name: value * 11 for name, value in ROW.items()}
    assert made(table).numbers_mean.shape == (11, 4)


def test_plain_arrays_are_taken_with_missing_values_where_a_column_may_miss_them(call):
    numbers, categories = np.float32([[np.nan, 5, 3, 1]]), np.int32([[1, 0, -1, 2]])
    answer = call()(numbers=numbers, categories=categories)
    np.testing.assert_array_equal(answer.numbers_mean, numbers)
    np.testing.assert_array_equal(answer.categories_mode, categories)
    assert answer.table["size"].tolist() == [None]
    lists = call()(numbers.tolist(), categories.tolist())
    np.testing.assert_array_equal(lists.numbers_mean, numbers)
    assert np.isnan(numbers[0, 0]) and categories[0, 2] == -1  # what was given is left alone


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (("numbers", 2), np.nan, r"'visits': a value is missing in row 0"),
        (("numbers", 2), 0.5, r"'visits': given 0.5 in row 0, wanted are whole numbers"),
        (("numbers", 3), -1.0, r"'price': given -1 in row 0, wanted are numbers above 0"),
        (("numbers", 0), np.inf, r"inf at \[0, 0\]; every value must be finite"),
        (("categories", 0), 3, r"'city': given 3 in row 0, wanted are codes from 0 to 2"),
        (("categories", 0), -2, r"'city': given -2 in row 0"),
        (("categories", 1), -1, r"'member': a value is missing in row 0"),
    ],
)
def test_plain_arrays_that_are_no_rows_are_refused(call, place, value, sentence):
    given = {"numbers": np.float32([[1, 5, 3, 1]]), "categories": np.int32([[1, 0, 2, 2]])}
    given[place[0]][0, place[1]] = value
    with pytest.raises(InputError, match=sentence):
        call()(**given)


def test_numbers_of_any_dtype_are_taken_and_other_shapes_are_refused_as_everywhere(call):
    found = call()(numbers=np.array([[np.nan, 5, 3, 1]]), categories=np.int64([[0, 0, 0, 0]]))
    np.testing.assert_array_equal(found.numbers_mean, np.float32([[np.nan, 5, 3, 1]]))
    with pytest.raises(InputError, match=r"given shape \[1, 3\], wanted float32 \[batch, 4\]"):
        call()(numbers=np.ones((1, 3), np.float32), categories=np.int32([[0, 0, 0, 0]]))


def test_a_table_of_numbers_or_of_words_alone_has_one_input(call):
    numbers = call((COLUMNS[0], COLUMNS[4]))({"age": [1], "visits": [2]})
    assert numbers._fields == ("numbers_mean",)
    assert {name: each.tolist() for name, each in numbers.table.items()} == {
        "age": [1.0],
        "visits": [2.0],
    }


def test_a_mapping_of_any_class_and_whatever_has_columns_is_a_table(call):
    class Frame:
        columns = tuple(ROW)

        def __getitem__(self, name):
            return np.asarray(ROW[name])

    for given in (OrderedDict(ROW), Frame()):
        assert call()(given).table["city"].tolist() == ["Oslo"]


def test_a_pandas_and_a_polars_frame_are_tables(call):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    table = {k: v * 2 for k, v in ROW.items()}
    table["age"] = [None, 3]
    table["joined"] = [datetime.datetime(2022, 1, 8), None]
    frame = pandas.DataFrame(table).astype({"visits": "Int64", "city": "category"})
    for given in (frame, polars.DataFrame(table)):
        answer = call()(given)
        np.testing.assert_array_equal(answer.numbers_mean[:, 0], [np.nan, 3])
        assert np.isnan(answer.numbers_mean[1, 1]) and answer.numbers_mean[0, 1] == 0
        assert answer.table["city"].tolist() == ["Oslo"] * 2


def test_draws_of_counts_are_whole_and_means_are_not():
    columns = (Column("visits", "count"),)
    schema = Schema("table", (1,), None, None, columns=columns)
    for name, dtype in (("numbers", np.int64), ("numbers_mean", np.float64)):
        endpoint = Endpoint("generate", (), (Tensor(name, "float32", ("batch", 1)),))
        made = tables.with_table(endpoint, schema, namedtuple("Generate", [name]))
        assert made(np.float32([[2.0]])).table["visits"].dtype == dtype


def test_there_and_back_is_what_was_given():
    """Dates to the second and numbers to float32, over what a date may be."""
    random = np.random.default_rng(0)
    seconds = random.integers(0, 10**9, 100).astype("datetime64[s]")
    columns = (Column("when", "date", origin=9000.0), Column("n", "real", origin=1e9))
    given = {"when": seconds, "n": 1e9 + random.integers(0, 1000, 100)}
    back = tables.table_of(
        tables.arrays_of("score", given, columns)["numbers"], None, columns, drawn=True
    )
    assert np.abs((back["when"] - seconds).astype(int)).max() <= 60 * 60 * 24 * 9000 * 2.0**-24
    np.testing.assert_array_equal(back["n"], given["n"])


def test_dates_of_whole_days_are_answered_as_the_nearest_day_without_a_time():
    columns = (Column("on", "date", origin=19_000.0, spacing=1.0),)
    numbers = np.float32([[2.49], [2.51], [-0.5001], [4e7], [np.nan]])
    found = tables.table_of(numbers, None, columns, drawn=True)["on"]
    assert found.dtype == "datetime64[D]"
    first = np.datetime64(19_000, "D")
    wanted = np.array([first + 2, first + 3, first - 1, "NaT", "NaT"], "datetime64[D]")
    np.testing.assert_array_equal(found, wanted)
    back = tables.arrays_of("score", {"on": found[:3]}, columns)["numbers"]
    np.testing.assert_array_equal(back, [[2.0], [3.0], [-1.0]])


def test_a_number_that_is_text_is_refused_with_the_unit_that_is_wanted():
    columns = (Column("price", "real", unit="€"),)
    with pytest.raises(
        InputError, match=r"given '€12.30', str, in row 0; wanted is a number, in €"
    ):
        tables.arrays_of("score", {"price": ["€12.30"]}, columns)


def test_the_frame_that_was_trained_on_is_taken_with_all_its_columns():
    """What the model knows nothing of may stay in it: identifiers, the label; nothing else may."""
    left_out = ("order id", "returned")
    given = row() | {"order id": ["A1"], "returned": [None]}
    found = tables.arrays_of("score", given, COLUMNS, left_out)
    wanted = tables.arrays_of("score", row(), COLUMNS)
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], values)
    with pytest.raises(InputError, match="no column 'order-id'"):
        tables.arrays_of("score", row() | {"order-id": ["A1"]}, COLUMNS, left_out)


@pytest.mark.parametrize("words", [("False", "True"), ("false", "true"), ("no", "yes")])
def test_true_and_false_come_back_as_such_and_go_in_again(words):
    columns = (Column("returned", "boolean", words=words, missing=True),)
    codes = np.int32([[1], [0], [1]])
    back = tables.table_of(None, codes, columns, drawn=True)["returned"]
    if "yes" in words:
        assert list(back) == ["yes", "no", "yes"]
    else:
        assert back.dtype == bool and list(back) == [words[c[0]].lower() == "true" for c in codes]
    found = tables.arrays_of("score", {"returned": back}, columns)["categories"]
    np.testing.assert_array_equal(found, codes)
    gap = tables.table_of(None, np.int32([[-1], [0]]), columns, drawn=True)["returned"]
    assert gap[0] is None and gap[1] in (words[0], words[0].lower() == "true")


PRICES = (
    Column("price", "real", unit="€", missing=True, written=Written(for_people=True, sign="€")),
    Column("weight", "real", unit="kg", written=Written(comma=True, missing=("-",)), missing=True),
    Column("on", "date", origin=19_000.0, written=Written(date="day.month.year")),
    Column("grade", "categorical", words=("1", "2"), missing=True, written=Written(missing=("-",))),
)


def test_text_is_a_number_or_a_date_as_the_training_table_wrote_it():
    given = {
        "price": ["€1,234.50", "-€ 2", None, 3.5],
        "weight": np.array(["1.000,5", "-", "12", "NaN"]),
        "on": ["8.1.2022", "09.01.2022 12:00", "2022-01-10", datetime.date(2022, 1, 11)],
        "grade": ["1", "-", 2, "1"],
    }
    found = tables.arrays_of("score", given, PRICES)
    np.testing.assert_array_equal(
        found["numbers"].T,
        np.float32([[1234.5, -2, np.nan, 3.5], [1000.5, np.nan, 12, np.nan], [0, 1.5, 2, 3]]),
    )
    assert found["categories"][:, 0].tolist() == [0, -1, 1, 0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"price": ["€1", "$12.30"]},
            r"score\('price'\): given '\$12.30', str, in row 1; wanted is a number, in €, or text "
            r"written as in the training table \(€, a decimal point\)",
        ),
        ({"price": ["€1", "12.30"]}, r"'price'\): given '12.30', str, in row 1"),
        ({"weight": ["1,5", "12.5"]}, r"'weight'\): given '12.5', str, in row 1.* decimal comma\)"),
        ({"on": ["8.1.2022", "31.2.2022"]}, r"'31.2.2022' in row 1.* written as day.month.year"),
    ],
)
def test_text_that_is_written_otherwise_is_refused_by_row_and_column(change, sentence):
    given = {"price": [1, 2], "weight": [1, 2], "on": ["8.1.2022"] * 2, "grade": [1, 2]}
    with pytest.raises(InputError, match=sentence):
        tables.arrays_of("score", given | change, PRICES)
