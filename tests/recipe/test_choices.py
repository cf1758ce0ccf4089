"""What the data decides: likelihood and binarization by its schema, and the reasons said."""

import dataclasses
import types

import numpy as np
import pytest
import tables

from zoo.artifact.schema import STROKES
from zoo.datasets import Dataset, Schema, Split
from zoo.errors import InputError
from zoo.objectives import ELBO, FreeBits
from zoo.recipe import choices, options

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
        (tables.schema(), "columns", "none"),
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


def test_sequences_leave_recurrent_models_free_nats_unless_something_was_asked():
    def config(**given):
        asked = {"objective": "auto", "anneal": "none", "beta": 1.0} | given
        return types.SimpleNamespace(**asked)

    found = choices.objective(config(), data(SERIES))["objective"]
    assert isinstance(found, FreeBits) and found.nats == choices.FREE_NATS
    assert choices.objective(config(), data(GREY)) == {}
    for asked in ({"objective": "elbo"}, {"anneal": "linear"}, {"beta": 0.5}):
        assert choices.objective(config(**asked), data(SERIES)) == {}


def test_an_objective_that_the_data_settles_is_the_bound_until_then():
    @dataclasses.dataclass(frozen=True)
    class Config(options.VAE):
        objective: str = "auto"

    assert isinstance(options.objective(Config()), ELBO)
    assert options.objective(Config(beta=0.5)).beta == 0.5
    with pytest.raises(InputError, match=r"free_bits=0\.5 is an option of the objective free_bits"):
        options.objective(Config(free_bits=0.5))


def photographs(count, shape=(64, 64, 3), **schema):
    """Of which the training split alone matters."""
    schema = Schema("image", shape, **({"spacing": 1 / 255, "uint8": True} | schema))
    split = Split(np.zeros((count, *shape), np.uint8))
    return Dataset("made", split, split, schema, "made", "none", "all")


def test_few_photographs_are_augmented_and_it_is_said_why():
    reason, names = choices.augmentation(None, photographs(999))
    assert names == ("flip", "shift") and reason.value == "flip shift"
    assert reason.why.startswith("999 pictures in colour are few")


@pytest.mark.parametrize(
    "given",
    [
        photographs(1000),
        photographs(99, (64, 64, 1)),  # writing or faces, maybe
        photographs(99, (16, 31, 3)),  # icons
        photographs(99, spacing=None, uint8=False),
        data(SERIES),
    ],
)
def test_nothing_else_is_augmented_unasked(given):
    assert choices.augmentation(None, given) == (None, ())


def test_the_augmentation_that_was_asked_for_is_taken():
    assert choices.augmentation(("flip",), photographs(9))[1] == ("flip",)
    reason, names = choices.augmentation((), photographs(9))
    assert names == () and (reason.value, reason.why) == ("none", "as asked")
