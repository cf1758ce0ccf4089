"""Files and folders that are written whole or not at all, and locks. Standard library only.

What is being written lies beside its place under a hidden name with a random token, and its writer
holds a lock on a file of the same token for as long as it lives. The system releases the lock
however the writer ends, so that the next writer tells what a dead one left from what a living one
is at work on, also where containers whose processes have the same numbers share a disk. Where a
system has no such locks (Windows, some network file systems) nothing is taken for dead: what a
killed writer left stays until somebody removes it.

Bytes are on disk before a name changes, and the name before a block ends: a process that is killed
and a machine that loses its power leave either what was there before or what was to be there.
"""

import contextlib
import ctypes
import errno
import os
import re
import secrets
import shutil
import socket
import stat
import sys
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_KINDS = "partial", "replaced", "writer"
_NOREPLACE, _EXCHANGE = 1, 2  # flags of renameat2
_NO_SUCH_RENAME = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV)


@contextlib.contextmanager
def whole(path, mode="wb", **options):
    """Opens a file that takes the place of `path` when the block ends without an exception.

    Otherwise the file that was there before is untouched.
    """
    path = Path(path)
    with _writer(path) as token:
        partial = _sibling(path, "partial", token)
        with open(partial, mode, **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        flush_folder(path.parent)


@contextlib.contextmanager
def whole_folder(path, replace=False):
    """Yields an empty folder that becomes `path` when the block ends without an exception.

    Otherwise it is removed, and what was at `path` before is untouched.

    Args:
        path: where it goes; folders above it are made.
        replace: whether it takes the place of what lies there when the block ends. On Linux there
            is no moment without the one or the other; elsewhere `tidy` puts the old one back if
            the process ended in between.

    Raises:
        FileExistsError: if something lies there when the block ends, unless `replace`.
    """
    path = Path(path)
    make_folders(path.parent)
    with _writer(path) as token:
        partial = _sibling(path, "partial", token)
        partial.mkdir()
        yield partial
        flush_tree(partial)
        if replace and os.path.lexists(path):
            _exchange(partial, path, _sibling(path, "replaced", token))
        else:
            _rename_to_nothing(partial, path)
        flush_folder(path.parent)


def tidy(path):
    """Clears what dead writers of `path` left beside it; puts back what one had set aside.

    What a living writer is at work on is left alone, and so is what cannot be removed.
    """
    path = Path(path)
    for token in _tokens(path):
        lock = _sibling(path, "writer", token)
        with contextlib.suppress(OSError):
            try:
                descriptor = os.open(lock, os.O_RDWR)
            except FileNotFoundError:  # it is made before the rest and removed after it
                _settle(path, token)
                continue
            try:
                if _lock(descriptor):
                    _settle(path, token)
            finally:
                os.close(descriptor)


@contextlib.contextmanager
def locked(path):
    """Holds a lock file for the block; it is gone afterwards, however the process ends unlocked.

    Raises:
        BlockingIOError: if another process holds it; its `strerror` says which.
    """
    path = Path(path)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
        except BlockingIOError as error:
            holder = os.read(descriptor, 200).decode("utf-8", "replace").strip()
            os.close(descriptor)
            raise BlockingIOError(
                errno.EAGAIN, holder or "another process", os.fspath(path)
            ) from error
        if _names(path, descriptor):
            break
        os.close(descriptor)  # its holder has removed it meanwhile
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        yield
    finally:
        path.unlink(missing_ok=True)  # still locked: nobody else's
        os.close(descriptor)


def make_folders(path):
    """Makes a folder and those above it that are missing, on disk when this returns."""
    path = Path(path)
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for made in missing:
        flush_folder(made.parent)


def flush_folder(path):
    """Returns once a folder's entries are on disk, where the system can tell."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # no such thing on this file system
            raise
    finally:
        os.close(descriptor)


def flush_tree(folder):
    """Returns once every file and folder inside, and the folder itself, is on disk."""
    access = os.O_RDWR if os.name == "nt" else os.O_RDONLY
    for inside, _, names in os.walk(folder, topdown=False):
        for name in names:
            file = os.path.join(inside, name)
            if stat.S_ISREG(os.lstat(file).st_mode):
                descriptor = os.open(file, access)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        flush_folder(inside)


@contextlib.contextmanager
def _writer(path):
    """Yields a random token whose lock this process holds; afterwards nothing of it is left."""
    tidy(path)
    while True:
        token = secrets.token_hex(8)
        lock = _sibling(path, "writer", token)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        with contextlib.suppress(BlockingIOError):
            _lock(descriptor)
            if _names(lock, descriptor):
                break
        os.close(descriptor)  # in the moment before it was locked somebody took it for dead
    try:
        yield token
    finally:
        try:
            _settle(path, token)
        finally:
            os.close(descriptor)


def _settle(path, token):
    """Puts back what a writer set aside, if nothing took its place, and removes all else of it."""
    old = _sibling(path, "replaced", token)
    if os.path.lexists(old):
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            _rename_to_nothing(old, path)
            flush_folder(path.parent)
        _remove(old)
    _remove(_sibling(path, "partial", token))
    _remove(_sibling(path, "writer", token))


def _exchange(new, path, old):
    """Puts `new` at `path`, and what was there to `new` or `old`."""
    if not _renameat2(new, path, _EXCHANGE):
        os.rename(path, old)
        os.rename(new, path)


def _rename_to_nothing(source, path):
    """Renames; raises FileExistsError, where `os.rename` may replace an empty folder or a file."""
    if _renameat2(source, path, _NOREPLACE):
        return
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(path))
    os.rename(source, path)


def _renameat2(source, target, flag):
    """Linux's own renaming; False where the system or the file system does not have it."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if _linux() else None
    if call is None:
        return False
    here = ctypes.c_int(-100)  # AT_FDCWD
    if call(here, os.fsencode(source), here, os.fsencode(target), ctypes.c_uint(flag)) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_SUCH_RENAME:
        return False
    raise OSError(number, os.strerror(number), os.fspath(source), None, os.fspath(target))


def _linux():
    return sys.platform == "linux"


def _lock(descriptor):
    """Whether this process holds the file's lock now; False where there are no locks.

    Raises:
        BlockingIOError: if another one holds it.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # a file system without locks
        return False
    return True


def _names(path, descriptor):
    """Whether the name still stands for the open file."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _sibling(path, kind, token):
    return path.parent / f".{path.name}.{kind}-{token}"


def _tokens(path):
    """Of every writer that left something beside `path`."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.(?:{'|'.join(_KINDS)})-([0-9a-f]+)")
    try:
        names = os.listdir(path.parent)
    except FileNotFoundError:
        return set()
    return {found[1] for found in map(pattern.fullmatch, names) if found}


def _remove(path):
    """Removes a file, a link, or a folder with all that is in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
