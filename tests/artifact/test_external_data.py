"""Weights outside of a graph are found and taken in; the reference is the onnx package."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from zoo.artifact import external_data
from zoo.errors import ArtifactError

WEIGHTS = np.arange(12, dtype=np.float32)
FILES = {"weights.bin": WEIGHTS.tobytes(), "weights.fp16.bin": WEIGHTS.astype(np.float16).tobytes()}


def outside(name, dims, location="weights.bin", offset=None, length=None, kind=TensorProto.FLOAT):
    """A tensor whose bytes lie in a file."""
    tensor = TensorProto(name=name, data_type=kind, dims=dims, raw_data=b"")
    set_external_data(tensor, location, offset, length)
    tensor.ClearField("raw_data")
    return tensor


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, initializers=(), kind=TensorProto.FLOAT):
    graph = helper.make_graph(nodes, "g", inputs, [value("y", None, kind)], initializers)
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8)


@pytest.fixture
def flat():
    """y = x + w, w outside, beside a weight that lies inside."""
    inside = numpy_helper.from_array(WEIGHTS[:3], "inside")
    nodes = [
        helper.make_node("Add", ["x", "w"], ["s"]),
        helper.make_node("Add", ["s", "inside"], ["y"]),
    ]
    return model(
        nodes, [value("x", ["batch", 3])], [outside("w", [3], offset=8, length=12), inside]
    )


@pytest.fixture
def nested():
    """y = x + (c ? w : k): w outside in a branch, k in a constant of the other."""
    constant = helper.make_node("Constant", [], ["k"], value=outside("", [3], offset=24, length=12))
    taken = helper.make_graph(
        [helper.make_node("Identity", ["w"], ["a"])],
        "a",
        [],
        [value("a", [3])],
        [outside("w", [3], offset=12, length=12)],
    )
    left = helper.make_graph([constant], "b", [], [value("k", [3])])
    nodes = [
        helper.make_node("If", ["c"], ["i"], then_branch=taken, else_branch=left),
        helper.make_node("Add", ["x", "i"], ["y"]),
    ]
    inputs = [value("x", ["batch", 3]), value("c", [], TensorProto.BOOL)]
    return model(nodes, inputs, [outside("unused", [3], offset=0, length=12)])


def run(content, **given):
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, given)[0]


def test_the_files_that_a_graph_wants_are_named(flat, nested):
    assert external_data.locations(flat.SerializeToString()) == {"weights.bin"}
    assert external_data.locations(nested.SerializeToString()) == {"weights.bin"}
    alone = model([helper.make_node("Identity", ["x"], ["y"])], [value("x", [2])])
    assert external_data.locations(alone.SerializeToString()) == set()


def test_a_graph_with_its_weights_inside_is_the_same_but_for_them(flat, tmp_path):
    onnx.save(flat, tmp_path / "flat.onnx")
    (tmp_path / "weights.bin").write_bytes(FILES["weights.bin"])
    expected = onnx.load(tmp_path / "flat.onnx")
    for tensor in expected.graph.initializer:
        tensor.ClearField("data_location")
        tensor.ClearField("external_data")
    content = external_data.embedded(flat.SerializeToString(), FILES)
    assert onnx.load_from_string(content) == expected
    np.testing.assert_array_equal(
        run(content, x=np.zeros((1, 3), np.float32)), [WEIGHTS[2:5] + WEIGHTS[:3]]
    )


def test_a_graph_that_has_its_weights_inside_stays_as_it_is(flat):
    content = external_data.embedded(flat.SerializeToString(), FILES)
    assert external_data.embedded(content, {}) == content


@pytest.mark.parametrize("inner_only", [True, False])
def test_weights_of_branches_are_taken_in(nested, inner_only):
    content = external_data.embedded(nested.SerializeToString(), FILES, inner_only)
    left = external_data.locations(content)
    assert left == ({"weights.bin"} if inner_only else set())
    content = external_data.embedded(content, FILES)
    x = np.zeros((1, 3), np.float32)
    np.testing.assert_array_equal(run(content, x=x, c=np.array(True)), [WEIGHTS[3:6]])
    np.testing.assert_array_equal(run(content, x=x, c=np.array(False)), [WEIGHTS[6:9]])


def test_a_weight_without_offset_or_length_is_the_whole_file(tmp_path):
    graph = model(
        [helper.make_node("Add", ["x", "w"], ["y"])], [value("x", [12])], [outside("w", [12])]
    )
    content = external_data.embedded(graph.SerializeToString(), FILES)
    np.testing.assert_array_equal(run(content, x=np.zeros(12, np.float32)), WEIGHTS)


def test_float16_weights_are_taken_from_their_file():
    half = TensorProto.FLOAT16
    weight = outside("w", [3], "weights.fp16.bin", 2, 6, half)
    graph = model(
        [helper.make_node("Add", ["x", "w"], ["y"])], [value("x", [3], half)], [weight], half
    )
    content = external_data.embedded(graph.SerializeToString(), FILES)
    np.testing.assert_array_equal(run(content, x=np.zeros(3, np.float16)), WEIGHTS[1:4])


@pytest.mark.parametrize(
    "change, why",
    [
        ({"location": "../../secret"}, r"weights in '../../secret', wanted is one of weights.bin"),
        ({"location": "/etc/passwd"}, "weights in '/etc/passwd'"),
        ({"offset": 40, "length": 12}, "wants bytes 40 to 52 of weights.bin, which has 48"),
        ({"offset": -4, "length": 12}, "wants bytes -4 to"),
        ({"offset": 2**64, "length": 12}, "wants bytes"),
        ({"offset": 49}, "wants bytes 49 to"),
    ],
)
def test_a_weight_in_another_place_is_refused(change, why):
    graph = model(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        [value("x", [3])],
        [outside("w", [3], **change)],
    )
    with pytest.raises(ArtifactError, match=why):
        external_data.embedded(graph.SerializeToString(), FILES)


@pytest.mark.parametrize(
    "content", [b"no graph", b"\x3a\xff\xff\xff\xff\x0f", b"\xff" * 20, b"\x0f"]
)
def test_what_is_no_protobuf_is_refused(content):
    with pytest.raises(ArtifactError, match="no ONNX graph"):
        external_data.locations(content)


def test_graphs_that_lie_too_deep_in_one_another_are_refused():
    content = b"location"
    for _ in range(400):  # graph, node, attribute, graph ...
        for key in (b"\x32", b"\x2a", b"\x0a"):
            size = len(content)
            content = key + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14]) + content
    size = len(content)
    content = b"\x3a" + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14]) + content
    with pytest.raises(ArtifactError, match="deep in one another"):
        external_data.locations(content)


@pytest.mark.parametrize("seed", range(50))
def test_bits_that_flip_end_in_a_graph_or_a_sentence(nested, seed):
    content = bytearray(nested.SerializeToString())
    generator = np.random.default_rng(seed)
    for place in generator.integers(0, len(content), 3):
        content[place] ^= 1 << generator.integers(0, 8)
    try:
        external_data.embedded(bytes(content), FILES)
    except ArtifactError:
        pass
