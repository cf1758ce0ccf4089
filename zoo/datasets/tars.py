"""A .tar, compressed or not, read from beginning to end, as what is compressed has to be."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath
from tarfile import EOFHeaderError, HeaderError  # type: ignore[attr-defined]
from typing import IO, Any, BinaryIO, TypeVar, cast

from zoo.datasets import storage
from zoo.datasets.archives import Archive, Member
from zoo.datasets.containers import Failure, attempt, in_threads, workers
from zoo.errors import DatasetError

T = TypeVar("T")

_COMPRESSED: tuple[tuple[bytes, Callable[[BinaryIO], IO[bytes]]], ...] = (
    (b"\x1f\x8b", lambda stream: cast(IO[bytes], gzip.GzipFile(fileobj=stream))),
    (b"\xfd7zXZ", lzma.LZMAFile),
    (b"BZh", bz2.BZ2File),
)
_LONGEST_HEADER = 2**20
_BYTES_A_MEMBER = 2**12  # of memory for the list; at most a quarter of all memory
_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.FIFOTYPE: "a named pipe",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
}


class Tar(Archive):
    """A .tar, .tar.gz, .tar.xz or .tar.bz2."""

    def listed(self) -> Iterator[Member]:
        """In their order in the archive."""
        for at, (info, _) in enumerate(self._walked()):
            if not info.isdir():
                kind = "" if info.isreg() else _KINDS.get(info.type, "of an unknown kind")
                yield Member(info.name, info.size, at, kind)

    def each(
        self, images: Sequence[PurePath], work: Callable[[BinaryIO], T]
    ) -> Iterator[tuple[int, T | Failure]]:
        """In their order in the archive: one thread reads, several work."""
        wanted = {self.members[image].where: i for i, image in enumerate(images)}

        def contents() -> Iterator[tuple[int, bytes]]:
            for at, (_, read) in enumerate(self._walked()):
                if at in wanted:
                    yield wanted[at], read()
            self.require_unchanged()

        def one(item: tuple[int, bytes]) -> tuple[int, T | Failure]:
            i, content = item
            return i, attempt(work, io.BytesIO(content))

        return in_threads(one, contents(), ahead=workers() + 2)

    def _walked(self) -> Iterator[tuple[tarfile.TarInfo, Callable[[], bytes]]]:
        """(header, what reads the content until the next one is asked for) of every member."""
        most = storage.physical_memory() // (4 * _BYTES_A_MEMBER)
        try:
            self.stream.seek(0)
            forwards = _Forwards(self._unpacked())
            archive = tarfile.TarFile(fileobj=cast(Any, forwards), tarinfo=_Strict)
            count = 0
            while (info := archive.next()) is not None:
                cast(Any, archive).members.clear()  # it would keep every header
                count += 1
                if count > most:
                    raise ValueError(f"it has more than {most:,} members")

                def read(info: tarfile.TarInfo = info) -> bytes:
                    forwards.allowed = info.size + _LONGEST_HEADER
                    return cast(IO[bytes], archive.extractfile(info)).read()

                yield info, read
                forwards.allowed = _LONGEST_HEADER
            forwards.stream.read(_LONGEST_HEADER)  # to the end, where gzip and xz have a checksum
        except DatasetError:
            raise
        except Exception as error:
            raise self.damaged(error) from error

    def _unpacked(self) -> IO[bytes]:
        start = self.stream.read(8)
        self.stream.seek(0)
        for magic, unpack in _COMPRESSED:
            if start.startswith(magic):
                return unpack(self.stream)
        return self.stream


class _Strict(tarfile.TarInfo):
    """A header; a damaged one is an error, where tarfile would take it for the end."""

    @classmethod
    def fromtarfile(cls, tarfile: Any) -> Any:
        try:
            return super().fromtarfile(tarfile)
        except EOFHeaderError:  # a block of zeros, as the end is marked
            raise
        except HeaderError as error:
            raise ValueError(f"{error}; its list of members is cut short or damaged") from error


class _Forwards:
    """An unpacked .tar that is never read backwards, and whose headers have an end."""

    def __init__(self, stream: IO[bytes]):
        self.stream = stream
        self.allowed = _LONGEST_HEADER
        self.position = 0

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.allowed:
            raise ValueError("a header of it is longer than any is")
        content = self.stream.read(size)
        self.allowed -= len(content)
        self.position += len(content)
        return content

    def seek(self, position: int) -> None:
        if position < self.position:
            raise ValueError("a member of it ends before it begins")
        if position > self.position:
            self.position = self.stream.seek(position)

    def tell(self) -> int:
        return self.position
