"""Graphs as GPU runtimes like them: few nodes, known shapes, one change of layout a side."""

import collections

import onnx
import pytest
from onnx import numpy_helper
from onnx_graphs import assert_same, model_of, node, random, shape

from zoo import catalog
from zoo.artifact.endpoints import HALF
from zoo.export import onnx as writer
from zoo.export.onnx_graph import passes

COMPUTED_SHAPES = {"Shape", "Gather", "Slice", "Concat", "Size", "ConstantOfShape", "Squeeze"}
THREEFRY = {"BitShift", "BitwiseXor", "BitwiseOr"}


def swishes(n):
    """The operators of n activations x * sigmoid(x) in a float32 graph."""
    return dict.fromkeys(("Neg", "Exp", "Add", "Div"), n)


@pytest.fixture(scope="module")
def graphs(artifact):
    """{endpoint: its graph}."""
    return {path.stem: onnx.load(path).graph for path in (artifact / "onnx").glob("*.onnx")}


@pytest.fixture(scope="module")
def colour(tmp_path_factory):
    """{endpoint: its graph} of a model of three channels, where no layout change is a reshape."""
    folder = tmp_path_factory.mktemp("colour")
    model = catalog.conv_vae((8, 8, 3), latent=3, filters=(4, 8), dense=16, likelihood="normal")
    writer.write(model, model.endpoints(), folder)
    return {path.stem: onnx.load(path).graph for path in folder.glob("onnx/*.onnx")}


def count(graph):
    return collections.Counter(node.op_type for node in graph.node)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["graphs", "colour"])
def test_nothing_is_dead_copied_twice_or_does_nothing(kind, request):
    for name, graph in request.getfixturevalue(kind).items():
        read = {value.name for value in graph.output}
        read.update(each for node in graph.node for each in node.input)
        given = [each.name for each in (*graph.input, *graph.initializer)]
        given += [each for node in graph.node for each in node.output]
        assert set(given) <= read and len(given) == len(set(given)), name
        weights = [numpy_helper.to_array(each) for each in graph.initializer]
        large = [(each.dtype, each.shape, each.tobytes()) for each in weights if each.size > 64]
        assert len(set(large)) == len(large), name
        assert not {"Identity", "Dropout"} & set(count(graph)), name


def test_no_shape_is_computed_but_in_generate(graphs):
    for name in ("encode", "decode", "reconstruct", "score"):
        assert not COMPUTED_SHAPES & set(count(graphs[name])), name


def test_images_of_one_channel_need_no_transpose(graphs):
    for name, graph in graphs.items():
        assert count(graph)["Transpose"] == 0, name


def test_a_convolutional_endpoint_changes_layout_once_on_its_way_in_and_once_out(colour):
    found = {name: count(graph)["Transpose"] for name, graph in colour.items() if HALF not in name}
    assert found == {"encode": 1, "decode": 1, "generate": 1, "reconstruct": 2, "score": 2}


def test_the_operators_of_decode_are_those_of_its_layers(graphs):
    # Two dense layers and a transposed convolution, each a swish; grid, image, probability.
    assert count(graphs["decode"]) == {
        "Gemm": 2,
        "ConvTranspose": 1,
        "Conv": 1,
        "DepthToSpace": 1,
        "Reshape": 2,
        "Sigmoid": 1,
        **swishes(3),
    }


def test_the_operators_of_encode_are_those_of_its_layers(graphs):
    # Two convolutions and a dense layer, each a swish; two heads, one of them clipped.
    assert count(graphs["encode"]) == {
        "Conv": 2,
        "Gemm": 3,
        "Reshape": 2,
        **swishes(3),
        "Min": 1,
        "Max": 1,
    }


def test_the_fixed_noise_of_score_is_a_constant(graphs):
    assert not THREEFRY & set(count(graphs["score"])) and THREEFRY <= set(count(graphs["generate"]))
    noise = [each for each in graphs["score"].initializer if tuple(each.dims) == (1, 16, 3)]
    assert len(noise) == 1


@pytest.mark.slow
def test_two_exports_of_one_model_are_equal_to_the_last_bit(trained, artifact, tmp_path):
    writer.write(trained.model, trained.model.endpoints(), tmp_path)
    for path in (artifact / "onnx").iterdir():
        assert path.read_bytes() == (tmp_path / "onnx" / path.name).read_bytes(), path.name


# --- the passes, on graphs made for them -----------------------------------------------------


@pytest.mark.parametrize("perm", [(0, 2, 3, 1), (0, 3, 1, 2), (0, 1, 3, 2), (0, 3, 2, 1)])
def test_a_transpose_before_a_dense_layer_goes_into_its_rows(perm):
    nodes = [
        node("Transpose", "x", "t", perm=perm),
        node("Reshape", "t flat", "f"),
        node("MatMul", "f w", "y"),
    ]
    model = model_of(nodes, (2, 3, 5), flat=shape(-1, 30), w=random(30, 7))
    assert_same(model, (2, 3, 5), ["Reshape", "MatMul"])


@pytest.mark.parametrize("perm", [(0, 2, 3, 1), (0, 3, 1, 2), (0, 1, 3, 2), (0, 3, 2, 1)])
def test_a_transpose_after_a_dense_layer_goes_into_its_columns_and_bias(perm):
    nodes = [
        node("MatMul", "x w", "m"),
        node("Add", "m b", "a"),
        node("Sigmoid", "a", "s"),
        node("Mul", "a s", "silu"),
        node("Reshape", "silu grid", "g"),
        node("Transpose", "g", "y", perm=perm),
    ]
    constants = {"w": random(7, 30), "b": random(30), "grid": shape(-1, 2, 3, 5)}
    assert_same(model_of(nodes, (7,), **constants), (7,), ["Gemm", "Sigmoid", "Mul", "Reshape"])


def test_a_transpose_stays_where_somebody_else_reads_the_dense_layer():
    nodes = [
        node("MatMul", "x w", "m"),
        node("Reshape", "m grid", "g"),
        node("Transpose", "g", "t", perm=(0, 3, 1, 2)),
        node("ReduceSum", "m last", "total", keepdims=0),
        node("ReduceSum", "t all", "sum", keepdims=0),
        node("Mul", "total sum", "y"),
    ]
    constants = {"w": random(7, 30), "grid": shape(-1, 2, 3, 5)}
    constants |= {"last": shape(1), "all": shape(1, 2, 3)}
    before = passes.Graph(model_of(nodes, (7,), **constants))
    assert not passes.layout_after_dense(before)


def test_a_transpose_that_moves_the_batch_stays():
    nodes = [
        node("Transpose", "x", "t", perm=(1, 0, 2)),
        node("Reshape", "t flat", "f"),
        node("MatMul", "f w", "y"),
    ]
    model = model_of(nodes, (2, 3), flat=shape(-1, 3), w=random(3, 7))
    assert_same(model, (2, 3), ["Transpose", "Reshape", "MatMul"])


def test_a_computed_shape_with_one_free_size_becomes_a_constant():
    nodes = [
        node("Shape", "x", "s"),
        node("Slice", "s zero one", "batch"),
        node("Concat", "batch rest", "target", axis=0),
        node("Reshape", "x target", "y"),
    ]
    model = model_of(nodes, (2, 3), zero=shape(0), one=shape(1), rest=shape(6))
    assert_same(model, (2, 3), ["Reshape"])
