"""Under load: nobody gets another's answer, a newer version loses nobody, an end loses nobody."""

import http.client
import json
import os
import shutil
import threading
import time

import numpy as np
import pytest

from serve import handmade
from serve.running import Running
from zoo.serve import models
from zoo.serve.models import Shelf

CLIENTS = 8


@pytest.fixture
def own(tmp_path):
    """(a `Running` of its own that looks at its artifact all the time, the artifact's folder)."""
    handmade.marked(tmp_path / "marked", 1000.0)
    running = Running(tmp_path / "log", tmp_path / "marked", "--look-seconds", "0.1")
    yield running, tmp_path / "marked"
    running.kill()


class Client(threading.Thread):
    """Asks on one connection until it is told to stop or the server says that it closes.

    Those of even numbers ask by bytes, the others by JSON.
    """

    def __init__(self, host, number):
        super().__init__(daemon=True)
        self.host, self.number = host, number
        self.answers, self.failure, self.stopped = [], None, False

    def run(self):
        connection = http.client.HTTPConnection(self.host, timeout=30)
        connection.connect()
        count = 0
        while not self.stopped:
            value = self.number * 10_000 + count
            count += 1
            try:
                connection.request("POST", "/v2/models/marked-decode/infer", *self.asks(value))
                answer = connection.getresponse()
                told = read(answer)
            except (OSError, http.client.HTTPException) as error:
                self.failure = error
                return
            self.answers.append((value, answer.status, told))
            if answer.headers.get("Connection") == "close":
                return

    def asks(self, value):
        """(a request's body, its headers)."""
        tensor = {"name": "z", "shape": [1, 4], "datatype": "FP32"}
        if self.number % 2:
            return json.dumps({"inputs": [tensor | {"data": [value] * 4}]}), {}
        tensor["parameters"] = {"binary_data_size": 16}
        text = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
        data = np.full(4, value, np.float32).tobytes()
        return text + data, {"Inference-Header-Content-Length": str(len(text))}


def read(answer):
    """An answer's JSON, tensors that lie behind it in their places."""
    body = answer.read()
    length = int(answer.headers.get("Inference-Header-Content-Length", len(body)))
    told = json.loads(body[:length])
    for output in told.get("outputs", ()):
        if "data" not in output:
            output["data"] = np.frombuffer(body, np.float32, 4, length).tolist()
            length += 16
    return told


def marks(client):
    """{version: marks} of the answers of a client, each of which is whole and its own."""
    found = {}
    for value, status, told in client.answers:
        assert status == 200, told
        total, difference = (output["data"][0] for output in told["outputs"])
        assert (total + difference) / 2 == value
        found.setdefault(told["model_version"], set()).add(total - value)
    return found


def begun(running, count=CLIENTS):
    clients = [Client(running.host, number) for number in range(1, count + 1)]
    for client in clients:
        client.start()
    return clients


def ended(clients):
    for client in clients:
        client.stopped = True
        client.join(30)
    assert [client.failure for client in clients] == [None] * len(clients)


def test_sigterm_under_load_every_accepted_request_is_answered(own):
    running, _ = own
    clients = begun(running)
    while not all(len(client.answers) > 2 or client.failure for client in clients):
        time.sleep(0.01)
    assert running.end() == 0
    ended(clients)
    assert all(client.answers[-1][1] == 200 for client in clients)
    assert running.events("ended") and not running.events("error")


def test_a_newer_version_under_load_none_is_dropped_and_none_mixed(own, tmp_path):
    running, folder = own
    clients = begun(running)
    for version, mark in ((2, 2000.0), (3, 4000.0)):
        handmade.marked(tmp_path / "next", mark)
        os.rename(folder, tmp_path / f"old{version}")
        os.rename(tmp_path / "next", folder)
        running.wait_for("artifact", version - 1)
    time.sleep(0.3)
    ended(clients)
    found = {}
    for client in clients:
        for version, seen in marks(client).items():
            found.setdefault(version, set()).update(seen)
    assert found == {"1": {1000.0}, "2": {2000.0}, "3": {4000.0}}


def test_a_spoilt_version_is_not_picked_up_and_the_one_before_stays(own, tmp_path):
    running, folder = own
    handmade.marked(tmp_path / "next", 5.0)
    graph = tmp_path / "next" / "onnx" / "decode.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"\0")
    os.rename(folder, tmp_path / "old")
    os.rename(tmp_path / "next", folder)
    assert "not picked up, version 1 stays" in running.wait_for("artifact")["what"]
    client = Client(running.host, 1)
    client.start()
    time.sleep(0.3)
    ended([client])
    assert marks(client) == {"1": {1000.0}}


def test_a_folder_that_is_gone_is_served_on(own):
    running, folder = own
    shutil.rmtree(folder)
    time.sleep(0.4)
    assert running.ask("GET", "/v2/health/ready")[0] == 200
    client = Client(running.host, 1)
    client.start()
    time.sleep(0.2)
    ended([client])
    assert marks(client) == {"1": {1000.0}}


def test_after_kill_9_the_next_start_is_clean(own, tmp_path):
    running, folder = own
    before = sorted(folder.rglob("*"))
    clients = begun(running, 2)
    time.sleep(0.3)
    running.kill()
    for client in clients:
        client.join(10)
    assert sorted(folder.rglob("*")) == before
    again = Running(tmp_path / "again", folder)
    assert again.ask("GET", "/v2/health/ready")[0] == 200
    assert again.end() == 0


def test_32_clients_with_seeds_of_their_own_get_their_own_answers(server, folders):
    import zoo

    wanted = zoo.load(folders["conv_vae-mnist"], threads=1).generate
    found = {}

    def ask(number):
        seeds = [number, 1000 + number]
        tensor = {"name": "seed", "shape": [2], "datatype": "INT64", "data": seeds}
        asked = {"inputs": [tensor], "outputs": [{"name": "x_mean"}]}
        for _ in range(3):
            status, answer = server.post("/v2/models/conv_vae-mnist-generate/infer", asked)
            data = answer["outputs"][0]["data"] if status == 200 else answer
            found.setdefault(number, []).append(data)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, answers in found.items():
        mine = wanted([number, 1000 + number]).x_mean.ravel()
        for each in answers:
            np.testing.assert_array_equal(np.float32(each), mine)
    assert len(found) == 32


def test_metrics_and_log_tell_of_requests(server):
    server.ask("GET", "/v2/models/absent")
    server.post("/v1/marked/decode", {"z": [[0, 0, 0, 0]] * 7})  # as many as no other test
    text = server.ask("GET", "/metrics")[2].decode()
    assert 'zoo_requests_total{model="marked-decode",status="200"}' in text
    assert "absent" not in text
    assert 'zoo_artifact_version{artifact="marked"} 1.0' in text
    end, lines = time.monotonic() + 10, []
    while not lines and time.monotonic() < end:  # the log is written some lines at a time
        lines = [each for each in server.events("request") if each["rows"] == 7]
        lines = [each for each in lines if each["path"] == "/v1/marked/decode"]
    line = lines[-1]
    assert line["status"] == 200
    assert line["model"] == "marked-decode"
    assert line["ms"] > 0 and line["bytes_in"] > 0 and line["client"] == "127.0.0.1"


def test_a_folder_whose_files_come_after_its_manifest_is_picked_up_once_it_is_whole(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(models, "AGAIN", 0.0)
    handmade.marked(tmp_path / "marked", 1.0)
    handmade.marked(tmp_path / "next", 2.0)
    shelf = Shelf([tmp_path / "marked"])
    graph = tmp_path / "marked" / "onnx" / "decode.onnx"
    graph.unlink()
    (tmp_path / "next" / "manifest.json").rename(tmp_path / "marked" / "manifest.json")
    ((name, what),) = shelf.look_again()
    assert name == "marked" and "not picked up, version 1 stays" in what
    assert shelf.look_again() == []  # it was said
    (tmp_path / "next" / "onnx" / "decode.onnx").rename(graph)
    assert shelf.look_again() == [("marked", "version 2 is served")]
    assert shelf.look_again() == []


def test_a_spoilt_folder_is_not_loaded_again_and_again(tmp_path, monkeypatch):
    handmade.marked(tmp_path / "marked", 1.0)
    shelf = Shelf([tmp_path / "marked"])
    handmade.marked(tmp_path / "next", 2.0)
    (tmp_path / "next" / "onnx" / "decode.onnx").write_bytes(b"spoilt")
    os.rename(tmp_path / "marked", tmp_path / "old")
    os.rename(tmp_path / "next", tmp_path / "marked")
    assert "not picked up" in shelf.look_again()[0][1]
    monkeypatch.setattr(shelf, "_load", None)
    assert shelf.look_again() == []
