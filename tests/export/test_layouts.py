"""Layout changes around the latents of a hierarchy: the passes, and what is left in a model."""

import collections

import keras
import pytest
from onnx_graphs import assert_same, model_of, node, random, shape

from zoo import catalog
from zoo.export.onnx_graph import layouts, passes
from zoo.export.source import Source

FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul", "Div"])
@pytest.mark.parametrize("swapped", [False, True])
def test_what_is_turned_and_turned_back_is_left_and_the_other_turned(kind, swapped):
    nodes = [
        node("Transpose", "x", "t", perm=LAST),
        node("Softplus", "x", "s"),
        node("Reshape", "s other", "o"),  # of x's values in another order: not its transpose
        node(kind, "o t" if swapped else "t o", "m"),
        node("Transpose", "m", "y", perm=FIRST),
    ]
    model = model_of(nodes, (2, 3, 5), other=shape(-1, 3, 5, 2))
    assert_same(model, (2, 3, 5), ["Softplus", "Reshape", "Transpose", kind], any_order=True)


def test_what_is_turned_twice_is_turned_once():
    nodes = [
        node("Reshape", "x grid", "g"),
        node("Transpose", "g", "first", perm=FIRST),
        node("Sigmoid", "g", "s"),
        node("Mul", "g s", "silu"),
        node("Transpose", "silu", "second", perm=FIRST),
        node("Conv", "second w", "c"),
        node("Add", "first c", "y"),
    ]
    model = model_of(nodes, (30,), grid=shape(-1, 2, 3, 5), w=random(5, 5, 1, 1))
    assert_same(model, (30,), ["Reshape", "Transpose", "Sigmoid", "Mul", "Conv", "Add"])


def test_what_is_read_untransposed_besides_is_turned_where_it_was():
    nodes = [
        node("Reshape", "x grid", "g"),
        node("Transpose", "g", "first", perm=FIRST),
        node("Sigmoid", "g", "s"),
        node("Transpose", "s", "second", perm=FIRST),
        node("Mul", "first second", "m"),
        node("ReduceSum", "s all", "total", keepdims=1),
        node("Mul", "m total", "y"),
    ]
    model = model_of(nodes, (30,), grid=shape(-1, 2, 3, 5), all=shape(1, 2, 3))
    assert not layouts.turned_twice(passes.Graph(model))


@pytest.mark.parametrize("perm", [FIRST, LAST, (0, 1, 3, 2)])
@pytest.mark.parametrize("first", [0, 7])
def test_columns_that_are_turned_are_taken_in_that_order(perm, first):
    nodes = [
        node("Slice", "x starts ends axes", "s"),
        node("Reshape", "s grid", "g"),
        node("Transpose", "g", "y", perm=perm),
    ]
    ends = shape(2**31 - 1, first + 30)
    constants = {"starts": shape(0, first), "ends": ends, "axes": shape(0, 1)}
    model = model_of(nodes, (40,), grid=shape(-1, 2, 3, 5), **constants)
    assert_same(model, (40,), ["Gather", "Reshape"])


@pytest.mark.parametrize(("starts", "ends"), [((1, 0), (2**31 - 1, 30)), ((0, 0), (4, 30))])
def test_a_slice_that_leaves_out_rows_stays(starts, ends):
    nodes = [
        node("Slice", "x starts ends axes", "s"),
        node("Reshape", "s grid", "g"),
        node("Transpose", "g", "y", perm=FIRST),
    ]
    constants = {"starts": shape(*starts), "ends": shape(*ends), "axes": shape(0, 1)}
    model = model_of(nodes, (40,), grid=shape(-1, 2, 3, 5), **constants)
    assert_same(model, (40,), ["Slice", "Reshape", "Transpose"])


@pytest.mark.slow
@pytest.mark.parametrize(("posteriors", "encoded"), [("absolute", 9), ("relative", 4)])
def test_a_hierarchy_changes_layout_where_pictures_and_latents_come_and_go(posteriors, encoded):
    """Of colour pictures and groups of 2 channels, where no layout change is a reshape."""
    keras.utils.set_random_seed(0)
    tiny = {"groups": (1, 2, 1), "top": 3, "channels": 2, "filters": (4, 5), "dense": 6}
    given = {"likelihood": "normal", "posteriors": posteriors}
    model = catalog.hierarchical_vae((8, 8, 3), **given, **tiny)
    wanted = ("encode", "decode", "generate")
    contract = {name: each for name, each in model.endpoints().items() if name in wanted}
    found = {
        name: collections.Counter(node.op_type for node in graph.graph.node)["Transpose"]
        for name, graph in Source(model, contract, None).graphs.items()
    }
    # x_mean is turned; z comes in the order of the places, and is taken in another. x is turned,
    # and so are the parameters of posteriors, and of the priors that absolute ones are compared
    # with.
    assert found == {"decode": 1, "generate": 1, "encode": encoded}
