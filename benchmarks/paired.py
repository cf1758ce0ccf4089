"""Paired timing: ways to do the same thing take turns in one process, round after round.

A machine that slows down slows all of them: a ratio is taken within a round. What counts of a round
is its fastest call, as in Python's `timeit`: other work on the machine can only make a call slower,
and makes those the slowest that wait for two threads.
"""

import importlib.metadata
import os
import platform
import statistics
import time
from dataclasses import dataclass

PAUSE = 0.05
"""Seconds between two ways: by then the threads that a library lets spin have gone to sleep."""


@dataclass(frozen=True)
class Timing:
    """The rounds of one way: each that round's fastest call, milliseconds."""

    rounds: tuple

    @property
    def median(self):
        """Milliseconds a call: the median over rounds."""
        return statistics.median(self.rounds)

    def over(self, other):
        """How many times as long as `other`: the median over rounds of the ratio in a round."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)

    def against(self, other, digits=3):
        """Both as text: "0.123 (1.05)"."""
        return f"{self.median:.{digits}f} ({self.over(other):.2f})"


def measure(ways, rounds, seconds=0.25, least=5):
    """{name: Timing} of ways {name: callable}, which begin in another order each round.

    Args:
        seconds: how long each way is called in each round, after two calls that are not timed.
        least: calls of each way in each round, however long they take.
    """
    names, found = list(ways), {name: [] for name in ways}
    for round_ in range(rounds):
        turn = round_ % len(names)
        for name in names[turn:] + names[:turn]:
            time.sleep(PAUSE)
            found[name].append(_round(ways[name], seconds, least))
    return {name: Timing(tuple(values)) for name, values in found.items()}


def _round(call, seconds, least):
    for _ in range(2):
        call()
    times, end = [], time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        began = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - began))
    return min(times)


def table(head, rows):
    """A markdown table of strings."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def peak():
    """The most memory that this process has held, MiB. Linux only.

    `getrusage` would count what the process was forked from.
    """
    with open("/proc/self/status") as file:
        (line,) = (each for each in file if each.startswith("VmHWM"))
    return int(line.split()[1]) / 2**10


def machine(*distributions):
    """One line: processor, cores, load and the versions of distributions."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in distributions)
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    python = f"Python {platform.python_version()}"
    return f"{_processor()}, {os.cpu_count()} cores{load}; {python}, {versions}."


def _processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
