"""A .zip or .tar of images, read as a folder is; nothing is unpacked onto the disk.

Names of members are labels and never paths: no file is opened but the archive.
"""

import abc
import hashlib
import io
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, BinaryIO, TypeVar, cast

from zoo.datasets import fingerprint, formats, reading, storage
from zoo.datasets.base import slug
from zoo.datasets.containers import (
    CHANGED,
    Container,
    Failure,
    Listing,
    attempt,
    hidden,
    in_threads,
    sorted_out,
    state,
)
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

T = TypeVar("T")

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")

_ZIP = b"PK"
_PIECE, _SMALL_PIECE = 2**20, 2**12  # the latter where zipfile unpacks all of a piece at once
_ENCRYPTED = 0x1  # of a member's flags
_LARGEST_MEMBER = 1 / 32  # of the memory, for one of several that are decoded at once
_LONGEST_LIST = 1 / 64  # of the memory: as Python's objects it takes some ten times as much


@dataclass(frozen=True)
class Member:
    """A member of an archive that is no folder.

    Args:
        name: as the archive has it.
        size: bytes that it states to unpack to, or to be packed in, if that is more.
        where: what its archive finds it by.
        kind: what it is, where it is no file: "a symbolic link".
    """

    name: str
    size: int
    where: Any
    kind: str = ""


def opened(path: Path) -> Container:
    """The archive at `path`, by what it holds and not by its name.

    Raises:
        DatasetError: it cannot be opened, or is no archive.
    """
    from zoo.datasets import tars

    stream = reading.open_regular(path)
    try:
        start = stream.read(len(_ZIP))
        return Zip(path, stream) if start == _ZIP else tars.Tar(path, stream)
    except BaseException:
        stream.close()
        raise


class Archive(Container):
    """A file whose members are read as the files of a folder are; abstract.

    Folders in which all of its images lie are not part of their names.
    """

    def __init__(self, path: Path, stream: io.BufferedReader):
        super().__init__(path, "archive", path.name)
        self.stream = stream
        self.state = state(stream)
        self.members: dict[PurePath, Member] = {}  # of images, once they are listed

    @property
    def slug(self) -> str:
        """Of the name without its ending."""
        endings = (end for end in SUFFIXES if self.name.lower().endswith(end))
        ending = max(endings, key=len, default="")
        return slug(self.name.lower().removesuffix(ending))

    def close(self) -> None:
        """Closes the file."""
        self.stream.close()

    @abc.abstractmethod
    def listed(self) -> Iterator[Member]:
        """All members that are no folders.

        Raises:
            DatasetError: the archive is damaged or encrypted, or its list is endless.
        """

    def listing(self) -> Listing:
        """Links and devices are not to be read.

        Raises:
            DatasetError: as `listed`; two members have one name, or a picture is a bomb.
        """
        found: dict[PurePath, Member] = {}
        left_out, unreadable = set(), []
        for member in self.listed():
            path = _path(member.name)
            at = next((i for i, part in enumerate(path.parts) if hidden(part)), None)
            if at is not None:
                above = "/".join(path.parts[: at + 1])
                left_out.add(above + "/" * (at + 1 < len(path.parts)))
            elif member.kind:
                unreadable.append(f"{printable(path)} is {member.kind}")
            elif member.size > largest_member() and formats.is_picture(path):
                raise DatasetError(
                    f"{self.shown} unpacks {printable(path)} to {member.size:,} bytes, of which at "
                    f"most {largest_member():,} are read here. Pack it anew without it."
                )
            elif path in found:
                raise DatasetError(
                    f"{self.shown} has two members of the name {printable(path)}, and which one "
                    "counts is not stated. Pack it anew."
                )
            else:
                found[path] = member
        images, names = sorted_out(self.shown, list(found), sorted(left_out))
        short = _below_common_folders(images)
        self.members = {name: found[image] for name, image in zip(short, images, strict=True)}
        return Listing(short, names, unreadable)

    def digest(self, images: Sequence[PurePath]) -> str:
        """Of the archive as a whole, and of what of it is read."""
        self.stream.seek(0)
        content = hashlib.file_digest(self.stream, "sha256").hexdigest()
        return fingerprint.of_names(images, [content] * len(images))

    def require_unchanged(self) -> None:
        """Refuses an archive that has been written to since it was opened."""
        if state(self.stream) != self.state:
            raise DatasetError(f"{self.shown} cannot be read: {CHANGED}. Load it again.")

    def damaged(self, error: Exception) -> DatasetError:
        """What to raise for nearly anything that a damaged archive makes a reader raise."""
        return DatasetError(
            f"{self.shown} cannot be read as an archive ({type(error).__name__}: "
            f"{printable(error)}). Wanted: a whole .zip, .tar, .tar.gz, .tar.xz or .tar.bz2 of "
            "images. Pack it anew, or give the folder itself."
        )


class Zip(Archive):
    """A .zip, whose members are read in several threads."""

    def __init__(self, path: Path, stream: io.BufferedReader):
        super().__init__(path, stream)
        bounded = reading.InPieces(
            stream,
            int(_LONGEST_LIST * storage.physical_memory()),
            "its list of members is longer than there is memory for",
        )
        try:
            self.archive = zipfile.ZipFile(cast(BinaryIO, bounded))
        except Exception as error:
            raise self.damaged(error) from error
        bounded.most = largest_member()

    def listed(self) -> Iterator[Member]:
        """As the archive's directory has them."""
        for info in self.archive.infolist():
            if info.is_dir():
                continue
            if info.flag_bits & _ENCRYPTED:
                raise DatasetError(
                    f"{self.shown} is encrypted ({printable(info.filename)}). Unpack it with its "
                    "password, and give the folder."
                )
            kind = stat.S_IFMT(info.external_attr >> 16)
            special = "" if kind in (0, stat.S_IFREG) else "a device or a pipe"
            if kind == stat.S_IFLNK:
                special = "a symbolic link"
            size = max(info.file_size, info.compress_size)
            yield Member(info.filename, size, info, special)

    def each(
        self, images: Sequence[PurePath], work: Callable[[BinaryIO], T]
    ) -> Iterator[tuple[int, T | Failure]]:
        """In order, in several threads."""

        def one(i: int) -> tuple[int, T | Failure]:
            try:
                content = self._content(self.members[images[i]].where)
            except Exception as error:
                if isinstance(error, OSError) and error.errno is not None:
                    return i, Failure(str(error.strerror), corrupt=False)
                reason = f"it cannot be unpacked: {type(error).__name__}: {printable(error)}"
                return i, Failure(reason, corrupt=True)
            return i, attempt(work, io.BytesIO(content))

        yield from in_threads(one, range(len(images)))
        self.require_unchanged()

    def _content(self, info: zipfile.ZipInfo) -> bytes:
        """A member unpacked; asked for the whole, zipfile would first unpack what is not stated."""
        bounded = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        with self.archive.open(info) as member:
            return b"".join(iter(lambda: member.read(_PIECE if bounded else _SMALL_PIECE), b""))


def largest_member() -> int:
    """Bytes that one member may have."""
    return int(_LARGEST_MEMBER * storage.physical_memory())


def _path(name: str) -> PurePosixPath:
    """The member's name as a path below the archive, of which nothing but the parts is used."""
    parts = name.replace("\\", "/").split("/")  # the former is how some packers on Windows part
    return PurePosixPath(*(part for part in parts if part not in ("", ".", "..")))


def _below_common_folders(images: Sequence[PurePath]) -> list[PurePath]:
    """The paths without the folders that all of them share."""
    paths = [image.parts for image in images]
    shared = 0
    while paths and all(len(path) > shared + 1 for path in paths):
        if len({path[shared] for path in paths}) > 1:
            break
        shared += 1
    return [PurePosixPath(*path[shared:]) for path in paths]
