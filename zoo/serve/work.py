"""Runs what requests ask for: short work at once, long work in threads, and no more than fits.

Requests are not batched together, though small dense graphs would gain by it
(`benchmarks/serving.py --batching`): no runtime promises that a row's answer has the same bits in
every batch, and here it has those that `zoo.load` gives. So no answer waits for another request.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from zoo.serve.models import Pace
from zoo.serve.refused import Refused
from zoo.serve.settings import Limits

AT_ONCE = 0.002
"""Seconds of work that is done between two requests; a thread would cost more than it gives."""

Made = TypeVar("Made")


class Work:
    """The places for requests that are computed, or wait for it.

    Args:
        limits: how many places and threads, and how long.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(limits.workers, "zoo-serve")
        self.taken = 0
        """Places that are taken now."""

    async def do(self, function: Callable[[], Made], rows: int, pace: Pace | None) -> Made:
        """What the function gives, computed here or in a thread.

        Args:
            function: may be called in any thread.
            rows: that it works on.
            pace: what it took before; None: always in a thread.

        Raises:
            Refused: with 503, where no place is free, or the time is over.
        """
        expected = None if pace is None else pace.expected(rows)
        if expected is not None and expected < AT_ONCE:
            return _timed(function, rows, pace)
        if self.taken >= self._limits.queue:
            raise Refused(
                503,
                f"{self.taken} requests wait already. Ask again in a second.",
                ((b"retry-after", b"1"),),
            )
        self.taken += 1
        loop = asyncio.get_running_loop()
        future = self._threads.submit(_timed, function, rows, pace)
        future.add_done_callback(lambda done: _call_soon(loop, self._give_back))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._limits.seconds)
        except TimeoutError:
            raise Refused(
                503,
                f"No answer within {self._limits.seconds:g} seconds. Ask again later, or for fewer "
                "rows.",
                ((b"retry-after", b"1"),),
            ) from None

    def close(self) -> None:
        """Lets the threads end; what waits is given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _give_back(self) -> None:
        self.taken -= 1


def _timed(function: Callable[[], Made], rows: int, pace: Pace | None) -> Made:
    began = time.perf_counter()
    made = function()
    if pace is not None:
        pace.took(time.perf_counter() - began, rows)
    return made


def _call_soon(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(function)
