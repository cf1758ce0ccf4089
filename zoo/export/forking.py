"""A process that has loaded what `zoo.export.making` needs, and makes each export in a fork of it.

`python -m zoo.export.forking` reads one line of JSON from standard input for each export: the
`request`, where its `answer` and its `log` go, and the `environ`, `cwd` and `path` of who asks. It
writes the fork's exit code, a line, and waits for the next; it ends when its input does. A fork
begins with TensorFlow imported and not yet started: nothing of an earlier export is in it.
"""

import json
import os
import sys
import traceback
from pathlib import Path

from zoo.export import making


def main():
    """Serves until standard input ends."""
    for line in iter(sys.stdin.buffer.readline, b""):
        child = os.fork()
        if child == 0:
            _make(json.loads(line))
        _, status = os.waitpid(child, 0)
        os.write(sys.stdout.fileno(), b"%d\n" % os.waitstatus_to_exitcode(status))


def _make(order):
    """In the fork, which ends here whatever happens, and when standard input does."""
    code = 1
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(log, stream.fileno())
        os.environ.clear()
        os.environ.update(order["environ"])
        os.chdir(order["cwd"])
        sys.path[:] = order["path"]
        making.answer(order["request"], Path(order["answer"]))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
