"""Numbers of examples besides: carried wherever examples go, refused where they do not fit."""

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets.properties import identifier, with_properties
from zoo.errors import DatasetError


@pytest.fixture
def data():
    x = np.random.default_rng(0).random((40, 5)).astype("float32")
    return datasets.from_arrays(x[:30], x_test=x[30:])


def test_they_follow_their_examples(data):
    first = {"sum": np.asarray(data.train.images).sum(1)}
    made = with_properties(data, first, {"sum": np.asarray(data.test.images).sum(1)})
    part = datasets.binarize(made, "none").train.subset([4, 2, 9])
    np.testing.assert_allclose(part.condition("properties")[:, 0], part.examples([0, 1, 2]).sum(1))
    rest, held = datasets.binarize(made, "none").train.cut(0.3, 0)
    for split in (rest, held):
        x, y = split.inputs(slice(None), ("properties",))
        np.testing.assert_allclose(x.sum(1), y[:, 0], rtol=1e-5)
    ((x, y),) = rest.training_batches(7, 0, conditions=("properties",))[1]
    np.testing.assert_allclose(x.sum(1), y[:, 0], rtol=1e-5)


def test_other_numbers_are_other_data(data):
    zeros, ones = ({"p": np.full(30, value)} for value in (0.0, 1.0))
    test = {"p": np.zeros(10)}
    marks = {
        datasets.binarize(each, "none").train.fingerprint()
        for each in (data, with_properties(data, zeros, test), with_properties(data, ones, test))
    }
    assert len(marks) == 3


@pytest.mark.parametrize(
    ("train", "test", "said"),
    [
        ({}, {}, "none"),
        ({"p": np.zeros(30)}, {"q": np.zeros(10)}, "both the same"),
        ({"p": np.zeros(29)}, {"p": np.zeros(10)}, r"shape \[29\]"),
        ({"p": np.zeros(30)}, {"p": np.full(10, np.inf)}, "infinite"),
        ({"p": ["tall"] * 30}, {"p": np.zeros(10)}, "could not convert"),
        (
            {"a b": np.zeros(30), "a_b": np.zeros(30)},
            {"a b": [0] * 10, "a_b": [0] * 10},
            "same name",
        ),
    ],
)
def test_what_does_not_fit_is_refused(data, train, test, said):
    with pytest.raises(DatasetError, match=said):
        with_properties(data, train, test)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("logP", "logP"),
        ("boiling point/K", "boiling_point_K"),
        ("2nd", "_2nd"),
        ("µ", "µ"),
        ("-", "property"),
    ],
)
def test_a_name_becomes_an_identifier(given, wanted):
    assert identifier(given) == wanted
