"""What the fuzz campaigns share: cases by number, in processes that may die or hang.

A case is a function of its number and the seed alone, so that one that failed is run again by
`--only NUMBER`. Cases run in processes of their own, each many of them; a process that dies or that
takes longer over one case than the limit is counted and replaced by another, from the next case on.
"""

import argparse
import collections
import multiprocessing
import resource
import time
import traceback
from multiprocessing.connection import wait

FINE = ("answered", "refused")
"""Outcomes that are as they should be; whatever else there is, is printed with its case."""


def parser(description, count):
    """An argument parser with what every campaign takes."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("artifact", help="the folder of an artifact, which is left as it is")
    made.add_argument("--count", type=int, default=count, help="cases; default: %(default)s")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--workers", type=int, default=1, help="processes at a time")
    made.add_argument("--limit", type=float, default=60.0, help="seconds a case may take")
    made.add_argument("--only", type=int, metavar="NUMBER", help="one case, in this process")
    return made


def run(given, make):
    """Runs a campaign and prints what came of it; the exit code, 0 where all is fine.

    Args:
        given: what `parser` parsed.
        make: (parsed arguments) -> a function of a case's number that gives an outcome and a
            sentence; called once a process.
    """
    if given.only is not None:
        print(*make(given)(given.only))
        return 0
    began, found, peak = time.perf_counter(), collections.Counter(), 0
    shares = [range(k, given.count, given.workers) for k in range(given.workers)]
    workers = [_Worker(make, given, share) for share in shares]
    try:
        while workers:
            wait([each.pipe for each in workers], timeout=0.5)
            for each in list(workers):
                for outcome, number, sentence in each.outcomes():
                    found[outcome] += 1
                    if outcome not in FINE:
                        print(f"case {number} {outcome}: {sentence}", flush=True)
                peak = max(peak, each.peak)
                if each.done:
                    workers.remove(each)
    except KeyboardInterrupt:
        for each in workers:
            each.stop()
    seconds = time.perf_counter() - began
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in found.most_common())
    bad = sum(count for outcome, count in found.items() if outcome not in FINE)
    print(
        f"{sum(found.values()):,} cases of seed {given.seed} in {seconds:,.0f} s: {counts}; "
        f"{bad} not as wanted; at most {peak / 1024:,.0f} MiB in a process"
    )
    return int(bool(bad))


class _Worker:
    """A process that works through its cases, and another where it died or hung."""

    def __init__(self, make, given, numbers):
        self._make, self._given, self._left = make, given, list(numbers)
        self.peak, self.done = 0, False
        self._start()

    def _start(self):
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        arguments = self._make, self._given, self._left, theirs
        self._process = context.Process(target=_work, args=arguments)
        self._process.start()
        theirs.close()
        self._since = time.monotonic()

    def stop(self):
        """Ends the process."""
        self._process.kill()
        self._process.join()

    def outcomes(self):
        """Yields (outcome, case's number, sentence) of what has ended since."""
        while self.pipe.poll():
            try:
                number, (outcome, sentence), self.peak = self.pipe.recv()
            except EOFError:
                yield from self._ended()
                return
            self._left.remove(number)
            self._since = time.monotonic()
            yield outcome, number, sentence
        if time.monotonic() - self._since > self._given.limit:
            self.stop()
            yield from self._next("hung", f"for more than {self._given.limit:g} s")

    def _ended(self):
        self._process.join()
        if self._left:
            yield from self._next("died", f"by exit code {self._process.exitcode}")
        else:
            self.done = True

    def _next(self, outcome, sentence):
        """Goes on after the case that is the first of what is left."""
        yield outcome, self._left.pop(0), sentence
        self._start()


def _work(make, given, numbers, pipe):
    case = make(given)
    for number in numbers:
        try:
            outcome = case(number)
        except BaseException:
            outcome = "raised", traceback.format_exc()
        pipe.send((number, outcome, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
