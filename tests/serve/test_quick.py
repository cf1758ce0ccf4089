"""The short way of small tensors answers what the long way does, byte for byte."""

import json

import numpy as np
import pytest

import zoo
from serve import handmade
from serve.running import ROOT, raw
from zoo.serve.application import JSON_LENGTH, Application
from zoo.serve.models import Shelf
from zoo.serve.quick import Quick
from zoo.serve.settings import Access, Limits

OUTPUTS = {"parameters": {"binary_data_output": True}}
URL = b"/v2/models/marked-decode/infer"


def body(values, rows=1, **more):
    """(length of the JSON, a request's body) of some numbers for `marked`."""
    data = np.full((rows, 4), values, np.float32)
    entry = {"name": "z", "shape": [rows, 4], "datatype": "FP32"}
    entry["parameters"] = {"binary_data_size": data.nbytes}
    text = json.dumps({"inputs": [entry]} | OUTPUTS | more).encode()
    return len(text), text + data.tobytes()


def head(length, body, url=URL, more=b""):
    """A request's head."""
    return (
        b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n"
        b"Inference-Header-Content-Length: %d\r\n%s\r\n" % (url, len(body), length, more)
    )


@pytest.fixture
def shelf(tmp_path):
    handmade.marked(tmp_path / "marked", 1000.0)
    return Shelf([tmp_path / "marked"], threads=1)


@pytest.fixture
def application(shelf):
    """One whose `marked` was asked by every text that the tests ask by, the long way."""
    made = Application(shelf)
    learn(made)
    return made


def learn(application):
    from zoo.serve import tensors

    model = application.shelf.model("marked-decode")
    for rows in (1, 2):
        length, content = body(1.0, rows)
        asked = tensors.read(model, content, length, 8)
        tensors.write(model, asked, model.call(**asked.given))
    model.paces[True].took(1e-5, 1)


def headers(length, content, *more):
    return [(b"content-length", b"%d" % len(content)), (JSON_LENGTH, b"%d" % length), *more]


def answered(application, values=2.0, rows=1, more=(), **fields):
    length, content = body(values, rows, **fields)
    quick = Quick(application)
    given = headers(length, content, *more)
    asked = quick.asked(URL, given)
    return asked and quick.answer(asked, content, None, [])


def test_a_known_text_is_answered(application):
    text = answered(application)
    told, length = text.partition(b"\r\n\r\n")[0], body(2.0)[0]
    assert told.startswith(b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream")
    sums = np.frombuffer(text[-32:], np.float32).reshape(2, 4)
    np.testing.assert_array_equal(sums, [[1002.0] * 4, [-998.0] * 4])
    assert answered(application, 3.0, rows=2) != text and length


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ([(b"content-encoding", b"gzip")], {}),
        ([(b"accept-encoding", b"gzip")], {}),
        ([(b"host", b"a"), (b"host", b"b")], {}),
        ([(b"expect", b"100-continue")], {}),
        ([(b"transfer-encoding", b"chunked")], {}),
        ([], {"id": "mine"}),
    ],
    ids=["packed", "pack", "twice", "expect", "chunked", "id"],
)
def test_what_wants_more_thought_goes_the_long_way(application, more, fields):
    assert answered(application, more=more, **fields) is None
    assert answered(application) is not None


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_refused_goes_the_long_way(application, value):
    assert answered(application, value) is None


def test_what_is_slow_or_drains_or_asks_for_a_token_goes_the_long_way(application, shelf):
    application.draining = True
    assert answered(application) is None
    application.draining = False
    shelf.model("marked-decode").paces[True].took(1.0, 1)
    assert answered(application) is None
    for access in (Access(tokens=("sesame",)), Access(origins=("https://lab.example",))):
        guarded = Application(shelf, access=access)
        learn(guarded)
        assert answered(guarded) is None


@pytest.mark.parametrize(
    "limits", [Limits(rows=1), Limits(answer_bytes=32)], ids=["rows", "answer"]
)
def test_more_than_is_taken_goes_the_long_way(shelf, limits):
    limited = Application(shelf, limits)
    learn(limited)
    assert answered(limited, rows=1) is not None and answered(limited, rows=2) is None


def without_date(answer):
    return b"\r\n".join(line for line in answer.split(b"\r\n") if not line.startswith(b"date: "))


@pytest.mark.parametrize("name", ["conv_vae-mnist", "molecule_vae-qm9", "rnn_vae-mnist"])
def test_either_way_answers_alike(server, name):
    """The second time it goes the short way; with a header that is not known the long one."""
    artifact = zoo.load(ROOT / "exports" / name, threads=1)
    with np.load(artifact.folder / "test_data" / "inputs.npz") as stored:
        given = {key: stored[key][:1] for key in stored.files}
    for key, endpoint in artifact.endpoints.items():
        entries, data = [], b""
        for tensor in endpoint.inputs:
            array = given[tensor.name].astype(tensor.dtype)
            shape = list(array.shape) if array.ndim > 1 else [1, 1]
            kind = {"float32": "FP32", "int32": "INT32", "int64": "INT64"}[tensor.dtype]
            size = {"binary_data_size": array.nbytes}
            entries.append(
                {"name": tensor.name, "shape": shape, "datatype": kind, "parameters": size}
            )
            data += array.tobytes()
        text = json.dumps({"inputs": entries} | OUTPUTS).encode()
        content = text + data
        url = b"/v2/models/%s-%s/infer" % (name.encode(), key.encode())
        first = head(len(text), content, url)
        last = b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        raw(server, first + content + last)
        short = raw(server, first + content + last)
        long = raw(server, head(len(text), content, url, b"X-Other: 1\r\n") + content + last)
        assert without_date(short) == without_date(long)
        assert short.startswith(b"HTTP/1.1 200 ")
        wanted = getattr(artifact, key)(**{t.name: given[t.name] for t in endpoint.inputs})
        for value in wanted:
            assert value.tobytes() in short


def test_requests_behind_each_other_are_answered_in_their_order(server):
    length, one = body(1.0)
    _, two = body(2.0)
    asked = json.dumps({"z": [[5.0] * 4]}).encode()
    words = b"POST /v1/marked/decode HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(asked)
    known = head(length, one) + one
    raw(server, known + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    told = raw(
        server,
        known
        + words
        + asked
        + head(length, two)
        + two
        + head(length, one)
        + one
        + b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    marks = [np.float32(each).tobytes() * 4 for each in (1001.0, 1002.0)]
    places = [told.index(marks[0]), told.index(b"1005.0"), told.index(marks[1])]
    places += [told.rindex(marks[0]), told.index(b'{"live":true}')]
    assert places == sorted(places) and told.count(b"HTTP/1.1 200 ") == 5


def test_a_request_in_many_pieces_and_one_that_is_refused(server):
    length, content = body(7.0)
    close = head(length, content, more=b"Connection: close\r\n")
    for known in (head(length, content) + content, head(length, content) + content):
        whole = raw(server, known + close + content)
    pieces = [bytes([each]) for each in close + content]
    assert np.float32(1007.0).tobytes() * 4 in whole and whole.count(b"HTTP/1.1 200 ") == 2
    assert raw(server, pieces).startswith(b"HTTP/1.1 200 ")
    _, spoilt = body(np.nan)
    told = raw(server, close + spoilt)
    assert told.startswith(b"HTTP/1.1 400 ") and b"must be finite" in told
