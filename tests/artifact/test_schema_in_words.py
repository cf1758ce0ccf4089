"""A schema as sentences: what `zoo info` and the card say of an example."""

from zoo.artifact import schema_in_words
from zoo.artifact.columns import Column
from zoo.artifact.schema import Schema


def test_a_table_is_said_column_by_column():
    columns = (
        Column("age", "real", unit="years", missing=True, low=17.0, high=90.5),
        Column("income", "real", log=True),
        Column("city", "categorical", words=("Bergen", "Oslo", "other"), other=2),
        Column("joined", "date", origin=19000.0, low=18993.0, high=19358.5),
        Column("odd\nname", "boolean", words=("no", "yes")),
        Column("far", "date", low=0.0, high=1e12),
    )
    schema = Schema("table", (6,), None, None, classes=("a", "b"), columns=columns)
    assert schema_in_words.sentences(schema) == [
        "An example is a row of a table of 6 columns.",
        "age: real, in years, from 17 to 90.5; may be missing.",
        "income: real, by its logarithm.",
        "city: categorical, Bergen, Oslo, other, any other word is other.",
        "joined: date, from 2022-01-01 to 2023-01-01.",
        "odd?name: boolean, no, yes.",
        "far: date, from 1970-01-01 to day 1e+12.",
        "Its classes are a, b.",
    ]


def test_of_a_wide_table_the_first_columns_are_said_and_of_many_words_the_first():
    words = tuple(f"w{number}" for number in range(30))
    columns = tuple(Column(f"c{number}", "categorical", words=words) for number in range(50))
    said = schema_in_words.sentences(Schema("table", (50,), None, None, columns=columns))
    assert len(said) == 42 and said[-1] == "And 10 columns more."
    assert said[1].endswith("w19 and 10 more.")
