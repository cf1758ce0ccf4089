"""Triton's own client, unchanged, gets what `zoo.load` gives, bit for bit."""

import numpy as np
import pytest
import tables
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

import zoo
from zoo.artifact.endpoints import Tensor
from zoo.deploy import requests

DATATYPES = {"float32": "FP32", "int32": "INT32", "int64": "INT64"}
ASKED = ("conv_vae-mnist", "rnn_vae-mnist", "molecule_vae-qm9", "table")
ROWS = 3


@pytest.fixture(scope="module")
def loaded(folders):
    """{name: what `zoo.load` gives}."""
    return {name: zoo.load(folders[name], threads=1) for name in folders}


@pytest.fixture(scope="module")
def client(server):
    """The client, of one connection."""
    with triton.InferenceServerClient(server.host) as made:
        yield made


def rows_of(artifact, endpoint):
    """{input: array} of some rows: the artifact's own test data, where it has any."""
    if artifact.manifest["name"] == "table":
        values = tables.values(ROWS)
        numbers = sum(column.is_number for column in tables.COLUMNS)
        words = np.nan_to_num(values[:, numbers:], nan=-1.0).astype(np.int32)
        return {"numbers": values[:, :numbers], "categories": words}
    with np.load(artifact.folder / "test_data" / "inputs.npz") as stored:
        return {t.name: stored[t.name][:ROWS] for t in endpoint.inputs}


def asked(endpoint, given, binary):
    """The client's tensors, in the shapes that Triton takes: [batch, 1] for [batch]."""
    made = []
    for tensor in endpoint.inputs:
        array = given[tensor.name]
        array = array if array.ndim > 1 else array[:, None]
        each = triton.InferInput(tensor.name, list(array.shape), requests.datatype(tensor))
        made.append(each.set_data_from_numpy(np.ascontiguousarray(array), binary_data=binary))
    return made


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("how", ["json", "binary", "gzip", "deflate"])
def test_infer_equals_zoo_load_bit_for_bit_at_every_endpoint(client, loaded, name, how):
    artifact = loaded[name]
    for key, endpoint in artifact.endpoints.items():
        given = rows_of(artifact, endpoint)
        wanted = getattr(artifact, key)(**given)
        packed = how if how in ("gzip", "deflate") else None
        answer = client.infer(
            f"{name}-{key}",
            asked(endpoint, given, how != "json"),
            outputs=[
                triton.InferRequestedOutput(t.name, binary_data=how != "json")
                for t in endpoint.outputs
            ],
            request_compression_algorithm=packed,
            response_compression_algorithm=packed,
        )
        for tensor in endpoint.outputs:
            found, value = answer.as_numpy(tensor.name), getattr(wanted, tensor.name)
            assert found.dtype == value.dtype
            assert found.shape == (value.shape if value.ndim > 1 else (ROWS, 1))
            np.testing.assert_array_equal(found.reshape(value.shape), value, f"{key} {tensor}")


def test_what_the_client_asks_besides_is_answered(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("table-reconstruct")
    assert client.is_model_ready("table-reconstruct", "1")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    told = client.get_model_metadata("conv_vae-mnist-generate")
    assert told["inputs"] == [{"name": "seed", "datatype": "INT64", "shape": [-1, 1]}]
    assert told["outputs"][0]["shape"] == [-1, 28, 28, 1]
    answer = client.infer("marked-decode", zeros(), request_id="mine", model_version="1")
    assert answer.get_response()["id"] == "mine"
    assert answer.get_response()["model_version"] == "1"
    assert answer.as_numpy("x_mean").tolist() == [[1000.0] * 4]


def zeros():
    tensor = Tensor("z", "float32", ("batch", 4))
    return [
        triton.InferInput("z", [1, 4], requests.datatype(tensor)).set_data_from_numpy(
            np.zeros((1, 4), np.float32)
        )
    ]


def test_what_it_refuses_reaches_the_client_as_a_sentence(client):
    with pytest.raises(InferenceServerException, match="no model 'absent'"):
        client.infer("absent", zeros())


@pytest.mark.parametrize("binary", [True, False])
def test_strings_go_in_and_come_out_as_text(client, loaded, binary):
    molecules = ["CCO", "c1ccccc1", "C"]
    given = triton.InferInput("tokens", [3, 1], "BYTES")
    given.set_data_from_numpy(np.array(molecules, object)[:, None], binary_data=binary)
    wanted = [
        triton.InferRequestedOutput(each, binary_data=binary) for each in ("strings", "tokens_mode")
    ]
    answer = client.infer("molecule_vae-qm9-reconstruct", [given], outputs=wanted)
    mine = loaded["molecule_vae-qm9"].reconstruct(molecules)
    texts = answer.as_numpy("strings").ravel().tolist()
    texts = [each.decode() if isinstance(each, bytes) else each for each in texts]
    assert texts == mine.strings
    np.testing.assert_array_equal(answer.as_numpy("tokens_mode"), mine.tokens_mode)


def test_names_of_classes_are_labels(client, loaded):
    seeds, names = np.array([[1], [2]]), np.array([["7"], ["1"]], object)
    given = [
        triton.InferInput("seed", [2, 1], "INT64").set_data_from_numpy(seeds),
        triton.InferInput("label", [2, 1], "BYTES").set_data_from_numpy(names),
    ]
    answer = client.infer("conditional_vae-mnist-generate", given)
    mine = loaded["conditional_vae-mnist"].generate([1, 2], label=["7", "1"])
    np.testing.assert_array_equal(answer.as_numpy("x_mean"), mine.x_mean)


def test_no_row_is_answered_by_no_row(client):
    given = triton.InferInput("z", [0, 4], "FP32")
    given.set_data_from_numpy(np.zeros((0, 4), np.float32))
    assert client.infer("marked-decode", [given]).as_numpy("x_mean").shape == (0, 4)
