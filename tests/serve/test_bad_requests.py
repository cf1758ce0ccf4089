"""What is no request is refused by a sentence that says what is wanted, and harms nobody."""

import gzip
import json
import socket
import struct
import time
import zlib

import pytest

from serve.running import raw

INFER = "/v2/models/marked-decode/infer"
FITS = {"name": "z", "shape": [1, 4], "datatype": "FP32", "data": [0, 0, 0, 0]}
LENGTH = "Inference-Header-Content-Length"


def without(name):
    return {key: value for key, value in FITS.items() if key != name}


def nested(depth):
    return "[" * depth + "]" * depth


TENSORS = {
    "another rank": (FITS | {"shape": [4]}, "shape"),
    "another width": (FITS | {"shape": [1, 5], "data": [0] * 5}, "wanted [batch, 4]"),
    "data shorter than the shape": (FITS | {"data": [0, 0]}, "given 2 numbers, wanted 4"),
    "data longer than the shape": (FITS | {"data": [0] * 8}, "given 8 numbers, wanted 4"),
    "another datatype": (FITS | {"datatype": "FP64"}, "wanted FP32"),
    "no datatype": (without("datatype"), "wanted FP32"),
    "a datatype that is a list": (FITS | {"datatype": [[]]}, "wanted FP32"),
    "text for numbers": (FITS | {"datatype": "BYTES"}, "wanted FP32"),
    "another name": (FITS | {"name": "y"}, "takes z"),
    "a name that is a list": (FITS | {"name": ["z"]}, "takes z"),
    "no data": (without("data"), "neither data nor binary_data_size"),
    "strings among numbers": (FITS | {"data": [0, "a", 0, 0]}, "text"),
    "a number as text": (FITS | {"data": [0, "1", 0, 0]}, "text"),
    "objects among numbers": (FITS | {"data": [0, {}, 0, 0]}, "alone"),
    "true among text": (FITS | {"data": [True, True, True, True]}, "true and false"),
    "ragged lists": (FITS | {"data": [[0, 0], [0, 0, 0]]}, "lists of one length"),
    "a number of a thousand digits": (FITS | {"data": [10**1000, 0, 0, 0]}, "not numbers alone"),
    "a negative size": (FITS | {"shape": [-1, 4]}, "shape"),
    "a huge size": (FITS | {"shape": [2**62, 4]}, "shape"),
    "a size that is no number": (FITS | {"shape": ["batch", 4]}, "shape"),
    "a size that is true": (FITS | {"shape": [True, 4]}, "shape"),
    "a shape of a thousand axes": (FITS | {"shape": [1] * 1000}, "shape"),
    "no shape": (without("shape"), "shape"),
    "data that are no list": (FITS | {"data": "0000"}, "list of numbers"),
    "shared memory": (FITS | {"parameters": {"shared_memory_region": "a"}}, "shared memory"),
    "parameters that are none": (FITS | {"parameters": 3}, "parameters"),
    "bytes without the header": (
        without("data") | {"parameters": {"binary_data_size": 16}},
        LENGTH,
    ),
}
BODIES = {
    "malformed JSON": (b'{"inputs": [', "not JSON"),
    "no UTF-8": (b'{"inputs": "\xff"}', "not JSON"),
    "lists within lists": (nested(100_000).encode(), "not JSON"),
    "a list": (b"[]", "an object"),
    "a number": (b"3", "an object"),
    "nothing": (b"", "not JSON"),
    "an endless number": (b'{"inputs": ' + b"9" * 10_000 + b"}", "not JSON"),
    "no inputs": (b"{}", "inputs"),
    "inputs that are no list": (b'{"inputs": {}}', "inputs"),
    "half a character": (rb'{"inputs": [{"name": "\ud800"}]}', "takes z"),
    "an id that is no text": (json.dumps({"inputs": [FITS], "id": 3}).encode(), "id"),
    "an input that is missing": (b'{"inputs": []}', "z is missing"),
    "an input twice": (json.dumps({"inputs": [FITS, FITS]}).encode(), "twice"),
    "an output of another name": (
        json.dumps({"inputs": [FITS], "outputs": [{"name": "w"}]}).encode(),
        "gives x_mean, difference",
    ),
    "an output twice": (
        json.dumps({"inputs": [FITS], "outputs": [{"name": "x_mean"}] * 2}).encode(),
        "twice",
    ),
    "classification": (
        json.dumps(
            {
                "inputs": [FITS],
                "outputs": [{"name": "x_mean", "parameters": {"classification": 3}}],
            }
        ).encode(),
        "classification",
    ),
    "NaN": (json.dumps({"inputs": [FITS | {"data": [float("nan")] * 4}]}).encode(), "finite"),
    "infinity": (json.dumps({"inputs": [FITS | {"data": [1e999] * 4}]}).encode(), "finite"),
    "null": (json.dumps({"inputs": [FITS | {"data": [None] * 4}]}).encode(), "finite"),
    "what float32 does not hold": (
        json.dumps({"inputs": [FITS | {"data": [1e200] * 4}]}).encode(),
        "float32",
    ),
}


def refused(answer, status, said):
    found, headers, body = answer
    assert found == status, body
    assert headers["Content-Type"] == "application/json"
    assert said in json.loads(body)["error"], body


@pytest.fixture(autouse=True)
def neighbours_are_answered(server):
    """Before and after each of these requests, another client gets its answer."""
    yield
    status, answer = server.post(INFER, {"inputs": [FITS]})
    assert status == 200 and answer["outputs"][0]["data"] == [1000.0] * 4


@pytest.mark.parametrize("what", TENSORS)
def test_a_tensor_that_does_not_fit(server, what):
    tensor, said = TENSORS[what]
    refused(server.ask("POST", INFER, json.dumps({"inputs": [tensor]})), 400, said)


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_is_no_request(server, what):
    body, said = BODIES[what]
    refused(server.ask("POST", INFER, body), 400, said)


def binary(data, size=None, shape=(1, 4)):
    """(JSON, JSON and bytes behind it) of a binary tensor."""
    entry = without("data") | {"shape": list(shape)}
    entry["parameters"] = {"binary_data_size": len(data) if size is None else size}
    text = json.dumps({"inputs": [entry]}).encode()
    return text, text + data


@pytest.mark.parametrize(
    ("data", "size", "said"),
    [
        (b"\0" * 16, 20, "16 bytes are left"),
        (b"\0" * 16, 12, "given 12 bytes, wanted 16"),
        (b"\0" * 20, 16, "4 bytes follow"),
        (b"\0" * 16, -16, "binary_data_size"),
        (b"\0" * 16, "16", "binary_data_size"),
        (b"\0" * 16, 2**70, "binary_data_size"),
        (struct.pack("<4f", 0, float("nan"), 0, 0), 16, "nan at [0, 1]"),
        (struct.pack("<4f", 0, 0, float("inf"), 0), 16, "inf at [0, 2]"),
    ],
)
def test_binary_sizes_that_are_wrong_and_numbers_that_are_none(server, data, size, said):
    text, body = binary(data, size)
    refused(server.ask("POST", INFER, body, {LENGTH: str(len(text))}), 400, said)


@pytest.mark.parametrize("length", ["-1", "x", "1e2", "0x10", "9" * 30, "100000", "3", ""])
def test_a_json_length_that_is_none(server, length):
    _, body = binary(b"\0" * 16)
    status, _, said = server.ask("POST", INFER, body, {LENGTH: length})
    assert status == 400 and json.loads(said)["error"]


def test_text_whose_lengths_lie(server):
    for data in (b"\xff\xff\xff\xffCC", b"\x02\0\0\0\xff\xff", b"\x01\0\0", b"\x01\0\0\0C" * 2):
        entry = {"name": "tokens", "shape": [1], "datatype": "BYTES"}
        entry["parameters"] = {"binary_data_size": len(data)}
        text = json.dumps({"inputs": [entry]}).encode()
        place = "/v2/models/molecule_vae-qm9-encode/infer"
        refused(server.ask("POST", place, text + data, {LENGTH: str(len(text))}), 400, "tokens")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/absent", 404),
        ("POST", "/v2/models/absent/infer", 404),
        ("POST", "/v2/models/marked-decode/versions/7/infer", 404),
        ("POST", "/v2/models/marked-encode/infer", 404),
        ("POST", "/v1/marked/encode", 404),
        ("POST", "/v1/absent/encode", 404),
        ("GET", "/v2/models/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/../../etc/passwd", 404),
        ("GET", "/v2/models/../../manifest.json", 404),
        ("GET", "/v1/%2e%2e/%2e%2e", 405),
        ("GET", "//v2", 404),
        ("GET", "/v1/marked%00", 404),
        ("GET", "/v1/%ff%fe", 404),
        ("GET", "/" + "a" * 5000, 404),
        ("GET", "/docs/../exports/manifest.json", 404),
        ("GET", INFER, 405),
        ("POST", "/v2", 405),
        ("DELETE", "/v2/models/marked-decode", 405),
        ("OPTIONS", INFER, 405),
        ("PUT", "/metrics", 405),
    ],
)
def test_places_and_methods_that_there_are_none_of(server, method, path, status):
    refused(server.ask(method, path), status, "")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_is_not_unpacked(guarded, encoding):
    window = {"gzip": 31, "deflate": 15}[encoding]
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    bomb = packer.compress(b"\0" * 20_000_000) + packer.flush()
    headers = {"Content-Encoding": encoding, "Authorization": "Bearer sesame"}
    refused(guarded.ask("POST", INFER, bomb, headers), 413, "more than 100,000 bytes")


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", b"no gzip", 400),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-4], 400),
        ("gzip", gzip.compress(b"{}", mtime=0) + b"more", 400),
        ("deflate", b"\0", 400),
        ("br", b"{}", 415),
        ("gzip, gzip", b"{}", 415),
    ],
)
def test_an_encoding_that_is_none(server, encoding, body, status):
    refused(server.ask("POST", INFER, body, {"Content-Encoding": encoding}), status, "")


def post(body, *headers):
    lines = [f"POST {INFER} HTTP/1.1", "Host: a", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 2", f"{LENGTH}: 1", f"{LENGTH}: 2"),
        ("Content-Length: 2", "Content-Encoding: gzip", "Content-Encoding: identity"),
        ("Content-Length: 2", "Content-Length: 3"),
        ("Content-Length: 2", "Transfer-Encoding: chunked"),
        ("Content-Length: -2",),
        ("Content-Length: 2", "Host: b"),
        ("Content-Length: 2", "Bad Name: b"),
    ],
)
def test_headers_of_two_meanings(server, headers):
    assert raw(server, post(b"{}", *headers)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("content", [b"\0\1\2\3\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02"])
def test_what_is_no_http(server, content):
    found = raw(server, content + b"\r\n\r\n", 1.0)
    assert not found or found.startswith(b"HTTP/1.1 400 ")


def test_headers_without_an_end(server):
    found = raw(server, post(b"", *(f"X-{i}: {'a' * 1000}" for i in range(100)))[:-4])
    assert found.startswith(b"HTTP/1.1 431 ") or not found


def test_a_body_that_is_slow(guarded):
    began = time.monotonic()
    found = raw(guarded, post(b"{", "Authorization: Bearer sesame", "Content-Length: 50"))
    assert found.startswith(b"HTTP/1.1 408 ") and time.monotonic() - began < 4


def test_a_body_over_the_limit(guarded):
    allowed = {"Authorization": "Bearer sesame"}
    refused(guarded.ask("POST", INFER, b" " * 100_001, allowed), 413, "100,000 bytes")
    headers = ("Authorization: Bearer sesame", "Transfer-Encoding: chunked")
    chunk = b"ffff\r\n" + b" " * 65535 + b"\r\n"
    found = raw(guarded, post(chunk * 2 + b"0\r\n\r\n", *headers))
    assert found.startswith(b"HTTP/1.1 413 ")


def test_a_batch_over_the_limit(guarded):
    allowed = {"Authorization": "Bearer sesame"}
    tensor = FITS | {"shape": [9, 4], "data": [0] * 36}
    status, answer = guarded.post(INFER, {"inputs": [tensor]}, allowed)
    assert status == 400 and "at most 8" in answer["error"]
    status, answer = guarded.post("/v1/marked/decode", {"z": [[0] * 4] * 9}, allowed)
    assert status == 400 and "at most 8" in answer["error"]


@pytest.mark.parametrize("given", [None, "Bearer wrong", "Bearer", "Basic sesame", "sesame"])
def test_a_token_that_is_none(guarded, given):
    headers = {} if given is None else {"Authorization": given}
    for path in ("/v2", "/v1", "/metrics", "/docs", "/openapi.json", INFER):
        status, told, _ = guarded.ask("GET", path, headers=headers)
        assert status == 401 and told["WWW-Authenticate"] == "Bearer"
    assert guarded.ask("GET", "/v2/health/live", headers=headers)[0] == 200


def test_pages_of_one_origin_may_read_answers_and_no_others(server, guarded):
    asked = {"Origin": "https://lab.example", "Access-Control-Request-Method": "POST"}
    status, told, _ = guarded.ask("OPTIONS", INFER, headers=asked)
    assert status == 204 and told["Access-Control-Allow-Origin"] == "https://lab.example"
    for running, origin in ((guarded, "https://evil.example"), (server, "https://lab.example")):
        _, told, _ = running.ask("GET", "/v2/health/live", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in told


def test_a_client_that_hangs_up(server):
    host, port = server.host.split(":")
    for content in (post(b"{", "Content-Length: 50"), post(b"", "Content-Length: 50")[:20]):
        for _ in range(5):
            socket.create_connection((host, int(port))).close()
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(content)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
