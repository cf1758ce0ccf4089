"""Sequences and drawings of several lengths, by words and by tensors, as `zoo.load` takes them."""

import numpy as np
import pytest
import tritonclient.http as triton

import zoo

SEQUENCES = [[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]]
DRAWINGS = [[[1.0, 2.0, 0.0]], [[3.0, 4.0, 1.0], [5.0, 6.0, 0.0]]]
GIVEN = {"sequences": SEQUENCES, "drawings": DRAWINGS}


def same(answer, wanted):
    for name, value in wanted._asdict().items():
        found = np.array(answer[name], value.dtype)
        assert found.shape == value.shape
        np.testing.assert_array_equal(found, value)


@pytest.mark.parametrize("name", GIVEN)
def test_each_is_as_long_as_it_is(server, folders, name):
    wanted = zoo.load(folders[name]).score([np.array(each) for each in GIVEN[name]])
    status, answer = server.post(f"/v1/{name}/score", {"x": GIVEN[name]})
    assert status == 200, answer
    same(answer, wanted)
    if name == "sequences":
        assert answer["ends"] == [1, 3] and answer["seen"][0][1:] == [[0.0, 0.0]] * 3
    else:
        assert answer["seen"][0][1:] == [[0.0, 0.0, 2.0]] * 3


def test_they_may_be_filled_up_and_their_lengths_told(server, folders):
    x = np.arange(16.0).reshape(2, 4, 2)
    wanted = zoo.load(folders["sequences"]).score(x, [2, 4])
    status, answer = server.post("/v1/sequences/score", {"x": x.tolist(), "length": [2, 4]})
    assert status == 200, answer
    same(answer, wanted)


@pytest.mark.parametrize("binary", [True, False])
def test_tensors_are_filled_up_by_the_client(server, folders, binary):
    x = np.arange(16, dtype=np.float32).reshape(2, 4, 2)
    length = np.array([[2], [4]], np.int32)
    given = [
        triton.InferInput("x", [2, 4, 2], "FP32").set_data_from_numpy(x, binary),
        triton.InferInput("length", [2, 1], "INT32").set_data_from_numpy(length, binary),
    ]
    wanted = zoo.load(folders["sequences"]).score(x, [2, 4])
    with triton.InferenceServerClient(server.host) as client:
        answer = client.infer("sequences-score", given)
        np.testing.assert_array_equal(answer.as_numpy("seen"), wanted.seen)
        np.testing.assert_array_equal(answer.as_numpy("ends").ravel(), wanted.ends)
        drawn = np.concatenate([x, np.full((2, 4, 1), 2, np.float32)], axis=2)
        one = triton.InferInput("x", [2, 4, 3], "FP32").set_data_from_numpy(drawn, binary)
        answer = client.infer("drawings-score", [one])
        np.testing.assert_array_equal(answer.as_numpy("seen"), drawn)


@pytest.mark.parametrize(
    ("name", "x", "said"),
    [
        ("sequences", [[[1.0, 2.0]] * 5], "sequence 0 has 5 steps"),
        ("sequences", [[]], "sequence 0"),
        ("sequences", [[[1.0]]], "sequence 0"),
        ("sequences", [[1.0, 2.0]], "sequence 0"),
        ("sequences", [[[1.0, 2.0], [1.0]]], "x[0]"),
        ("sequences", [1.0], "x"),
        ("sequences", [[[1.0, None]]], "nan at [0, 0, 1]"),
        ("sequences", [["a"]], "text"),
        ("drawings", [[[1.0, 2.0, 0.0]] * 5], "drawing 0 has 5 steps"),
        ("drawings", [[[1.0, 2.0]]], "drawing 0"),
        ("drawings", [[[0.0, 0.0, 0.0]] * 4], "zeros"),
        ("drawings", [[1.0, 2.0, 0.0]], "x"),
        ("drawings", {"dx": [1.0]}, "x"),
    ],
)
def test_what_is_none_is_refused(server, name, x, said):
    status, answer = server.post(f"/v1/{name}/score", {"x": x})
    assert status == 400 and said in answer["error"], answer


def test_their_examples_and_a_length_that_is_left_out_or_wrong(server):
    assert server.post("/v1/sequences/score", {"x": [], "length": []})[0] == 200
    for length in ([5], [-1], [1, 2], "1", [1.5], [2**40]):
        given = {"x": [[[1.0, 2.0]] * 4], "length": length}
        status, answer = server.post("/v1/sequences/score", given)
        assert status == 400 and "length" in answer["error"], answer
