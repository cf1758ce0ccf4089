"""Requests of the binary protocol, as bytes, with something changed at random."""

import copy
import json

import numpy as np

VALUES = (
    None, True, -1, 0, 1, 2**31, 2**63, 2**70, 1e308, "", "z", "FP32", "BYTES", "\ud800", [],
    [1, 4], [-1, 4], [2**40, 4], [0], {}, {"binary_data_size": 16}, {"binary_data": 1}, [[]], [{}],
)  # fmt: skip
HEADERS = (
    b"Content-Encoding: gzip", b"Content-Encoding: deflate", b"Accept-Encoding: gzip",
    b"Inference-Header-Content-Length: 3", b"Inference-Header-Content-Length: -1",
    b"Content-Length: 7", b"Transfer-Encoding: chunked", b"Expect: 100-continue",
    b"Content-Type: text/html", b"X: \xff\xfe", b"Connection: upgrade\r\nUpgrade: websocket",
)  # fmt: skip
PLACES = (b"marked-decode", b"marked-decode/versions/1", b"absent", b"..", b"%00", b"", b"table")


def sound(z, rows=1):
    """A request that is answered."""
    return _bytes(_asked(rows), np.asarray(z, "<f4").tobytes(), [], b"marked-decode")


def changed(chance):
    """A request in which something is not as it should be, or everything is.

    Args:
        chance: a `random.Random`.
    """
    rows = chance.choice((0, 1, 1, 2, 7))
    asked, tail = _asked(rows), chance.randbytes(rows * 16)
    headers, place = [], PLACES[0]
    for _ in range(chance.choice((0, 1, 1, 2))):
        match chance.randrange(6):
            case 0:
                _change(asked, chance)
            case 1:
                tail = tail[: chance.randrange(len(tail) + 1)] + chance.randbytes(4)
            case 2:
                headers.append(chance.choice(HEADERS))
            case 3:
                place = chance.choice(PLACES)
            case 4:
                some = asked["inputs"] if isinstance(asked["inputs"], list) else [asked["inputs"]]
                twice = [*some, *some]
                asked["inputs"] = copy.deepcopy(chance.choice(([], twice, chance.choice(VALUES))))
            case 5:
                _change(asked["inputs"][0] if isinstance(asked["inputs"], list) and asked["inputs"]
                        and isinstance(asked["inputs"][0], dict) else asked, chance)  # fmt: skip
    made = _bytes(asked, tail, headers, place)
    if chance.random() < 0.15:  # a byte anywhere
        at = chance.randrange(len(made))
        made = made[:at] + chance.randbytes(1) + made[at + 1 :]
    return made


def _asked(rows):
    tensor = {"name": "z", "shape": [rows, 4], "datatype": "FP32"}
    tensor["parameters"] = {"binary_data_size": rows * 16}
    return {"inputs": [tensor], "parameters": {"binary_data_output": True}}


def _change(asked, chance):
    known = ("id", "inputs", "outputs", "parameters", "name", "shape", "datatype", "data")
    asked[chance.choice((*asked, *known))] = copy.deepcopy(chance.choice(VALUES))


def _bytes(asked, tail, headers, place):
    text = json.dumps(asked).encode()
    lines = [
        b"POST /v2/models/" + place + b"/infer HTTP/1.1",
        b"Host: a",
        b"Connection: close",
        b"Content-Length: %d" % (len(text) + len(tail)),
        b"Inference-Header-Content-Length: %d" % len(text),
        *headers,
        b"",
        text,
    ]
    return b"\r\n".join(lines) + tail
