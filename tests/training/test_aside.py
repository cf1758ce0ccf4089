"""Writing beside training: one at a time, the newest, errors, interruptions."""

import threading

import pytest

from zoo.errors import Interrupted
from zoo.training.aside import Aside

SECONDS = 60.0  # a test that waits longer has failed


class Disk:
    """Writes down what is written; each write waits to be let go on."""

    def __init__(self):
        self.begun, self.on, self.written = threading.Semaphore(0), threading.Semaphore(0), []

    def write(self, what):
        def write():
            self.begun.release()
            assert self.on.acquire(timeout=SECONDS)
            self.written.append(what)

        return write

    def busy(self):
        """Returns once a write has begun."""
        assert self.begun.acquire(timeout=SECONDS)


def test_of_what_waits_for_one_file_the_newest_is_written():
    disk = Disk()
    with Aside() as aside:
        aside.put("a", disk.write("first"))
        disk.busy()
        for what in ("second", "third", "fourth"):
            aside.put("a", disk.write(what))
        aside.put("b", disk.write("other"))
        assert disk.written == [] and not disk.begun.acquire(blocking=False)
        disk.on.release(3)
    assert disk.written == ["first", "fourth", "other"]


def test_after_a_pause_it_writes_again():
    written = []
    with Aside() as aside:
        for i in range(3):
            aside.put("a", lambda i=i: written.append(i))
            aside.finish()
            assert written == list(range(i + 1))


@pytest.mark.parametrize("ask", ["put", "look", "finish"])
def test_an_error_is_raised_once_where_training_stands_next(ask):
    aside = Aside()
    aside.put("a", lambda: 1 / 0)
    with aside._changed:
        assert aside._changed.wait_for(lambda: aside._thread is None, SECONDS)
    arguments = ("a", lambda: None) if ask == "put" else ()
    with pytest.raises(ZeroDivisionError) as raised:
        getattr(aside, ask)(*arguments)
    assert "1 / 0" in raised.value.__notes__[0]
    names = [entry.name for entry in raised.traceback]
    assert names[-1] == "look"  # the frames of training are those that it ends with
    aside.finish()


def test_an_error_in_the_last_write_is_raised_at_the_end_of_the_block():
    with pytest.raises(ZeroDivisionError), Aside() as aside:
        aside.put("a", lambda: 1 / 0)


@pytest.mark.parametrize(
    ("failure", "written"), [(ValueError, ["first", "last"]), (Interrupted, ["first"])]
)
def test_a_failure_waits_for_all_and_an_interruption_for_what_is_being_written(failure, written):
    disk = Disk()
    with pytest.raises(failure), Aside() as aside:
        aside.put("a", disk.write("first"))
        disk.busy()
        aside.put("a", disk.write("last"))
        threading.Timer(0.1, disk.on.release, [2]).start()
        raise failure("so")
    assert disk.written == written
