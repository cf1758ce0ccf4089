"""Requests with something changed at random: answered or refused, never a failure of the server."""

import json
import random

import numpy as np
import pytest

from serve.requests_at_random import changed, sound
from serve.running import raw

CASES = 150


@pytest.mark.parametrize("seed", [0, 1])
def test_no_request_is_a_failure_of_the_server(server, seed):
    chance = random.Random(seed)
    statuses = []
    for _ in range(CASES):
        found = raw(server, changed(chance), 0.2)
        if found:
            statuses.append(int(found.split(b" ", 2)[1]))
    assert len(statuses) > CASES / 2 and max(statuses) < 500
    assert {200, 400} <= {*statuses}
    z = np.arange(4, dtype=np.float32)
    answer = raw(server, sound(z))
    head, body = answer.split(b"\r\n\r\n", 1)
    length = int(head.lower().split(b"inference-header-content-length: ")[1].split(b"\r\n")[0])
    assert json.loads(body[:length])["model_name"] == "marked-decode"
    np.testing.assert_array_equal(np.frombuffer(body[length : length + 16], "<f4"), z + 1000)
