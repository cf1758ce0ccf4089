"""Being asked to stop: by Ctrl-C, or by the signals with which systems end a process."""

import contextlib
import os
import signal
import threading

from zoo.errors import Interrupted

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if name in dir(signal)
)


class Request:
    """Whether it was asked to stop, and by which signal; None so far."""

    number = None


@contextlib.contextmanager
def deferred():
    """Yields a `Request`, which the block looks at where it can stop without a loss.

    A second signal interrupts at once. Signals that the process ignores stay ignored; in threads
    that are not the main one, where Python handles no signals, nothing changes.

    Raises:
        Interrupted: after the block, if it ended without looking.
    """
    request = Request()

    def note(number, _):
        if request.number is not None:
            raise Interrupted("Interrupted twice.", number)
        request.number = number
        # Not `print`, which may be what was interrupted.
        os.write(2, b"\nStopping after this step. Once more stops at once.\n")

    with _handled(SIGNALS, note):
        yield request
    if request.number is not None:
        raise Interrupted("Interrupted.", request.number)


@contextlib.contextmanager
def raised():
    """Within the block, signals that end a process raise `Interrupted`, as Ctrl-C does."""

    def interrupt(number, _):
        raise Interrupted("Interrupted.", number)

    with _handled(SIGNALS, interrupt):
        yield


@contextlib.contextmanager
def _handled(numbers, handler):
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in numbers}
    changed = [n for n, old in before.items() if old not in (signal.SIG_IGN, None)]
    for number in changed:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, before[number])
