"""Batches over the limit go through the graph in parts, and nobody can tell from the answer."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import zoo
from zoo.artifact import layout
from zoo.artifact.endpoints import Endpoint, Tensor
from zoo.artifact.reading import Reader
from zoo.errors import InputError
from zoo.runtime import replay
from zoo.runtime.calls import Call, rows_within
from zoo.runtime.sessions import Sessions

ROWS = 67  # the 64 of the test data and three more, so that a part of every size is left over


@pytest.fixture(scope="module")
def inputs(artifact):
    """{endpoint: {input: ROWS rows}} of the test data."""
    found = {}
    for name, endpoint in zoo.load(artifact).endpoints.items():
        given, _ = replay.read(artifact, endpoint)
        found[name] = {k: np.resize(v, (ROWS, *v.shape[1:])) for k, v in given.items()}
    return found


@pytest.fixture(scope="module")
def whole(artifact, inputs):
    """{endpoint: named tuple of its answer to `inputs`, unsplit}."""
    vae = zoo.load(artifact, batch_limit=None)
    return {name: getattr(vae, name)(**given) for name, given in inputs.items()}


def assert_same(answer, expected):
    assert answer._fields == expected._fields
    for name, values in expected._asdict().items():
        found = getattr(answer, name)
        assert found.dtype == values.dtype
        np.testing.assert_array_equal(found, values, err_msg=name)


@pytest.mark.parametrize("limit", [1, 7, 64, ROWS - 1, ROWS, ROWS + 1])
def test_every_endpoint_answers_the_same_split_or_whole(artifact, inputs, whole, limit):
    vae = zoo.load(artifact, batch_limit=limit)
    for name, given in inputs.items():
        assert_same(getattr(vae, name)(**given), whole[name])


def test_one_seed_gives_one_image_wherever_the_batch_is_split(artifact):
    one, many = zoo.load(artifact, batch_limit=1), zoo.load(artifact)
    seeds = np.arange(-300, 300)
    assert_same(one.generate(seeds), many.generate(seeds))


@pytest.fixture
def counting(tmp_path):
    """A call of a graph that answers, for each row, how many rows it was given at once."""

    def call(limit):
        rows = [
            helper.make_node("Shape", ["x"], ["shape"], start=0, end=1),
            helper.make_node("Cast", ["shape"], ["count"], to=TensorProto.FLOAT),
            helper.make_node("Expand", ["count", "shape"], ["rows"]),
        ]
        sides = [
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)]
            for name, shape in (("x", ["batch", 2]), ("rows", ["batch"]))
        ]
        graph = helper.make_graph(rows, "count", *sides)
        opset = [helper.make_opsetid("", 18)]
        path = tmp_path / layout.graph("c")
        path.parent.mkdir(exist_ok=True)
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
        x, out = Tensor("x", "float32", ("batch", 2)), Tensor("rows", "float32", ("batch",))
        return Call(Endpoint("c", (x,), (out,)), Sessions(Reader(tmp_path)), limit)

    return call


@pytest.mark.parametrize(
    "limit, seen",
    [(4, [4] * 8 + [2] * 2), (5, [5] * 10), (9, [9] * 9 + [1]), (10, [10] * 10), (None, [10] * 10)],
)
def test_a_graph_never_gets_more_rows_than_the_limit(counting, limit, seen):
    assert counting(limit)(np.zeros((10, 2), np.float32)).rows.tolist() == seen


def test_a_batch_that_stays_on_the_device_runs_whole(counting):
    assert counting(4).on_device(np.zeros((10, 2), np.float32)).rows.numpy().tolist() == [10] * 10


def test_an_input_that_does_not_fit_is_refused_before_any_part_runs(artifact):
    z = np.zeros((10, 3), np.float32)
    z[9, 2] = np.nan
    with pytest.raises(InputError, match=r"nan at \[9, 2\]"):
        zoo.load(artifact, batch_limit=2).decode(z)


@pytest.mark.parametrize("limit", [0, -1, 2.5, "8", True])
def test_a_limit_that_cannot_be_is_refused(artifact, limit):
    with pytest.raises(InputError, match=r"batch_limit: given .*, wanted a whole number of 1 or"):
        zoo.load(artifact, batch_limit=limit)


def test_sixteen_threads_get_the_answers_of_one_on_all_endpoints_at_once(artifact, inputs, whole):
    fresh = zoo.load(artifact, batch_limit=9)  # its graphs are opened by whichever thread is first

    def answer(number):
        name = list(inputs)[number % len(inputs)]
        call = getattr(fresh, name)
        if number % 3:
            return name, call(**inputs[name])
        stayed = call.on_device(**inputs[name])
        return name, type(stayed)(*(value.numpy() for value in stayed))

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(answer, range(30 * len(inputs))))
    assert {name for name, _ in answers} == set(inputs)
    for name, found in answers:
        assert_same(found, whole[name])


def test_a_row_counts_once_more_for_each_likelihood_ratio():
    x, elbo = Tensor("x", "float32", ("batch", 30)), Tensor("elbo", "float32", ("batch",))
    ratios = Tensor("likelihood_ratio", "float32", ("batch", 3))
    assert rows_within(Endpoint("score", (x,), (elbo,)), 1240) == 1240 // (4 * 31)
    assert rows_within(Endpoint("score", (x,), (elbo, ratios)), 1360) == 1360 // (4 * 34 * 4)
