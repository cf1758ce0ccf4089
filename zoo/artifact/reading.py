"""Reads an artifact's files: the bytes that its manifest states, or an error.

What is read may be anything: a pipe that never answers, a device, a file of many GB, one that
somebody changes meanwhile. So nothing is opened that is no regular file, nothing is read beyond
what is wanted, and bytes are hashed as they are read: those that were hashed are those that count,
whatever the file holds a moment later. Standard library only.

Symbolic links are followed: hubs keep an artifact's files as links into a store of their own, and
whatever a link leads to must have the bytes that the manifest states.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from zoo.errors import ArtifactError

LARGEST = 2**34
"""Bytes of the largest file that is read, 16 GiB: four thousand million float32 weights."""

_CHUNK = 2**20
_HEXADECIMAL = frozenset("0123456789abcdef")
# A pipe that is put in a file's place between the look at it and its opening does not hang either.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_FLAGS |= getattr(os, "O_BINARY", 0)  # of Windows


class Problem(Exception):
    """Why a file is not read: words to follow its name."""


class Reader:
    """The files of an artifact.

    Args:
        folder: the artifact's.
        manifest: what states their bytes; None reads whatever is there, as of an artifact that is
            being written.
    """

    def __init__(self, folder: str | os.PathLike[str], manifest: dict[str, Any] | None = None):
        self.folder = Path(folder)
        self._files = None if manifest is None else manifest.get("files")
        self._stated = manifest is not None

    def lists(self, name: str) -> bool:
        """Whether the manifest lists a file."""
        return not self._stated or entry(self._files, name) is not None

    def read(self, name: str, limit: int = LARGEST) -> bytes:
        """A file's bytes, at most `limit` of them.

        Raises:
            ArtifactError: if it is missing, not listed, no regular file, or not as it was exported.
        """
        return bytes(self._or_error(name, lambda each: self._bytes(each, limit)))

    def copy(self, name: str, target: str | os.PathLike[str]) -> None:
        """Copies a file; nothing is left at `target` unless its bytes are those of the manifest.

        Raises:
            ArtifactError: as `read`.
            OSError: if the target cannot be written.
        """
        target = Path(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as file:
            try:
                self._or_error(name, lambda each: self._hashed(each, file.write))
            except ArtifactError:
                target.unlink()
                raise

    def problem(self, name: str) -> str | None:
        """What is wrong with a file, to follow its name; None if nothing."""
        try:
            self._hashed(name, lambda chunk: None)
        except Problem as problem:
            return str(problem)
        return None

    def _or_error(self, name: str, function: Callable[[str], Any]) -> Any:
        try:
            return function(name)
        except Problem as problem:
            raise ArtifactError(
                f"{self.folder / name} {problem}. Fetch the artifact anew."
            ) from problem

    def _bytes(self, name: str, limit: int) -> bytes:
        parts: list[bytes] = []
        self._hashed(name, parts.append, limit)
        return b"".join(parts) if len(parts) != 1 else parts[0]

    def _hashed(self, name: str, take: Callable[[bytes], Any], limit: int = LARGEST) -> None:
        """Gives a file's bytes to `take`, all of them or a `Problem` at the end."""
        stated = entry(self._files, name) if self._stated else {}
        if stated is None:
            raise Problem("is not listed in manifest.json")
        digest, wanted = hashlib.sha256(), stated.get("bytes")
        with regular(self.folder / name) as file:
            size = os.fstat(file.fileno()).st_size
            if wanted is not None and size != wanted:
                raise Problem(
                    f"has {size:,} bytes, the manifest states {wanted:,}: it is incomplete or was "
                    "changed"
                )
            if size > limit:
                raise Problem(f"has {size:,} bytes, at most {limit:,} are read")
            for chunk in _chunks(file, size):
                digest.update(chunk)
                take(chunk)
        if self._stated and digest.hexdigest() != stated["sha256"]:
            raise Problem(
                "is not the file that was exported: its sha256 differs from the manifest's"
            )


def entry(files: Any, name: str) -> dict[str, Any] | None:
    """{"sha256", "bytes"} that a manifest's `files` state of one; None unless they do, properly."""
    stated = files.get(name) if isinstance(files, dict) else None
    path = PurePosixPath(name)
    inside = bool(path.parts) and not path.is_absolute() and ".." not in path.parts
    inside = inside and "\\" not in name and path.as_posix() == name
    if not (inside and isinstance(stated, dict)):
        return None
    sha256, size = stated.get("sha256"), stated.get("bytes")
    proper = isinstance(sha256, str) and len(sha256) == 64 and _HEXADECIMAL.issuperset(sha256)
    proper = proper and isinstance(size, int) and not isinstance(size, bool) and size >= 0
    return stated if proper else None


def listed(manifest: Mapping[str, Any]) -> list[str]:
    """Names of the files that a manifest lists properly."""
    files = manifest.get("files")
    return [name for name in files if entry(files, name)] if isinstance(files, dict) else []


def bounded(path: Path, limit: int) -> bytes:
    """A regular file's bytes, if there are no more than `limit`.

    Raises:
        Problem: if it is none, is missing, or is larger.
    """
    with regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise Problem(f"has {size:,} bytes, at most {limit:,} are read")
        return b"".join(_chunks(file, size))


def regular(path: Path) -> BinaryIO:
    """Opens a regular file to be read, and nothing else.

    Raises:
        Problem: if it is missing, is something else, or may not be read.
    """
    try:
        _require_regular(os.stat(path).st_mode)  # to open a device may do something
        file = os.fdopen(os.open(path, _FLAGS), "rb", buffering=0)
    except FileNotFoundError as error:
        raise Problem("is missing") from error
    except OSError as error:
        raise Problem(f"cannot be read ({error.strerror or error})") from error
    except ValueError as error:  # a name with a NUL, or of characters that no file system has
        raise Problem("cannot be a file's name") from error
    try:
        _require_regular(os.fstat(file.fileno()).st_mode)
    except Problem:
        file.close()
        raise
    return file


def _require_regular(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kinds = {
        "a folder": stat.S_ISDIR,
        "a pipe": stat.S_ISFIFO,
        "a device": lambda each: stat.S_ISCHR(each) or stat.S_ISBLK(each),
        "a socket": stat.S_ISSOCK,
    }
    found = [kind for kind, matches in kinds.items() if matches(mode)]
    raise Problem(f"is {found[0] if found else 'something else'} and no regular file")


def _chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """A file's bytes, `size` of them, in one piece where they are few."""
    try:
        left = size
        while left:
            chunk = file.read(left if size <= 64 * _CHUNK else min(left, _CHUNK))
            if not chunk:
                raise Problem(f"was cut off while it was read, {left:,} bytes before its end")
            left -= len(chunk)
            yield chunk
        if file.read(1):
            raise Problem("grew while it was read")
    except OSError as error:
        raise Problem(f"cannot be read ({error.strerror or error})") from error
    except MemoryError as error:
        raise Problem(f"takes more memory than there is, {size:,} bytes") from error
