"""What the data decides: likelihood and binarization by its schema, and the reasons said."""

import numpy as np
import pytest

from zoo.artifact.schema import STROKES
from zoo.datasets import Dataset, Schema, Split
from zoo.recipe import choices

INK = Schema("image", (4, 4, 1), spacing=1 / 16, ink=True)
GREY = Schema("image", (4, 4, 1), spacing=1 / 255, uint8=True)
COLOUR = Schema("image", (4, 4, 3), spacing=1 / 255, uint8=True)
MASKS = Schema("image", (4, 4, 1), spacing=1.0)
FRACTIONS = Schema("vector", (4,))
SERIES = Schema("sequence", (4, 3))
DRAWINGS = Schema("sequence", (4, 3), None, None, features=STROKES)


def data(schema):
    """Of 40 examples: a quarter of the values lowest, a quarter highest, half between."""
    values = np.resize(np.array([0, 255, 100, 200], np.uint8), (40, *schema.shape))
    return Dataset("made", Split(values), Split(values), schema, "made", "none", "all")


@pytest.mark.parametrize(
    ("schema", "likelihood", "binarization"),
    [
        (INK, "bernoulli", "dynamic"),
        (GREY, "discretized_logistic", "none"),
        (COLOUR, "discretized_logistic", "none"),
        (MASKS, "bernoulli", "none"),
        (FRACTIONS, "normal", "none"),
        (SERIES, "normal", "none"),
        (DRAWINGS, "strokes", "none"),
    ],
)
def test_the_schema_decides_and_says_why(schema, likelihood, binarization):
    found = choices.likelihood("auto", data(schema))
    assert (found.what, found.value) == ("likelihood", likelihood) and found.why
    drawn = choices.binarization("auto", data(schema), found.value)
    assert (drawn.what, drawn.value) == ("binarization", binarization) and drawn.why


def test_what_is_not_binarized_says_how_much_lies_between():
    assert choices.binarization("auto", data(GREY), "normal").why.startswith("50% of the values")


def test_what_is_asked_for_is_taken():
    assert choices.likelihood("laplace", data(INK)).value == "laplace"
    assert choices.binarization("static", data(GREY), "bernoulli").value == "static"


@pytest.mark.parametrize("likelihood", ["normal", "discretized_logistic", "continuous_bernoulli"])
def test_ink_that_is_described_as_grey_is_not_binarized(likelihood):
    assert choices.binarization("auto", data(INK), likelihood).value == "none"
