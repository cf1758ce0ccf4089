"""Processes that run code with TensorFlow imported already: forks of one that has imported it.

Python's own fork server does that, once for all tests of a worker; `python -c CODE` would import it
for seconds, every time. What is read from the environment by that import has been read by then.
"""

import multiprocessing
import os
import signal
import sys
import traceback
import types
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["zoo.export.making", "zoo.datasets", "zoo.evaluation", "tyro"])


class Forked:
    """`python -c CODE ARGUMENTS` in `cwd`, with what tests want of a `subprocess.Popen`.

    It hears Ctrl-C, even where the tests themselves run deaf to it, as in the background of a
    shell.

    Args:
        code: what it runs, as `__main__`.
        arguments: its `sys.argv` after "-c".
        cwd: where it runs.
        environment: variables besides those of the tests.
    """

    def __init__(self, code, *arguments, cwd, **environment):
        theirs_in, mine_in = os.pipe()
        mine_out, theirs_out = os.pipe()
        mine_err, theirs_err = os.pipe()
        self.stdin = open(mine_in, "w")
        self.stdout, self.stderr = open(mine_out), open(mine_err)
        streams = [
            Connection(theirs_in, writable=False),
            Connection(theirs_out, readable=False),
            Connection(theirs_err, readable=False),
        ]
        given = code, [*map(str, arguments)], str(cwd), os.environ | environment, streams
        self._process = _context.Process(target=_run, args=given)
        self._process.start()
        for stream in streams:
            stream.close()
        self.pid = self._process.pid

    @property
    def returncode(self):
        """Its exit code, -N where signal N ended it; None while it runs."""
        return self._process.exitcode

    def poll(self):
        """As `returncode`."""
        return self.returncode

    def send_signal(self, number):
        os.kill(self.pid, number)

    def communicate(self, written="", timeout=None):
        """(standard output, standard error) until it ends, after it was written this."""
        self.stdin.write(written)
        self.stdin.close()
        with ThreadPoolExecutor(2) as readers:
            both = [readers.submit(stream.read) for stream in (self.stdout, self.stderr)]
            self._process.join(timeout)
            if self.returncode is None:
                self._process.kill()
                raise TimeoutError(f"it has not ended within {timeout} s")
            return tuple(each.result() for each in both)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.returncode is None:
            self._process.kill()
        self._process.join()
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()


def _run(code, arguments, cwd, environment, streams):
    """In the fork, which ends here."""
    for number, stream in enumerate(streams):
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["-c", *arguments]
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    ended = 1
    try:
        exec(compile(code, "<string>", "exec"), vars(main))
        ended = 0
    except SystemExit as error:
        ended = error.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended)
