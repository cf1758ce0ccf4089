"""`zoo.export.making` in a process of its own: started, asked, and ended with this one."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
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


@contextlib.contextmanager
def maker():
    """Starts the process; yields a function that asks it, once: `making.make`'s arguments, JSON.

    It begins to load TensorFlow at once. However the block ends, the process has ended after it; an
    interrupt ends it too.
    """
    with (
        tempfile.TemporaryDirectory(prefix="zoo-export-") as folder,
        open(Path(folder) / "log", "w+b") as log,
    ):
        answer = Path(folder) / "answer.json"
        process = subprocess.Popen(
            [sys.executable, "-m", "zoo.export.making", str(answer)],
            env=os.environ | ON_THE_CPU | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
        try:
            yield lambda **request: _ask(process, request, answer, log)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()


def _ask(process, request, answer, log):
    with contextlib.suppress(BrokenPipeError):  # it has crashed: said below
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
    code = process.wait()
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
