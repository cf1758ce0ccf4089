"""What a refused request held is free once it is answered, and not when Python looks for it."""

import gc
import gzip
import json
import tracemalloc

import pytest

from serve import handmade
from serve.running import run
from zoo.serve import bodies
from zoo.serve.application import Application
from zoo.serve.models import Shelf
from zoo.serve.refused import Refused
from zoo.serve.settings import Limits

BOMB = gzip.compress(bytes(3_000_000))
LONG = json.dumps({"z": [[0.0] * 4] * 2000}).encode()


@pytest.fixture
def application(tmp_path):
    handmade.marked(tmp_path / "marked", 1.0)
    made = Application(Shelf([tmp_path / "marked"]), Limits(body_bytes=10**6, rows=5))
    yield made
    made.work.close()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_is_counted_and_never_held(encoding):
    bomb = bodies.packed(bytes(2**26), encoding)
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match="more than 16,777,216 bytes"):
            bodies.unpacked(bomb, encoding, 2**24)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**23
    assert bodies.unpacked(bomb, encoding, 2**26) == bytes(2**26)


async def ask(application, body, headers):
    scope = {"type": "http", "method": "POST", "path": "/v1/marked/decode", "client": None}
    scope["headers"] = headers
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    await application(scope, receive, send)
    return sent[0]["status"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (BOMB, [(b"content-encoding", b"gzip")], 413),
        (gzip.compress(b"{"), [(b"content-encoding", b"gzip")], 400),
        (LONG, [], 400),
        (b"{", [], 400),
        (b'{"z": [[1, 2, 3, null]]}', [], 400),
    ],
    ids=["bomb", "packed", "rows", "malformed", "refused by zoo.load"],
)
def test_no_refusal_outlives_its_answer(application, body, headers, status):
    gc.collect()
    gc.disable()
    try:
        assert run(ask(application, body, headers)) == status
        held = [each for each in gc.get_objects() if isinstance(each, Refused)]
        frames = [each for each in held if each.__traceback__ is not None]
    finally:
        gc.enable()
    assert not frames
