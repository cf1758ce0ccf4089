"""/v1: what a person would write goes in and comes out, and is what `zoo.load` takes and gives."""

import json

import numpy as np
import pytest

import zoo
from zoo.serve.tensors import in_json

ROW = {
    "city": ["Kiel", "Ulm"],
    "length": [51.5, None],
    "price": [120.0, 99.5],
    "visits": [3, 4],
    "size": ["small", "large"],
    "sold": ["2022-03-01", "2022-04-02"],
    "steps": [9000, 8000],
    "member": [True, False],
}


@pytest.fixture(scope="module")
def loaded(folders):
    return {name: zoo.load(folders[name], threads=1) for name in folders}


def test_pictures_are_nested_lists(server, loaded):
    status, answer = server.post("/v1/conv_vae-mnist/generate", {"seed": [7, 8]})
    wanted = loaded["conv_vae-mnist"].generate([7, 8])
    assert status == 200
    np.testing.assert_array_equal(np.float32(answer["x_mean"]), wanted.x_mean)
    status, answer = server.post("/v1/conv_vae-mnist/score", {"x": answer["x_mean"]})
    wanted = loaded["conv_vae-mnist"].score(wanted.x_mean)
    np.testing.assert_array_equal(np.float32(answer["elbo"]), wanted.elbo)


@pytest.mark.parametrize(
    "shape", [(0,), (0, 3), (1,), (2049,), (4, 4097), (3, 1, 700), (2, 50, 50, 1), (5000, 0)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_large_arrays_become_json_in_pieces_and_are_the_same(shape, dtype):
    values = (np.random.default_rng(0).normal(size=shape) * 1e3).astype(dtype)
    if dtype == np.float32 and values.size > 2048:
        values.ravel()[[0, 2048]] = np.nan, np.inf
    wanted = json.dumps(values.astype(float).tolist() if dtype == np.float32 else values.tolist())
    wanted = wanted.replace("NaN", "null").replace("Infinity", "null").replace(" ", "")
    assert in_json(values) == wanted


def test_strings_are_text(server, loaded):
    status, answer = server.post("/v1/molecule_vae-qm9/score", {"strings": ["CCO", "C"]})
    wanted = loaded["molecule_vae-qm9"].score(["CCO", "C"])
    assert status == 200
    np.testing.assert_array_equal(np.float32(answer["elbo"]), wanted.elbo)
    _, answer = server.post("/v1/molecule_vae-qm9/generate", {"seed": [1, 2]})
    assert answer["strings"] == loaded["molecule_vae-qm9"].generate([1, 2]).strings


@pytest.mark.parametrize("label", ["7", ["7", "7"], [7, 7]])
def test_labels_are_names_or_numbers(server, loaded, label):
    given = {"seed": [1, 2], "label": label}
    status, answer = server.post("/v1/conditional_vae-mnist/generate", given)
    wanted = loaded["conditional_vae-mnist"].generate([1, 2], label=["7", "7"])
    assert status == 200
    np.testing.assert_array_equal(np.float32(answer["x_mean"]), wanted.x_mean)


def test_rows_of_a_table_are_columns_by_name(server):
    status, answer = server.post("/v1/table/reconstruct", {"table": ROW})
    assert status == 200, answer
    assert answer["table"]["city"] == ROW["city"] and answer["table"]["size"] == ROW["size"]
    assert answer["table"]["member"] == ["yes", "no"]  # as zoo.load gives them
    assert answer["table"]["length"] == [51.5, None]
    assert answer["table"]["sold"][0].startswith("2022-03-01")
    left_out = {name: values for name, values in ROW.items() if name != "steps"}
    status, answer = server.post("/v1/table/reconstruct", {"table": left_out})
    assert status == 200 and answer["table"]["steps"] == [None, None]


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("table/reconstruct", {"table": ROW | {"town": ["a", "b"]}}, "no column 'town'"),
        ("table/reconstruct", {"table": ROW | {"city": ["Kiel", "Rome"]}}, "Rome"),
        ("table/reconstruct", {"table": ROW | {"length": [1.0]}}, "lengths differ"),
        ("table/reconstruct", {"table": ROW | {"length": [1.0, {}]}}, "columns"),
        ("table/reconstruct", {"table": ROW | {"length": [1.0, "x"]}}, "length"),
        ("table/reconstruct", {"table": []}, "columns"),
        ("table/reconstruct", {"table": {}}, "columns"),
        ("table/reconstruct", {}, "table"),
        ("table/reconstruct", {"table": ROW, "more": 1}, "table"),
        ("table/reconstruct", [ROW], "object"),
        ("molecule_vae-qm9/score", {"strings": "CCO"}, "list of text"),
        ("molecule_vae-qm9/score", {"strings": ["CCO", 3]}, "list of text"),
        ("molecule_vae-qm9/score", {"strings": ["Xx"]}, "row 0"),
        ("molecule_vae-qm9/score", {"strings": ["C" * 500]}, "row 0"),
        ("conditional_vae-mnist/generate", {"seed": [1], "label": "cat"}, "cat"),
        ("conditional_vae-mnist/generate", {"seed": [1], "label": [10]}, "0 to 9"),
        ("conditional_vae-mnist/generate", {"seed": [1], "label": [True]}, "name of a class"),
        ("conditional_vae-mnist/generate", {"seed": [1, 2], "label": [1]}, "batches differ"),
        ("conv_vae-mnist/generate", {"seed": [1.5]}, "fractions"),
        ("conv_vae-mnist/generate", {"seed": ["a"]}, "text"),
        ("conv_vae-mnist/generate", {"seed": 3}, "list of rows"),
        ("conv_vae-mnist/generate", {"seed": [2**70]}, "large"),
        ("conv_vae-mnist/generate", {"seed": [[1]]}, "shape"),
        ("conv_vae-mnist/score", {"x": [[[2.0]]]}, "shape"),
        ("conv_vae-mnist/score", {"x": [[[[5.0]] * 28] * 28]}, "0 to 1"),
        ("conv_vae-mnist/score", {"x": [[[[None]] * 28] * 28]}, "finite"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(server, place, value, said):
    status, answer = server.post(f"/v1/{place}", value)
    assert status == 400 and said in answer["error"], answer


def test_what_may_be_asked_is_listed(server):
    _, _, body = server.ask("GET", "/v1")
    for name in ("conv_vae-mnist", "table"):
        assert f'"name":"{name}"'.encode() in body
    assert b'"score":["strings"]' in server.ask("GET", "/v1/molecule_vae-qm9")[2]
