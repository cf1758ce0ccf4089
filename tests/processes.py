"""Scripts as they are run, but in this process; and looks at other processes."""

import contextlib
import io
import os
import runpy
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

ON_JAX = {
    "KERAS_BACKEND": "jax",
    "XLA_FLAGS": "--xla_backend_optimization_level=0",
    "JAX_COMPILATION_CACHE_DIR": str(Path(os.environ["VAE_ZOO_CACHE"]) / "jax"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
"""Of the environment, for what computes little on JAX: compiling it takes a fifth less, and what
one process of a session has compiled the others take."""


def run_here(path, *arguments, cwd):
    """Runs a script of the repository in `cwd` as `python PATH ...` does, but in this process.

    A process of its own would take seconds to import what is here already. Gives what
    `subprocess.run` would.
    """
    path, code = ROOT / path, 0
    command = [str(path), *map(str, arguments)]
    said, complained = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
    ):
        patch.chdir(cwd)
        patch.syspath_prepend(path.parent)
        patch.setattr(sys, "argv", command)
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as ended:
            code = ended.code or 0
    if isinstance(code, str):  # as Python itself does
        complained.write(code)
        code = 1
    return subprocess.CompletedProcess(command, code, said.getvalue(), complained.getvalue())


def children(process):
    """Numbers of a process's children."""
    found = Path(f"/proc/{process}/task/{process}/children")
    return [int(each) for each in found.read_text().split()]


def until(condition, seconds=120):
    """Waits for a condition; what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


def alive(process):
    """Whether a process runs; one that has ended and is nobody's child any more does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False
