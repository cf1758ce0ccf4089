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
from zoo.recipe import choices, options, shipped

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


def settled(given, **asked):
    """(latent, dense, prior) of `conv_vae` over the data, and the names of what was chosen."""
    config = shipped.load("conv_vae").Config(**asked)
    found, reasons = choices.convolutional(config, given)
    return (found.latent, found.dense, found.prior), [each.what for each in reasons]


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((64, 64, 3), 8 * 8 * 4),
        ((50, 33, 1), 7 * 5 * 4),
        ((128, 128, 3), 8 * 8 * 8),
        ((256, 100, 3), 8 * 4 * 16),
    ],
)
def test_latents_of_large_photographs_keep_their_places_beside_a_vampprior(shape, wanted):
    found, reasons = settled(photographs(9, shape))
    assert found == (wanted, 0, "vampprior") and reasons == ["latents", "prior"]


@pytest.mark.parametrize(
    "given",
    [
        photographs(9, (28, 28, 1)),
        photographs(9, (32, 32, 3)),
        photographs(9, (105, 105, 1), spacing=1 / 16, uint8=False, ink=True),
    ],
)
def test_small_pictures_and_writing_have_a_vector_of_32_latents(given):
    assert settled(given) == ((32, 512, "standard"), [])


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"dense": 64}, (32, 64, "standard")),
        ({"latent": 128}, (128, 0, "vampprior")),
        ({"latent": 100}, (100, 512, "standard")),  # none of 8x8 places
        ({"prior": "flow"}, (256, 0, "flow")),
        ({"posterior": "laplace"}, (256, 0, "standard")),
        ({"posterior": "full_normal"}, (32, 512, "standard")),
        ({"objective": "capacity"}, (256, 0, "standard")),
        ({"filters": (8, 8)}, (16 * 16 * 2, 0, "vampprior")),
    ],
)
def test_what_was_asked_of_latents_is_taken(asked, wanted):
    assert settled(photographs(9), **asked)[0] == wanted


@pytest.mark.parametrize(
    ("given", "asked", "wanted", "why"),
    [
        (data(INK), {}, "relative", "ink"),
        (data(MASKS), {}, "relative", "ink"),
        (data(GREY), {}, "absolute", "levels"),
        (data(INK), {"likelihood": "discretized_logistic"}, "absolute", "levels"),
        (data(COLOUR), {"posteriors": "relative"}, "relative", None),
        (data(INK), {"posteriors": "absolute"}, "absolute", None),
    ],
)
def test_posteriors_of_groups_are_relative_to_their_priors_of_ink_alone(given, asked, wanted, why):
    config = shipped.load("hierarchical_vae").Config(**asked)
    found, reasons = choices.hierarchical(config, given)
    assert found.posteriors == wanted
    assert [(each.value, why in each.why) for each in reasons] == ([(wanted, True)] if why else [])
