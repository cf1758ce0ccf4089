"""`--properties`: what RDKit computes, or a column of the user's table, for each string."""

import types

import numpy as np
import pytest

from zoo import datasets
from zoo.errors import DatasetError, InputError
from zoo.recipe import kinds, properties

ROWS = [("CCO", "1"), ("CCC", ""), ("CCN", "3"), ("CCO", "2"), ("C", "x"), ("OC", "-4e-1")]
ROWS += [("C" * length, str(length)) for length in range(4, 12)]


@pytest.fixture
def table(tmp_path):
    lines = ["smiles,boiling point", *(",".join(row) for row in ROWS)]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines))
    return path


def config(dataset, names, column="smiles", **others):
    given = {"kind": "auto", "time": None, "entity": None, "window": None, "stride": None}
    given |= {"tokenizer": "auto", "property_weight": 1.0, "latent": 2}
    return types.SimpleNamespace(
        dataset=str(dataset), properties=names, column=column, **given | others
    )


def test_a_column_goes_to_its_strings(table):
    pytest.importorskip("rdkit")
    data = datasets.load(table, column="smiles", tokenizer="smiles")
    made, reasons = properties.attached(config(table, ("boiling point",)), data)
    assert made.properties == ("boiling_point",) and "a column" in reasons[0].why
    wanted = {"CCC": np.nan, "CCN": 3.0, "CCO": 1.5, "C": np.nan, "OC": -0.4}  # twice: the mean
    wanted |= {"C" * length: float(length) for length in range(4, 12)}
    for split in (made.train, made.test):
        for row, value in zip(split.images, split.properties[:, 0], strict=True):
            text = made.schema.vocabulary.text(row.tolist())
            np.testing.assert_allclose(value, wanted[text], equal_nan=True, rtol=1e-6)


def test_what_rdkit_computes_is_asked_of_it(table):
    pytest.importorskip("rdkit")
    data = datasets.load(table, column="smiles")
    made, _ = properties.attached(config(table, ("weight",)), data)
    texts = [made.schema.vocabulary.text(row.tolist()) for row in made.test.images]
    for text, value in zip(texts, made.test.properties[:, 0], strict=True):
        if set(text) == {"C"}:  # an alkane
            assert value == pytest.approx(
                12.011 * len(text) + 1.008 * (2 * len(text) + 2), abs=1e-2
            )
    head = properties.head(config(table, ("weight",)), made)["property_head"]
    assert head.names == ("weight",) and head.means[0] == pytest.approx(
        float(made.train.properties.mean()), rel=1e-6
    )


def test_words_have_none_of_rdkits(table):
    data = datasets.load(table, column="smiles", tokenizer="characters")
    with pytest.raises(InputError, match=r"logP: unknown; there are smiles, boiling point\.$"):
        properties.attached(config(table, ("logP",)), data)


@pytest.mark.parametrize(
    ("names", "said"),
    [(("boilingpoint",), "Did you mean boiling point"), (("width",), "there are smiles")],
)
def test_an_unknown_one_is_refused_with_those_there_are(table, names, said):
    data = datasets.load(table, column="smiles")
    with pytest.raises(InputError, match=said):
        properties.attached(config(table, names), data)


def test_a_column_without_numbers_is_refused(table):
    data = datasets.load(table, column="smiles")
    with pytest.raises(DatasetError, match="holds no number"):
        properties.attached(config(table, ("smiles",)), data)


def test_of_pictures_there_are_none():
    with pytest.raises(InputError, match="of strings alone"):
        properties.attached(config("digits", ("logP",)), datasets.load("digits"))


def test_a_table_whose_column_of_strings_is_named_is_not_refused_as_a_table(table):
    assert kinds.foreseen(config(table, ())) is None
    assert kinds.foreseen(config(table, (), column=None)) == kinds.TABLE
    with pytest.raises(InputError, match="--column NAME"):
        kinds.require("molecule_vae", kinds.TABLE, config(table, (), column=None))
