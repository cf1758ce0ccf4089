import http.server
import socket
import threading
import time

import pytest

from zoo.datasets import network

pytest.importorskip("requests")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def silent():
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def answering():
    """The address of a server that answers, if only with 404 or 501."""
    handler = http.server.BaseHTTPRequestHandler
    handler.log_message = lambda *_: None
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/file"
        server.shutdown()


def test_a_silent_server_is_given_up_in_time(silent):
    start = time.monotonic()
    assert not network.reachable([silent, silent], seconds=0.3)
    assert time.monotonic() - start < 1


def test_one_host_that_answers_is_enough(silent, answering):
    assert network.reachable([silent, answering], seconds=5)


def test_a_refused_connection_is_no_network():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    assert not network.reachable([f"http://127.0.0.1:{free}"], seconds=5)


def test_a_silent_proxy_is_no_network(silent, monkeypatch):
    for variable in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, silent)
    assert not network.reachable(["http://data.invalid/file"], seconds=0.3)
