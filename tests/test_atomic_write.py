"""Whole or not at all: at a kill at every line, at a power cut, beside living and dead writers."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from zoo import atomic_write
from zoo.atomic_write import locked, tidy, whole, whole_folder

ROOT = Path(__file__).resolve().parent.parent

# A process that does nothing but fork one child a line of `zoo.atomic_write` that a piece of code
# runs, each of which kills itself at that line; and says what each left behind.
KILLED_AT_EVERY_LINE = """
import os, pathlib, shutil, signal, sys
from zoo import atomic_write
from zoo.atomic_write import tidy, whole, whole_folder

parent = pathlib.Path(sys.argv[1])
path = parent / "target"

def state():
    if path.is_dir():
        return " ".join(sorted(f"{f.name}={f.read_text()}" for f in path.rglob("*.txt")))
    return path.read_text() if path.exists() else "nothing"

def child(kill_at, work):
    lines = 0
    def trace(frame, event, argument):
        nonlocal lines
        if frame.f_code.co_filename != atomic_write.__file__:
            return None
        if event == "line":
            lines += 1
            if lines == kill_at:
                os.kill(os.getpid(), 9)
        return trace
    sys.settrace(trace)
    work()

def killed_at(kill_at, work):
    process = os.fork()
    if process == 0:
        child(kill_at, work)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

def campaign(prepare, work):
    for kill_at in range(1, 10_000):
        shutil.rmtree(parent, ignore_errors=True)
        parent.mkdir()
        prepare()
        code = killed_at(kill_at, work)
        found = state()
        tidy(path)
        assert os.listdir(parent) in ([], ["target"]), os.listdir(parent)
        print(kill_at, code, found, state(), sep="|")
        if code == 0:
            break
"""
OLD_FOLDER = """
def prepare():
    path.mkdir()
    (path / "old.txt").write_text("old")
"""
NOTHING = "prepare = lambda: None\n"
NEW_FOLDER = """
def work():
    with whole_folder(path, replace=True) as stage:
        (stage / "deep").mkdir()
        (stage / "new.txt").write_text("new")
        (stage / "deep" / "more.txt").write_text("more")
"""
FILE = """
def prepare():
    path.write_text("old")
def work():
    with whole(path, "w") as file:
        file.write("new")
"""
WITHOUT_EXCHANGE = "atomic_write._renameat2 = lambda *a: False\n"


def python(code, *arguments, **options):
    options = {"stdout": subprocess.PIPE, "text": True, "cwd": ROOT} | options
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], **options)


def campaign(code, folder):
    """[(what lay there after the kill, what after `tidy`)] of each line; the last is of no kill."""
    with python(KILLED_AT_EVERY_LINE + code + "campaign(prepare, work)", folder) as running:
        printed, _ = running.communicate(timeout=240)
    assert running.returncode == 0
    rows = [line.split("|") for line in printed.splitlines()]
    assert len(rows) > 40  # lines of the module
    assert {code for _, code, _, _ in rows[:-1]} == {"-9"} and rows[-1][1] == "0"
    return [(found, tidied) for _, _, found, tidied in rows]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("exchange", [True, False], ids=["exchanged", "two renamings"])
def test_a_folder_killed_at_any_line_is_the_old_or_the_new_one(tmp_path, exchange):
    code = OLD_FOLDER + NEW_FOLDER + ("" if exchange else WITHOUT_EXCHANGE)
    states = campaign(code, tmp_path / "parent")
    wanted = {"old.txt=old", "more.txt=more new.txt=new"}
    assert {tidied for _, tidied in states} == wanted
    assert states[-1][1] == "more.txt=more new.txt=new"
    if exchange and sys.platform == "linux":  # nobody ever meets a target that is not there
        assert {found for found, _ in states} == wanted
    else:
        assert {found for found, _ in states} <= wanted | {"nothing"}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("other", ["", WITHOUT_EXCHANGE], ids=["renameat2", "rename"])
def test_a_new_folder_killed_at_any_line_is_there_whole_or_not_at_all(tmp_path, other):
    states = campaign(NOTHING + NEW_FOLDER + other, tmp_path / "parent")
    assert {each for pair in states for each in pair} == {"nothing", "more.txt=more new.txt=new"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_file_killed_at_any_line_is_the_old_or_the_new_one(tmp_path):
    states = campaign(FILE, tmp_path / "parent")
    assert {each for pair in states for each in pair} == {"old", "new"}


@pytest.fixture
def calls(monkeypatch):
    """What reaches the disk, in order: ("flush", path) and ("rename", source, target)."""
    made = []

    def recorded(function, describe):
        def call(*arguments):
            made.append(describe(*arguments))
            return function(*arguments)

        return call

    def flushed(descriptor):
        return "flush", os.readlink(f"/proc/self/fd/{descriptor}")

    monkeypatch.setattr(os, "fsync", recorded(os.fsync, flushed))
    for name in ("replace", "rename"):
        renamed = recorded(getattr(os, name), lambda a, b: ("rename", str(a), str(b)))
        monkeypatch.setattr(os, name, renamed)
    monkeypatch.setattr(
        atomic_write,
        "_renameat2",
        recorded(atomic_write._renameat2, lambda a, b, flag: ("rename", str(a), str(b))),
    )
    return made


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("existing", [True, False])
def test_a_folder_is_on_disk_before_its_name_and_its_name_before_the_end(tmp_path, calls, existing):
    target = tmp_path / "above" / "higher" / "target"
    if existing:
        target.mkdir(parents=True)
    with whole_folder(target, replace=True) as stage:
        (stage / "inner").mkdir()
        for name in ("one", "inner/two"):
            (stage / name).write_text(name)
    (placed,) = (i for i, call in enumerate(calls) if call[0] == "rename")
    inside = {("flush", str(stage / name)) for name in ("one", "inner/two", "inner")}
    assert inside | {("flush", str(stage))} <= set(calls[:placed])
    assert calls[placed] == ("rename", str(stage), str(target))
    assert ("flush", str(target.parent)) in calls[placed:]
    if not existing:  # the folders above were made
        assert {("flush", str(tmp_path)), ("flush", str(tmp_path / "above"))} <= set(calls[:placed])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_file_is_on_disk_before_its_name_and_its_name_before_the_end(tmp_path, calls):
    with whole(tmp_path / "file", "w") as file:
        file.write("content")
    partial = file.name
    wanted = [("flush", partial), ("rename", partial, str(tmp_path / "file"))]
    assert calls == [*wanted, ("flush", str(tmp_path))]


WRITING = """
import sys
from zoo.atomic_write import whole, whole_folder
with %s(sys.argv[1]):
    print("writing", flush=True)
    sys.stdin.readline()
"""


TIDYING = """
import sys
from zoo.atomic_write import tidy
tidy(sys.argv[1])
"""


@contextlib.contextmanager
def writer(kind, path):
    """A process that is at work on `path` within the block."""
    with python(WRITING % kind, path, stdin=subprocess.PIPE) as running:
        assert running.stdout.readline() == "writing\n"
        yield running
        running.kill()


@pytest.mark.skipif(atomic_write.fcntl is None, reason="no locks")
@pytest.mark.parametrize("kind", ["whole", "whole_folder"])
def test_what_a_living_process_writes_is_left_and_what_a_dead_one_left_is_removed(tmp_path, kind):
    path = tmp_path / "target"
    with writer(kind, path) as running:
        before = sorted(os.listdir(tmp_path))
        assert len(before) == 2
        tidy(path)
        with whole_folder(path):
            assert set(before) < set(os.listdir(tmp_path))
        assert sorted(os.listdir(tmp_path)) == sorted([*before, "target"])
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert len(os.listdir(tmp_path)) == 3
        tidy(path)
        assert os.listdir(tmp_path) == ["target"]


@pytest.mark.skipif(atomic_write.fcntl is None, reason="no locks")
def test_two_writers_with_one_process_number_do_not_touch_each_other(tmp_path, monkeypatch):
    """As in two containers that share a disk, where every first process has the number 1."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    path = tmp_path / "target"
    with whole_folder(path, replace=True) as one:
        (one / "file").write_text("one")
        with whole_folder(path, replace=True) as other:
            (other / "file").write_text("other")
            assert (one / "file").read_text() == "one"
        assert (path / "file").read_text() == "other"
    assert (path / "file").read_text() == "one" and os.listdir(tmp_path) == ["target"]


@pytest.mark.skipif(atomic_write.fcntl is None, reason="no locks")
def test_what_a_living_process_has_set_aside_is_not_put_back(tmp_path, monkeypatch):
    """Between its two renamings there is nothing at the target."""
    path = tmp_path / "target"
    path.mkdir()
    (path / "file").write_text("old")
    rename, seen = os.rename, []

    def between(source, target):
        rename(source, target)
        if "replaced" in str(target):
            tidied = python(TIDYING, path)
            assert tidied.wait(timeout=60) == 0
            tidied.stdout.close()
            seen.append(path.exists())

    monkeypatch.setattr(atomic_write, "_renameat2", lambda *_: False)
    monkeypatch.setattr(os, "rename", between)
    with whole_folder(path, replace=True) as stage:
        (stage / "file").write_text("new")
    assert seen == [False]
    assert (path / "file").read_text() == "new" and os.listdir(tmp_path) == ["target"]


@pytest.mark.parametrize("fails", [KeyboardInterrupt, OSError(errno.ENOSPC, "full")])
def test_what_was_set_aside_comes_back_when_the_second_renaming_fails(tmp_path, monkeypatch, fails):
    path = tmp_path / "target"
    path.mkdir()
    (path / "file").write_text("old")
    rename = os.rename

    def broken(source, target):
        if "partial" in str(source):
            raise fails
        rename(source, target)

    monkeypatch.setattr(atomic_write, "_renameat2", lambda *_: False)
    monkeypatch.setattr(os, "rename", broken)
    with pytest.raises(type(fails) if isinstance(fails, OSError) else fails):
        with whole_folder(path, replace=True) as stage:
            (stage / "file").write_text("new")
    assert (path / "file").read_text() == "old" and os.listdir(tmp_path) == ["target"]


@pytest.mark.skipif(atomic_write.fcntl is None, reason="no locks")
def test_a_writer_that_was_taken_for_dead_before_it_had_its_lock_takes_another(
    tmp_path, monkeypatch
):
    lock, met = atomic_write._lock, []

    def late(descriptor):
        if not met:
            met.append(descriptor)
            tidy(tmp_path / "file")  # as another process would in this very moment
        return lock(descriptor)

    monkeypatch.setattr(atomic_write, "_lock", late)
    with whole(tmp_path / "file", "w") as file:
        monkeypatch.undo()
        tidy(tmp_path / "file")
        file.write("whole")
    assert met and (tmp_path / "file").read_text() == "whole"
    assert os.listdir(tmp_path) == ["file"]


def test_nothing_is_taken_for_dead_where_there_are_no_locks(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic_write, "fcntl", None)
    with whole_folder(tmp_path / "target") as stage:
        tidy(tmp_path / "target")
        assert stage.is_dir()
    assert os.listdir(tmp_path) == ["target"]


@pytest.mark.parametrize("other", [True, False], ids=["renameat2", "rename"])
@pytest.mark.parametrize("kind", ["empty folder", "folder", "file", "dangling link"])
def test_what_appears_meanwhile_is_kept(tmp_path, monkeypatch, other, kind):
    if not other:
        monkeypatch.setattr(atomic_write, "_renameat2", lambda *_: False)
    path = tmp_path / "target"
    with pytest.raises(FileExistsError):
        with whole_folder(path) as stage:
            (stage / "mine").write_text("mine")
            if kind == "file":
                path.write_text("theirs")
            elif kind == "dangling link":
                path.symlink_to("nowhere")
            else:
                path.mkdir()
                if kind == "folder":
                    (path / "theirs").write_text("theirs")
    assert os.listdir(tmp_path) == ["target"]
    assert not (path / "mine").exists() and path.is_dir() == ("folder" in kind)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError, MemoryError])
def test_any_exception_passes_and_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(error), whole(path, "w") as file:
        file.write("half")
        raise error
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["file"]


def test_leftovers_of_another_name_are_left_alone(tmp_path):
    kept = [".target.x.partial-00ff", ".target.partial-mine", "target.partial-00ff", ".[t]arget"]
    for name in kept:
        (tmp_path / name).write_text("kept")
    (tmp_path / ".target.partial-00ff").mkdir()
    (tmp_path / ".[t]*.partial-00ff").mkdir()
    tidy(tmp_path / "target")
    tidy(tmp_path / "[t]*")
    assert sorted(os.listdir(tmp_path)) == sorted(kept)


HOLDING = """
import sys
from zoo.atomic_write import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.skipif(atomic_write.fcntl is None, reason="no locks")
def test_a_lock_is_held_by_one_process_and_released_however_it_ends(tmp_path):
    path = tmp_path / "lock"
    with python(HOLDING, path, stdin=subprocess.PIPE) as running:
        assert running.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError, match=f"process {running.pid} on "), locked(path):
            pytest.fail("two hold it")
        running.kill()
        running.wait()
    with locked(path), pytest.raises(BlockingIOError, match=f"process {os.getpid()} on "):
        with locked(path):
            pytest.fail("held twice")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(atomic_write.fcntl is None, reason="no locks")
def test_a_lock_file_that_its_holder_removes_at_the_last_moment_is_not_taken_for_the_lock(
    tmp_path, monkeypatch
):
    path, lock, met = tmp_path / "lock", atomic_write._lock, []

    def late(descriptor):
        if not met:
            met.append(descriptor)
            path.unlink()  # the holder ended between our opening and our locking
        return lock(descriptor)

    monkeypatch.setattr(atomic_write, "_lock", late)
    with locked(path):
        assert met and path.exists()
        with pytest.raises(BlockingIOError), locked(path):
            pytest.fail("two hold it")
