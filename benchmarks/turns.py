"""Processes that take turns: each holds a way to do a thing, and works when it is asked to.

Where ways need a library of their own each, or as much of a device's memory as there is, they
cannot share a process as `paired.py` has them do; starting one anew for each round would compile
anew. A worker answers lines of JSON until its input ends.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
from pathlib import Path


class Worker:
    """A process of a script that `serve`s.

    Args:
        script: its path; options: what it is started with, JSON-able.
        environment: {name: value} besides this process's.
        log: a file that its standard error is added to.
    """

    def __init__(self, script, options, environment, log):
        self.name, self.log = f"{Path(script).name} {options}", log
        with open(log, "a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, script, json.dumps(options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=os.environ | environment,
            )

    def send(self, **request):
        """Asks, and does not wait."""
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise WorkerEnded(f"{self.name} has ended: {self._last_line()}") from error

    def answer(self, seconds=None):
        """What was asked before; a dict.

        Raises:
            WorkerEnded: if the process has ended instead, or has not answered after so many
                seconds.
        """
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise WorkerEnded(f"{self.name} has not answered in {seconds:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise WorkerEnded(f"{self.name} has ended: {self._last_line()}")
        return json.loads(line)

    def ask(self, limit, /, **request):
        """The answer to a request, which must come within `limit` seconds."""
        self.send(**request)
        return self.answer(limit)

    def _last_line(self):
        """Of its log, which may be other workers', too."""
        lines = Path(self.log).read_text(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "its log is empty")

    def close(self):
        """Ends the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):  # what was written and never read
                pipe.close()


class WorkerEnded(RuntimeError):
    """A worker ended before it answered, or took too long."""


def serve(answer):
    """Answers each line of the standard input: answer(**request) -> dict, until there is none.

    What libraries print goes to the standard error meanwhile.
    """
    out, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        out.write(json.dumps(answer(**json.loads(line))) + "\n")
        out.flush()
