"""Chunks of strings in several processes: the same answers, in the same order, for any number."""

import collections
import contextlib
import os
import pickle
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tqdm import tqdm

from zoo.errors import InputError, ZooError
from zoo.evaluation.molecules import chemistry

CHUNK = 250
"""Strings that are asked for at once; what a result is made of does not depend on `jobs`."""

AHEAD = 3
"""Chunks a process that are asked for before their answers are taken."""

_SERVER = Path(__file__).with_name("chunk_server.py")


def mapped(
    task: str,
    strings: Sequence[str | None],
    options: dict | None = None,
    jobs: int = 1,
    description: str = "molecules",
) -> Iterator[Any]:
    """Yields the answers to a task of `chemistry.TASKS`, for each chunk of strings in order.

    A few chunks are held at once. Longer work has a progress bar.

    Args:
        jobs: processes; with 1 it is done in this one.

    Raises:
        InputError: for `jobs` below 1, one string in place of many, or what is no string.
        MissingDependency: where RDKit is not installed.
        ZooError: if a process ends before its work.
    """
    if jobs < 1:
        raise InputError(f"jobs={jobs}: give the number of processes, 1 or more.")
    _require_strings(strings)
    chemistry.require()
    starts = range(0, len(strings), CHUNK)
    asked = ((task, list(strings[first : first + CHUNK]), options or {}) for first in starts)
    with (
        bar(len(strings), description) as shown,
        _answering(min(jobs, len(starts))) as answers,
    ):
        for first, answer in zip(starts, answers(asked), strict=True):
            yield answer
            shown.update(min(CHUNK, len(strings) - first))


def bar(total: int, description: str, unit: str = " molecules") -> tqdm:
    """A progress bar that stays silent for work of a few seconds, and in a log."""
    return tqdm(
        total=total,
        desc=description,
        unit=unit,
        unit_scale=total >= 10**6,
        delay=3,
        mininterval=1,
        leave=False,
        disable=None,
    )


def _require_strings(strings: Sequence[str | None]) -> None:
    if isinstance(strings, str | bytes):
        raise InputError(f"One string was given, {strings[:40]!r}; wanted is a list of strings.")
    for index, each in enumerate(strings):
        if not isinstance(each, str | None):
            raise InputError(
                f"A {type(each).__name__} was given as a molecule, at index {index}; wanted are "
                "SMILES strings, or None, which counts as no molecule."
            )


@contextlib.contextmanager
def _answering(jobs: int) -> Iterator[Callable[[Iterator[tuple]], Iterator[Any]]]:
    """What gives an answer for each chunk that is asked for."""
    if jobs <= 1:
        yield lambda asked: map(_here, asked)
        return
    idle: queue.SimpleQueue[subprocess.Popen] = queue.SimpleQueue()
    processes = [_started() for _ in range(jobs)]
    for process in processes:
        idle.put(process)

    def ask(chunk: tuple) -> Any:
        process = idle.get()
        try:
            return _asked(process, chunk)
        finally:
            idle.put(process)

    with ThreadPoolExecutor(jobs) as threads:
        try:
            yield lambda asked: _ahead(threads, ask, asked, AHEAD * jobs)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            threads.shutdown()  # their pipes have broken
            for process in processes:
                process.wait()
                for stream in (process.stdin, process.stdout):
                    with contextlib.suppress(OSError):  # what was not sent yet
                        stream.close()  # type: ignore[union-attr]


def _here(chunk: tuple) -> Any:
    task, strings, options = chunk
    with chemistry.silent():
        return chemistry.TASKS[task](strings, options)


def _ahead(
    threads: ThreadPoolExecutor, ask: Callable, asked: Iterator[tuple], most: int
) -> Iterator[Any]:
    """Answers in order, of which at most so many are waited for or kept."""
    waiting: collections.deque = collections.deque()
    for chunk in asked:
        waiting.append(threads.submit(ask, chunk))
        if len(waiting) >= most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _started() -> subprocess.Popen:
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-P", str(_SERVER)],  # -P: files beside it are no modules
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _asked(process: subprocess.Popen, chunk: tuple) -> Any:
    assert process.stdin is not None and process.stdout is not None  # they are pipes
    try:
        pickle.dump(chunk, process.stdin)
        process.stdin.flush()
        problem, answer = pickle.load(process.stdout)
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        raise ZooError(
            f"A process that reads molecules ended (exit code {process.poll()}) at strings from "
            f"{str(chunk[1][0])[:80]!r} on. With jobs=1 it happens here, where it can be seen."
        ) from error
    if problem:
        raise ZooError(f"A process that reads molecules failed:\n{problem}")
    return answer
