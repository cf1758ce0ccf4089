"""Whoever reads the log may stall, or go: answers go on, and lines left out are counted."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from serve.running import ROOT, Running
from zoo.serve import record

REQUEST = record.Answered(0.0, None, "GET", "/v2", 200, 0.001, 0, 72, "", 0)


class Stream:
    """Takes nothing until it is let."""

    def __init__(self):
        self.open, self.taken = threading.Event(), b""

    def write(self, content):
        self.open.wait(30)
        self.taken += bytes(content)
        return len(content)


def test_lines_beyond_those_that_wait_are_left_out_and_counted(monkeypatch):
    monkeypatch.setattr(record, "MOST_LINES", 5)
    stream = Stream()
    log = record.Log(stream)
    for _ in range(50):
        log.request(REQUEST._replace(client=("127.0.0.1", 1)))
    stream.open.set()
    log.close()
    lines = [json.loads(line) for line in stream.taken.splitlines()]
    left_out = sum(line["count"] for line in lines if line["event"] == "lines_left_out")
    requests = sum(line["event"] == "request" for line in lines)
    assert left_out and left_out + requests == 50


def test_a_path_of_any_characters_is_one_line_of_json(monkeypatch):
    stream = Stream()
    stream.open.set()
    log = record.Log(stream)
    paths = ['/"\n', "/\ud800", "/\x7f\x00\u2028", "/" + "a" * 1000]
    for path in paths:
        log.request(REQUEST._replace(path=path))
    log.close()
    lines = stream.taken.decode("ascii").splitlines()
    assert [json.loads(line)["path"] for line in lines] == [path[:400] for path in paths]


@pytest.mark.slow
@pytest.mark.parametrize("gone", [False, True], ids=["stalls", "goes"])
def test_answers_go_on_while_nobody_reads(made, gone):
    command = [sys.executable, "-m", "zoo", "serve", str(made / "marked"), "--port", "0"]
    reads, writes = os.pipe()
    process = subprocess.Popen(command, stdout=writes, cwd=ROOT)
    os.close(writes)
    try:
        with open(reads, "rb", buffering=0) as reader:
            line = b""
            while not line.endswith(b"\n"):
                line += reader.read(1)
            running = Running.__new__(Running)
            running.host = json.loads(line)["address"].removeprefix("http://")
            if gone:
                reader.close()
            path = "/v2/" + "a" * 300  # a pipe holds some 150 such lines
            assert {running.ask("GET", path)[0] for _ in range(600)} == {404}
            process.send_signal(signal.SIGTERM)
            if not gone:
                lines = [json.loads(each) for each in reader.readall().splitlines()]
                assert sum(each["event"] == "request" for each in lines) == 600
                assert lines[-1]["event"] == "ended"
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
