"""Opening what a user names, without waiting for a pipe and without raw errors."""

import io
import os
import stat
from collections.abc import Callable, Sequence
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from zoo.errors import DatasetError

_PIECE = 2**20
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def printable(text: object) -> str:
    r"""The text with what a terminal would not show as it is escaped: a newline as \n."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in str(text)
    )


def first_five(names: Sequence[str]) -> str:
    """The first five of several names, and how many more there are."""
    return "; ".join(names[:5]) + (f"; and {len(names) - 5:,} more" if len(names) > 5 else "")


def expanded(given: str | os.PathLike[str]) -> Path:
    """The path, with ~ and ~user in place of a home folder."""
    try:
        return Path(given).expanduser()
    except RuntimeError as error:
        raise DatasetError(
            f"{printable(given)} cannot be found: {error} Give the path in full."
        ) from error


def exists(path: Path) -> bool:
    """Whether there is something at the path.

    Raises:
        DatasetError: it cannot be told, because a folder on the way may not be entered.
    """
    try:
        path.stat()
    # A null character is a ValueError, a name longer than any may be an OSError.
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except PermissionError as error:
        raise DatasetError(f"{printable(path)} cannot be reached: {error.strerror}.") from error
    except OSError:
        return False
    return True


def not_regular(path: Path) -> str | None:
    """What stands at the path, where it is no regular file: "a named pipe"; links are followed.

    Raises:
        OSError: there is nothing, or it cannot be told.
    """
    return _kind(path.stat().st_mode)


def open_regular(path: Path) -> BufferedReader:
    """The file, open for reading.

    Raises:
        DatasetError: there is none, it may not be read, or it is a pipe, a socket or a device,
            which would be waited for or never end.
    """
    try:
        # Asked before it is opened, because to open a device may move it; and afterwards, because
        # another may have taken its place. Without blocking, a pipe opens at once.
        kind = not_regular(path)
        if kind is None:
            flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            stream = os.fdopen(os.open(path, flags), "rb")
            kind = _kind(os.fstat(stream.fileno()).st_mode)
            if kind is None:
                return stream
            stream.close()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DatasetError(f"{printable(path)} cannot be read: {reason}.") from error
    raise DatasetError(f"{printable(path)} is {kind}; wanted: a regular file.")


def read(path: Path, most: int) -> bytes:
    """All bytes of a regular file.

    Raises:
        DatasetError: as `open_regular`, or it has more than `most` bytes.
    """
    with open_regular(path) as stream:
        try:
            content = stream.read(most + 1)
        except OSError as error:
            raise DatasetError(f"{printable(path)} cannot be read: {error.strerror}.") from error
    if len(content) > most:
        raise DatasetError(f"{printable(path)} is larger than {most:,} bytes.")
    return content


def at_most(read: Callable[[int], bytes], size: int) -> bytes:
    """Up to `size` bytes; memory is taken as they come, where one `read` takes it beforehand."""
    pieces = []
    while size > 0 and (piece := read(min(size, _PIECE))):
        pieces.append(piece)
        size -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class InPieces(io.RawIOBase):
    """A file of which at most `most` bytes are read at once, as an endless list would be.

    Args:
        complaint: what the ValueError says that is raised for more.
    """

    def __init__(self, stream: BinaryIO, most: int, complaint: str):
        self.stream = stream
        self.most = most
        self.complaint = complaint

    def read(self, size: int = -1) -> bytes:
        wanted = min(size, self.most + 1) if size >= 0 else self.most + 1
        content = at_most(self.stream.read, wanted)
        if len(content) > self.most:
            raise ValueError(self.complaint)
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        return self.stream.tell()

    def seekable(self) -> bool:
        return True


def _kind(mode: int) -> str | None:
    if stat.S_ISREG(mode):
        return None
    return next((name for test, name in _KINDS if test(mode)), "no regular file")
