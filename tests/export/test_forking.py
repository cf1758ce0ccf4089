"""The server of forks: one process that has loaded TensorFlow makes every export in a fork."""

import os
import signal
import sys
import threading

import pytest
from processes import alive, children, until

from zoo.errors import ExportError
from zoo.export import processes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the fork server is for Linux alone"),
]

LOOK = """
import os, sys
from pathlib import Path
from zoo.export import forking, making

def make(stage, contract):
    loaded = "tensorflow" in sys.modules
    if stage == "wait":
        Path("begun").touch()
        import time; time.sleep(60)
    if stage == "die":
        os.kill(os.getpid(), 9)
    if stage == "fail":
        raise OSError(28, "full", "there")
    before, making.left = getattr(making, "left", None), stage
    print("said to the log")
    return {"before": before, "loaded": loaded, "pid": os.getpid(), "parent": os.getppid(),
            "cwd": os.getcwd(), "variable": os.environ.get("ZOO_TEST"), "path": sys.path[0]}

making.make = make
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A fork server whose exports are looked at instead of made; gives what asks it.

    One for all tests: loading TensorFlow takes it seconds. It ends with its block.
    """
    folder, parents = tmp_path_factory.mktemp("served"), []
    (folder / "looked_at.py").write_text(LOOK + "forking.main()\n")
    popen = processes._popen

    def ask(stage):
        with processes.maker() as make:
            seen = make(stage=stage, contract=None)
        parents.append(seen["parent"])
        return seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "_start", processes._process)
        patch.setattr(processes, "_popen", lambda _, **streams: popen("looked_at", **streams))
        patch.syspath_prepend(folder)
        with processes.fork_server():
            yield ask
            assert alive(parents[-1])
        assert not alive(parents[-1])


@pytest.fixture
def server(served, tmp_path, monkeypatch):
    """What asks it, from a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return served


def test_every_export_has_a_fork_in_which_there_is_nothing_of_an_earlier_one(
    server, tmp_path, monkeypatch
):
    first = server("first")
    monkeypatch.setenv("ZOO_TEST", "set since")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.syspath_prepend("/added since")
    second = server("second")
    assert first["loaded"] and second["loaded"]
    assert first["before"] is None and second["before"] is None
    assert first["parent"] == second["parent"] != os.getpid() and first["pid"] != second["pid"]
    assert (first["variable"], second["variable"]) == (None, "set since")
    assert second["cwd"] == str(tmp_path / "elsewhere") and second["path"] == "/added since"

    with pytest.raises(OSError, match="full") as full:
        server("fail")
    assert full.value.errno == 28 and full.value.filename == "there"
    with pytest.raises(ExportError, match="was ended by SIGKILL"):
        server("die")
    assert server("third")["parent"] == first["parent"]  # a fork that dies harms no other


def test_an_interrupt_ends_the_fork_and_the_next_export_has_a_new_server(server, tmp_path):
    parent = server("first")["parent"]
    forks = []

    def interrupt():
        until((tmp_path / "begun").exists)
        forks.extend(children(parent))
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=interrupt).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            server("wait")
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(forks) == 1 and not alive(forks[0]) and not alive(parent)
    assert server("second")["parent"] != parent


def test_a_server_that_was_killed_is_started_again(server):
    parent = server("first")["parent"]
    os.kill(parent, signal.SIGKILL)
    ended = os.WEXITED | os.WNOHANG | os.WNOWAIT
    until(lambda: os.waitid(os.P_PID, parent, ended))  # with all its threads
    assert server("second")["parent"] != parent


def test_a_block_within_another_has_the_same_server_and_does_not_end_it(server):
    before = server("first")["parent"]
    with processes.fork_server():
        assert server("second")["parent"] == before
    assert server("third")["parent"] == before
