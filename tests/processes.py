"""Scripts as they are run: in this process, or in one that a test will interrupt."""

import contextlib
import io
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


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


def interruptible():
    """For `preexec_fn`: the process hears Ctrl-C, even where the tests themselves run deaf to it.

    A shell starts what it runs in the background with SIGINT ignored, and children inherit that.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
