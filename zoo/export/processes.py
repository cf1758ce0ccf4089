"""`zoo.export.making` in a process of its own: started, asked, and ended with this one.

Every export has a new process, which loads TensorFlow for seconds. Within `fork_server` one process
loads it, once, and every export has a fork of that.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from zoo.errors import ExportError

ON_THE_CPU = {
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "",
    "HIP_VISIBLE_DEVICES": "",
    "JAX_PLATFORMS": "cpu",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
"""The environment in which an export is made and proven."""

LINES = 12
"""Of what a process wrote before it crashed: enough for the end of a traceback."""


ENDING = 10
"""Seconds that a fork has to end in once it is told to."""


@contextlib.contextmanager
def fork_server():
    """While in the block, exports of this process do not wait for TensorFlow, from the second on.

    For many in a row: a process that has loaded it waits beside this one, with some 0.7 GB, from
    the first export to the end of the block, and each export is made in a fork of it. What
    TensorFlow reads from the environment while it is imported, it has read by then. On Linux alone,
    for no other system forks a process with threads safely; elsewhere this changes nothing.
    """
    global _start
    if sys.platform != "linux" or _start != _process:
        yield
        return
    server = _ForkServer()
    _start = server.start
    try:
        yield
    finally:
        _start = _process
        server.end()


@contextlib.contextmanager
def maker():
    """Starts the process; yields a function that asks it, once: `making.make`'s arguments, JSON.

    It begins to load TensorFlow at once. However the block ends, the process has ended after it; an
    interrupt ends it too.
    """
    with (
        tempfile.TemporaryDirectory(prefix="zoo-export-") as folder,
        open(Path(folder) / "log", "a+b") as log,
    ):
        answer = Path(folder) / "answer.json"
        with _start(answer, log) as ask:
            yield lambda **request: _made(ask(request), answer, log)


@contextlib.contextmanager
def _process(answer, log):
    """Starts a process of its own for an export; yields what asks it, and gives its exit code."""
    process = _popen("zoo.export.making", str(answer), stdout=log, stderr=log)

    def ask(request):
        _write(process, request)
        return process.wait()

    try:
        yield ask
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        _close(process)


_start = _process


class _ForkServer:
    """`zoo.export.forking`, started when it is first wanted and again where it has ended."""

    def __init__(self):
        self._one_at_a_time = threading.Lock()
        self._log = tempfile.TemporaryFile()
        self._process = None

    @contextlib.contextmanager
    def start(self, answer, log):
        """As `_process`."""
        with self._one_at_a_time:
            if self._process is None or self._process.poll() is not None:
                self._process = _popen(
                    "zoo.export.forking", stdout=subprocess.PIPE, stderr=self._log
                )
            idle = True

            def ask(request):
                nonlocal idle
                idle = False
                here = {"environ": os.environ | ON_THE_CPU, "cwd": os.getcwd(), "path": sys.path}
                order = here | {"request": request, "answer": str(answer), "log": log.name}
                _write(self._process, order)
                code = self._process.stdout.readline()
                if not code:  # the server itself has crashed
                    self._log.seek(0)
                    shutil.copyfileobj(self._log, log)
                    return self._process.wait()
                idle = True
                return int(code)

            try:
                yield ask
            finally:
                if not idle:  # interrupted
                    self._end()

    def end(self):
        """Ends the server and what it is making."""
        with self._one_at_a_time:
            self._end()
            self._log.close()

    def _end(self):
        if self._process is None:
            return
        _close(self._process)  # at which a fork ends, and after it the server
        try:
            self._process.wait(ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._process = None


def _popen(module, *arguments, **streams):
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | ON_THE_CPU | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        **streams,
    )


def _write(process, value):
    """Sends a line of JSON; to one that has crashed nothing, which its exit code will say."""
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(value).encode() + b"\n")
        process.stdin.flush()


def _close(process):
    with contextlib.suppress(BrokenPipeError):  # of what was not written yet
        process.stdin.close()


def _made(code, answer, log):
    """What `making.make` gave, or raises what it raised."""
    if code != 0 or not answer.exists():
        raise ExportError(_crash(code, log))
    found = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in found:
        raise ExportError(found["error"])
    if "os_error" in found:
        raise OSError(*found["os_error"])
    return found["made"]


def _crash(code, log):
    log.seek(0)
    lines = log.read().decode(errors="replace").splitlines()[-LINES:]
    ended = f"ended with exit code {code}"
    if code < 0:
        ended = f"was ended by {signal.Signals(-code).name}"
    if -code == signal.SIGKILL:
        ended += ", which the system sends where memory ran out"
    written = ":\n" + "\n".join(lines) if lines else "; it wrote nothing."
    return f"The process that makes and proves the export {ended}{written}"
