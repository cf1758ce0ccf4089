"""The command `zoo`: trains recipes; lists, describes, verifies, times, deploys, serves artifacts.

It parses and prints; what it prints is found out by `zoo.runtime`, what it writes is written by
`zoo.deploy` and `zoo.explorer`. Exit codes: 0 all is well, 1 an artifact differs from what was
exported, 2 the command cannot be carried out (a sentence on standard error says why).
"""

import argparse
import io
import os
import sys

from zoo import __version__
from zoo.command_line import (
    checking,
    deploying,
    describing,
    exploring,
    republishing,
    serving,
    tabulating,
    training,
)
from zoo.command_line.printing import printable, say
from zoo.errors import ExportError, ZooError

FAILED, INTERRUPTED = 2, 130
READ_NO_MORE = 141  # as a shell reports SIGPIPE


def main(arguments=None):
    """Runs one command line; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may have fewer characters than we
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        code = options.run(options)
        sys.stdout.flush()
        return code
    except ExportError as error:  # whose sentence may be followed by a table of ours
        say(*f"error: {error}".split("\n"), to=sys.stderr)
        return FAILED
    except ZooError as error:
        say(f"error: {error}", to=sys.stderr)
        return FAILED
    except BrokenPipeError:  # `zoo list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READ_NO_MORE
    except OSError as error:
        say(f"error: {error}", to=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are printable, too: they repeat what was given."""

    def error(self, message):
        super().error(printable(message))


def _parser():
    parser = _Parser(
        prog="zoo",
        description="Trains, lists, describes, verifies, times, deploys and serves VAEs.",
    )
    parser.add_argument("--version", action="version", version=f"zoo {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    rooms = training, describing, tabulating, checking, deploying, serving, exploring, republishing
    for room in rooms:
        room.add(commands)
    return parser
