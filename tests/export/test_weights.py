"""Weights lie outside of the graphs, each once, where any ONNX Runtime finds them."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import ExternalDataInfo, uses_external_data
from publishing import make_here

import zoo
from zoo import catalog
from zoo.artifact import layout
from zoo.datasets import Dataset, Schema, Split, binarize
from zoo.export.onnx_graph.weights import WeightsFile, move_out

FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16}


def constants(graph):
    """Those of a graph and of all that are nested in it."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from constants(inner)


def graphs(folder, ending=".onnx"):
    """{file name: graph without its weights}."""
    return {
        path.name: onnx.load(path, load_external_data=False).graph
        for path in (folder / "onnx").glob(f"*{ending}")
    }


def bytes_of(tensor):
    """Of a constant, by its dtype and shape."""
    dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    return int(np.prod(tensor.dims)) * dtype.itemsize


def places(folder):
    """{file of weights: {(offset, length)}} that graphs state."""
    found = {}
    for graph in graphs(folder).values():
        for tensor in filter(uses_external_data, constants(graph)):
            info = ExternalDataInfo(tensor)
            assert bytes_of(tensor) == int(info.length)
            found.setdefault(info.location, set()).add((int(info.offset), int(info.length)))
    return found


def test_large_float_weights_lie_outside_and_all_else_inside(artifact):
    for name, graph in graphs(artifact).items():
        for tensor in constants(graph):
            outside = tensor.data_type in FLOATS and bytes_of(tensor) >= 1024
            assert uses_external_data(tensor) == outside, (name, tensor.name)


def test_the_files_hold_what_graphs_read_and_nothing_twice(artifact):
    found = places(artifact)
    assert found.keys() == {"weights.bin", "weights.fp16.bin"}
    for name, stated in found.items():
        content = (artifact / "onnx" / name).read_bytes()
        end = 0
        for offset, length in sorted(stated):
            assert offset % 64 == 0 and 0 <= offset - end < 64, "gaps only to align"
            end = offset + length
        assert end == len(content)
        pieces = [content[offset : offset + length] for offset, length in stated]
        assert len(set(pieces)) == len(pieces)


def test_float16_graphs_read_what_stays_float32_from_the_float32_weights(artifact):
    kinds = {"weights.bin": set(), "weights.fp16.bin": set()}
    for graph in graphs(artifact, ".fp16.onnx").values():
        for tensor in filter(uses_external_data, constants(graph)):
            kinds[ExternalDataInfo(tensor).location].add(tensor.data_type)
    assert kinds["weights.bin"] == {TensorProto.FLOAT}  # such as the tables of the noise
    assert kinds["weights.fp16.bin"] == {TensorProto.FLOAT16}


@pytest.mark.parametrize("name", ["encode", "decode", "reconstruct", "generate", "score"])
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_onnx_runtime_alone_opens_a_graph_by_its_path(artifact, name, precision):
    path = artifact / layout.graph(name, precision)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [v.name for v in session.get_outputs()] == [
        t.name for t in zoo.load(artifact).endpoints[name].outputs
    ]


# --- the bound on what an artifact weighs -----------------------------------------------------


def noise_of(shape):
    """40 pictures of noise, which nothing compresses."""
    split = Split(np.random.default_rng(0).random((40, *shape)).astype(np.float32))
    schema = Schema("image", shape)
    return binarize(Dataset("made", split, split, schema, "made", "none", "all"), "none")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda: catalog.conv_vae((64, 64, 3), 16, (16, 32, 64, 128), 256), (64, 64, 3)),
        (lambda: catalog.dense_vae((28, 28, 1), 16, (512, 512)), (28, 28, 1)),
        (lambda: catalog.rnn_vae((8, 28, 1), 16, units=256), (8, 28, 1)),
    ],
    ids=["conv", "dense", "recurrent"],
)
def test_an_artifact_weighs_3_6_times_its_weights_and_a_few_megabytes(build, shape, tmp_path):
    model = build()
    made = make_here(model, noise_of(shape), tmp_path)
    size = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert size <= 3.6 * 4 * model.count_params() + 4e6
    stored = sum(path.stat().st_size for path in (tmp_path / "test_data").iterdir())
    assert stored <= 2 * 2**20
    assert set(made["float16"].values()) == {None}


# --- the file itself --------------------------------------------------------------------------


def model_of(*constants, nodes=()):
    graph = helper.make_graph(list(nodes), "graph", [], [], list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def constant(name, values):
    return numpy_helper.from_array(values, name)


def read_back(model, path):
    """{name: array} of a model that is written and read with its weights."""
    onnx.save(model, path)
    return {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}


def test_equal_bytes_are_stored_once_whatever_their_graph_name_and_shape(tmp_path):
    file = WeightsFile(tmp_path / "weights.bin")
    values = np.arange(300, dtype=np.float32)
    first = model_of(constant("a", values), constant("b", values.reshape(20, 15)))
    second = model_of(constant("c", values), constant("d", values + 1))
    for model in (first, second):
        move_out(model, [file])
    assert (tmp_path / "weights.bin").stat().st_size == 1216 + 1200  # 1200 bytes, aligned to 64
    read = read_back(first, tmp_path / "first.onnx") | read_back(second, tmp_path / "second.onnx")
    np.testing.assert_array_equal(read["b"], values.reshape(20, 15))
    np.testing.assert_array_equal(read["c"], values)
    np.testing.assert_array_equal(read["d"], values + 1)


def test_a_constant_given_as_numbers_and_not_as_bytes_is_moved_too(tmp_path):
    values = np.linspace(0, 1, 400, dtype=np.float32)
    given = helper.make_tensor("a", TensorProto.FLOAT, [400], values.tolist())
    assert not given.HasField("raw_data")
    model = model_of(given)
    move_out(model, [WeightsFile(tmp_path / "weights.bin")])
    assert not model.graph.initializer[0].float_data
    np.testing.assert_array_equal(read_back(model, tmp_path / "graph.onnx")["a"], values)


def test_constants_of_a_loop_are_moved_too(tmp_path):
    inner = helper.make_graph([], "body", [], [], [constant("w", np.ones(500, np.float32))])
    model = model_of(nodes=[helper.make_node("Loop", ["", ""], [], body=inner)])
    move_out(model, [WeightsFile(tmp_path / "weights.bin")])
    assert (tmp_path / "weights.bin").stat().st_size == 2000


def test_whole_numbers_and_small_weights_stay_and_make_no_file(tmp_path):
    model = model_of(
        constant("large", np.arange(10_000, dtype=np.int64)),
        constant("small", np.ones(255, np.float32)),
    )
    move_out(model, [WeightsFile(tmp_path / "weights.bin")])
    assert not any(map(uses_external_data, model.graph.initializer))
    assert not (tmp_path / "weights.bin").exists()


def test_what_another_file_has_is_read_from_there_if_it_is_of_its_kind(tmp_path):
    values = np.zeros(512, np.float32)
    single = model_of(constant("a", values), constant("b", values[:256] + 1))
    first = WeightsFile(tmp_path / "weights.bin")
    move_out(single, [first])
    onnx.save(single, tmp_path / "single.onnx")
    known = WeightsFile.written(
        tmp_path / "weights.bin", [tmp_path / "single.onnx"], kinds={TensorProto.FLOAT}
    )
    half = model_of(
        constant("a", values),
        constant("zeros", np.zeros(1024, np.float16)),  # the same bytes, of another kind
        constant("c", values[:256] + 2),
    )
    move_out(half, [known, WeightsFile(tmp_path / "weights.fp16.bin")])
    assert [ExternalDataInfo(each).location for each in half.graph.initializer] == [
        "weights.bin",
        "weights.fp16.bin",
        "weights.fp16.bin",
    ]
    read = read_back(half, tmp_path / "half.onnx")
    np.testing.assert_array_equal(read["a"], values)
    np.testing.assert_array_equal(read["c"], values[:256] + 2)
