"""The explorer at `/`: files that were written for it, looked up by their names in a table.

No path of a request reaches the file system, and no file is read as a whole: parts of it are sent
as the client takes them. Files of the version before stay, so that a page that is open goes on.
"""

import asyncio
import contextlib
import gzip
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from zoo import explorer
from zoo.artifact import checksums
from zoo.atomic_write import locked
from zoo.serve.bodies import wanted_encoding
from zoo.serve.models import Shelf
from zoo.serve.record import Log

Headers = list[tuple[bytes, bytes]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "zoo-serve-"
"""Begins the names of folders that servers write explorers to, in the system's temporary folder."""

_LOCK = "lock"  # in such a folder; held for as long as its server lives
_HAS_LOCKS = os.name == "posix"
_PART = 2**17  # bytes of a file that are read and sent at a time
_PACKED = 2**20  # bytes of text that are kept packed at most
_TEXTS = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".json": b"application/json",
}
_KINDS = _TEXTS | {".gz": b"application/gzip", ".onnx": b"application/octet-stream"}
_LASTING = "assets/", "artifacts/"  # their addresses change when they do
_POLICY = (
    b"content-security-policy",
    b"default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)

ASIDE = (
    "The explorer is not shown here, for it hands out weights and test data: it is where a server "
    "asks for no token and answers this machine alone, and elsewhere with --explorer."
)
UNWANTED = "The explorer is left out here (--no-explorer)."
_UNBUILT = (
    "The explorer is not shown, for its page was not built in this clone. With Node.js 20 or "
    "newer: make page; then start the server again."
)
_COMING = "The explorer is being written, and comes in a moment."
_FAILED = "The explorer could not be written; the server's log says why."
_NONE = "The explorer shows none of these artifacts; the server's log says what they lack."


@dataclass(frozen=True)
class File:
    """One file of an explorer.

    Args:
        path: where it lies.
        kind: its media type.
        size: in bytes.
        tag: of its bytes, without quotes.
        lasting: whether its address holds these bytes for ever.
        packed: it, by gzip; None where it is not text, or long.
    """

    path: Path
    kind: bytes
    size: int
    tag: str
    lasting: bool
    packed: bytes | None

    @classmethod
    def at(cls, path: Path, name: str) -> "File":
        """The file at a path, which has a name in the explorer."""
        size = path.stat().st_size
        packed = None
        if path.suffix in _TEXTS and size <= _PACKED:
            packed = gzip.compress(path.read_bytes(), mtime=0)
        kind = _KINDS.get(path.suffix, b"application/octet-stream")
        tag = checksums.of_file(path)[:16]
        return cls(path, kind, size, tag, name.startswith(_LASTING), packed)


@dataclass
class Found:
    """An answer: a status, headers, how long its body is, and what sends the body."""

    status: int
    kind: bytes
    headers: Headers
    size: int
    send: Callable[[Send], Awaitable[None]]


class Site:
    """The explorer of what is served, in a folder of its own.

    Args:
        shelf: the artifacts.
        log: gets a line for each explorer that is written, or is not.
        unwanted: why there is to be none; "" where there is.
    """

    def __init__(self, shelf: Shelf, log: Log, unwanted: str = "") -> None:
        self._shelf, self._log = shelf, log
        self._files: Mapping[str, File] = {}
        self._of: Mapping[str, Any] | None = None
        self._folders: list[Path] = []
        self._root: Path | None = None
        self._stack = contextlib.ExitStack()
        self._threads = ThreadPoolExecutor(2, "zoo-serve-site")
        self.wanted = not unwanted and explorer.is_built()
        """Whether there is, or is going to be, an explorer."""
        self.why_not = unwanted or (_COMING if self.wanted else _UNBUILT)
        """A sentence that says why there is none now; "" while there is one."""

    @property
    def is_coming(self) -> bool:
        """Whether the first one is being written."""
        return self.why_not == _COMING

    def renew(self) -> None:
        """Writes the explorer of what is served now, unless it is there; takes as long as it takes.

        To be called in one thread at a time. Where it cannot be written the one before stays.
        """
        served = self._shelf.served
        if not self.wanted or served is self._of:
            return
        self._of = served
        try:
            self._write({name: each.artifact for name, each in served.items()})
        except Exception as error:  # the server goes on with what it has
            self._log.event("explorer", what=f"not written: {error}")
            self.why_not = "" if self._files else _FAILED

    def _write(self, artifacts: Mapping[str, Any]) -> None:
        lacking = {name: explorer.lacks(each) for name, each in artifacts.items()}
        shown = {name: each for name, each in artifacts.items() if not lacking[name]}
        for name in lacking.keys() - shown.keys():
            what = f"{name} is not shown: it has no {', '.join(lacking[name])}"
            self._log.event("explorer", what=what)
        if not shown:
            self._files, self.why_not = {}, _NONE
            return
        if self._root is None or not self._root.is_dir():
            self._stack.close()
            self._files, self._folders = {}, []
            self._root = self._stack.enter_context(_own_folder())
        number = int(self._folders[-1].name) + 1 if self._folders else 1
        folder = self._root / str(number)
        explorer.write(shown, folder, offline=False, docs="docs")
        before = {
            name: file
            for name, file in self._files.items()
            if name.startswith("artifacts/") and file.path.is_relative_to(self._folders[-1])
        }
        self._files, self.why_not = before | _table(folder), ""
        self._folders.append(folder)
        for old in self._folders[:-2]:
            shutil.rmtree(old, ignore_errors=True)
        del self._folders[:-2]
        self._log.event("explorer", what="shown", artifacts=[*shown])

    def find(self, path: list[str]) -> File | None:
        """The file that a request's path names; None where there is none."""
        return self._files.get("/".join(path)) if path else None  # as of OPTIONS *

    async def answer(self, file: File, method: str, headers: Mapping[bytes, bytes]) -> Found | None:
        """An answer to GET or HEAD; None where the file is gone, as temporary folders are cleared.

        Args:
            file: what `find` gave.
            method: "GET" or "HEAD".
            headers: of the request.
        """
        packed = file.packed
        if not wanted_encoding(headers.get(b"accept-encoding", b"").decode("latin-1")) == "gzip":
            packed = None
        tag = f'"{file.tag}{"-gzip" if packed is not None else ""}"'.encode("ascii")
        keep = b"private, max-age=31536000, immutable" if file.lasting else b"no-cache"
        told: Headers = [
            (b"etag", tag),
            (b"cache-control", keep),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]
        if file.packed is not None:
            told.append((b"vary", b"accept-encoding"))
        if file.path.suffix == ".html":
            told.append(_POLICY)
        if tag in headers.get(b"if-none-match", b""):
            return Found(304, file.kind, told, 0, _nothing)
        size = file.size
        if packed is not None:
            size = len(packed)
            told.append((b"content-encoding", b"gzip"))
        if method == "HEAD":
            return Found(200, file.kind, told, size, _nothing)
        if packed is not None:
            return Found(200, file.kind, told, size, _sender(packed))
        loop = asyncio.get_running_loop()
        try:
            opened = await loop.run_in_executor(self._threads, open, file.path, "rb")
        except FileNotFoundError:
            if file.path.is_relative_to(self._folders[-1]):
                self._of = None  # written anew when folders are looked at next
            return None
        return Found(200, file.kind, told, size, self._reader(opened))

    def _reader(self, file: BinaryIO) -> Callable[[Send], Awaitable[None]]:
        async def send_parts(send: Send) -> None:
            loop = asyncio.get_running_loop()
            with file:
                while part := await loop.run_in_executor(self._threads, file.read, _PART):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

        return send_parts

    def close(self) -> None:
        """Removes what was written."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._files = {}
        self._stack.close()


def _table(folder: Path) -> dict[str, File]:
    """{name in the explorer: File}; the page itself is ""."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            found[name] = File.at(path, name)
    found[""] = found["index.html"]
    return found


def _sender(body: bytes) -> Callable[[Send], Awaitable[None]]:
    async def send_body(send: Send) -> None:
        await send({"type": "http.response.body", "body": body})

    return send_body


_nothing = _sender(b"")


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    """A folder that this user alone reads, and that is removed at the end.

    What servers left that were killed is removed first: nobody holds their locks any more.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{_LOCK}") if _HAS_LOCKS else ():
        with contextlib.suppress(OSError):  # it lives, or is removed by another at this moment
            if left.parent.lstat().st_uid == os.getuid():
                with locked(left):
                    shutil.rmtree(left.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with locked(folder / _LOCK):
            yield folder
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
