"""What one client takes of the server is bounded, and the others are answered meanwhile."""

import contextlib
import json
import os
import re
import struct
import threading
import time

import pytest

from serve import handmade
from serve.running import Running, all_of, connected, raw

pytestmark = pytest.mark.slow

SECOND = 1_200_000
"""Rounds of the slow graph that take about a second."""

ZEROS = json.dumps({"z": [[0, 0, 0, 0]]}).encode()


@pytest.fixture
def run(made, tmp_path):
    """Starts a `Running` of `slow` and `marked` with some limits; ends it, and wants no error."""
    handmade.slow(tmp_path / "slow")
    started = []

    def start(**limits):
        started.append(Running(tmp_path / "log", tmp_path / "slow", made / "marked", limits=limits))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            assert running.end() == 0
        assert not running.events("error")


def request(path="/v1/marked/decode", body=ZEROS, method="POST", headers=()):
    lines = [f"{method} {path} HTTP/1.1", "Host: a", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Asking(threading.Thread):
    """Asks the slow graph for so many rounds."""

    def __init__(self, running, rounds):
        super().__init__(daemon=True)
        self.running, self.given, self.status, self.answer = running, [[rounds, 1, 2, 3]], None, {}
        self.start()

    def run(self):
        self.status, self.answer = self.running.post("/v1/slow/decode", {"z": self.given})


def taken(running):
    text = running.ask("GET", "/metrics")[2].decode()
    return float(re.search(r"^zoo_places_taken (.*)$", text, re.MULTILINE)[1])


def until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_full_queue_refuses_more_and_answers_what_it_took(run):
    running = run(queue=2, workers=1)
    asking = [Asking(running, SECOND) for _ in range(2)]
    until(lambda: taken(running) == 2)
    status, headers, body = running.ask("POST", "/v1/slow/decode", ZEROS)
    assert (status, headers["Retry-After"]) == (503, "1")
    assert "2 requests wait already" in json.loads(body)["error"]
    assert running.ask("GET", "/v2/health/live")[0] == 200
    for each in asking:
        each.join(30)
        assert (each.status, each.answer) == (200, {"x_mean": each.given})
    until(lambda: taken(running) == 0)
    assert running.ask("POST", "/v1/slow/decode", ZEROS)[0] == 200


def test_a_request_that_takes_too_long_is_given_up_and_its_neighbour_is_answered(run):
    running = run(seconds=0.5, workers=2)
    late = Asking(running, 3 * SECOND)
    until(lambda: taken(running) == 1)
    assert running.ask("POST", "/v1/marked/decode", ZEROS)[0] == 200
    late.join(30)
    assert late.status == 503 and "No answer within 0.5 seconds" in late.answer["error"]
    assert taken(running) == 1  # its graph is computed to its end
    assert running.ask("POST", "/v1/marked/decode", ZEROS)[0] == 200
    until(lambda: taken(running) == 0)


def test_waiting_counts_and_what_was_given_up_before_it_began_is_never_computed(run):
    running = run(seconds=0.5, workers=1)
    asking = [Asking(running, 2 * SECOND) for _ in range(4)]
    for each in asking:
        each.join(30)
        assert each.status == 503
    assert taken(running) == 1  # the one that was begun; the others' places are free
    until(lambda: taken(running) == 0)


def test_headers_that_are_late_or_long_end_their_connection(run):
    running = run(header_seconds=0.3, header_bytes=2000)
    with connected(running) as silent, connected(running) as slow:
        slow.sendall(request()[:-40])
        assert all_of(slow)[0].startswith(b"HTTP/1.1 431 ")
        assert all_of(silent)[1]
    long = request(headers=[f"X: {'a' * 3000}"])
    with connected(running) as connection:
        connection.sendall(long[:2500])
        assert all_of(connection)[0].startswith(b"HTTP/1.1 431 ")
    fits = request(headers=["Connection: close", f"X: {'a' * 1000}"])
    assert raw(running, fits).startswith(b"HTTP/1.1 200 ")


def test_connections_beyond_the_limit_are_refused_and_taken_again_once_others_end(run):
    running = run(connections=4)
    with contextlib.ExitStack() as opened:
        for _ in range(4):
            kept = opened.enter_context(connected(running))
            kept.sendall(request())
            assert kept.recv(65536).startswith(b"HTTP/1.1 200 ")
        found = raw(running, request())
        assert found.startswith(b"HTTP/1.1 503 ") and b"retry-after: 1\r\n" in found
        assert b"4 connections are open" in found
    until(lambda: running.ask("POST", "/v1/marked/decode", ZEROS)[0] == 200)


@pytest.mark.parametrize(
    "after", [b"\r\n", b"x"], ids=["the end of a line", "a body of which there is more"]
)
def test_what_begins_no_request_keeps_no_connection(run, after):
    """A byte after an answer ended the time that a connection may rest, and began none."""
    running = run(header_seconds=0.3)
    with connected(running) as connection:
        lines = ["GET /v2 HTTP/1.1", "Host: a", "Content-Length: 9" if after == b"x" else "A: b"]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        found = b""
        while not found.endswith(b"]}"):
            found += connection.recv(65536)
        connection.sendall(after)
        assert all_of(connection) == (b"", True)


def test_what_begins_no_request_keeps_no_connection_after_the_short_way(run):
    """Its answers are written without what else ends a connection that rests."""
    running = run(header_seconds=0.5)
    entry = {"name": "z", "shape": [1, 4], "datatype": "FP32"}
    entry["parameters"] = {"binary_data_size": 16}
    text = json.dumps({"inputs": [entry], "parameters": {"binary_data_output": True}}).encode()
    length = f"Inference-Header-Content-Length: {len(text)}"
    asked = request("/v2/models/marked-decode/infer", text + bytes(16), headers=[length])
    raw(running, asked + request(headers=["Connection: close"]))
    with connected(running) as connection:
        connection.sendall(asked)
        found = b""
        while not found.endswith(struct.pack("<f", -1000.0)):
            found += connection.recv(65536)
        connection.sendall(b"\r\n")
        assert all_of(connection) == (b"", True)


def test_json_over_the_limit_and_as_much_in_bytes(run):
    running = run(json_bytes=1000, json_answer_bytes=32 * 100)
    for body in (json.dumps({"z": [[0.0] * 4] * 100}), " " * 1001):
        status, _, told = running.ask("POST", "/v1/marked/decode", body)
        assert status == 413 and "wanted are 1,000 at most" in json.loads(told)["error"]
    for rows, binary, wanted in ((100, False, 200), (101, False, 400), (1000, True, 200)):
        entry = {"name": "z", "shape": [rows, 4], "datatype": "FP32"}
        entry["parameters"] = {"binary_data_size": rows * 16}
        outputs = {"binary_data_output": binary}
        text = json.dumps({"inputs": [entry], "parameters": outputs}).encode()
        headers = {"Inference-Header-Content-Length": str(len(text))}
        place = "/v2/models/marked-decode/infer"
        status, _, told = running.ask("POST", place, text + bytes(rows * 16), headers)
        assert status == wanted
        if status == 400:
            assert "as JSON; ask for bytes" in json.loads(told)["error"]


def test_a_client_that_does_not_take_its_answers_is_let_go(run):
    """Its answers lay in memory, and its connection was open, for as long as it liked."""
    running = run(read_seconds=0.3)
    large = json.dumps({"z": [[0, 0, 0, 0]] * 1024}).encode()
    with connected(running) as connection:
        with contextlib.suppress(ConnectionError, TimeoutError):
            connection.sendall(request(body=large) * 200)
        until(lambda: _open_connections(running) == 0)
    assert running.ask("POST", "/v1/marked/decode", ZEROS)[0] == 200


def test_a_client_that_takes_its_answers_slowly_gets_them_all(run):
    running = run(read_seconds=1.0)
    large = json.dumps({"z": [[0, 0, 0, 0]] * 1024}).encode()
    answers, found = 100, b""
    with connected(running, 20) as connection:
        sending = threading.Thread(target=connection.sendall, args=(request(body=large) * answers,))
        sending.start()
        while found.count(b"HTTP/1.1 200 ") < answers or not found.endswith(b"]]}"):
            part = connection.recv(2**19)
            assert part, "cut off"
            found += part
            time.sleep(0.02)
        sending.join()


def _open_connections(running):
    """Sockets of the server beside the one that listens, and the two of its event loop."""
    folder = f"/proc/{running.process.pid}/fd"
    found = 0
    for name in os.listdir(folder):
        with contextlib.suppress(OSError):
            found += os.readlink(f"{folder}/{name}").startswith("socket:")
    return found - 3


def test_a_connection_that_is_made_while_it_drains_is_answered_and_closed(run):
    running = run(drain_seconds=1.0)
    early = connected(running)
    late = Asking(running, 2 * SECOND)
    until(lambda: taken(running) == 1)
    running.terminate()
    running.wait_for("draining")
    for _ in range(3):
        found = raw(running, request())
        assert found.startswith(b"HTTP/1.1 200 ") and b"connection: close" in found
    assert running.ask("GET", "/v2/health/ready")[0] == 503
    with early:  # it was open before, and had asked nothing
        early.sendall(request())
        assert all_of(early)[0].startswith(b"HTTP/1.1 200 ")
    late.join(30)
    assert late.status == 200
    assert running.process.wait(30) == 0


def test_connections_of_the_last_instant_of_a_drain_are_answered_or_not_made(run):
    """A connection whose request was on its way when the server stopped to listen was reset."""
    running = run(drain_seconds=0.3)
    outcomes = []

    def ask():
        while True:
            try:
                connection = connected(running)
            except OSError:  # nobody listens any more
                return
            with connection:
                time.sleep(0.02)
                try:
                    connection.sendall(request(headers=["Connection: close"]))
                    outcomes.append(all_of(connection)[0][:12])
                except OSError:
                    outcomes.append(b"reset")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    running.terminate()
    for thread in threads:
        thread.join(30)
    counts = {each: outcomes.count(each) for each in outcomes}
    reset = counts.pop(b"reset", 0)  # the kernel makes one between the last look and the end, maybe
    assert {*counts} == {b"HTTP/1.1 200"} and reset <= 1, (counts, reset)
    assert running.process.wait(30) == 0
