"""What holds image files: a folder here, archives in `zoo.datasets.archives`."""

import abc
import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePath
from typing import BinaryIO, TypeVar

from zoo.datasets import fingerprint, formats, reading
from zoo.datasets.base import slug
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

T = TypeVar("T")
Item = TypeVar("Item")

CHANGED = "it changed while it was read"

_IGNORED = {"thumbs.db", "desktop.ini", "__macosx"}  # and everything that begins with a dot
_AHEAD = 32


@dataclass(frozen=True)
class Failure:
    """Why nothing came of a file; `corrupt`: it can be read, and its content is no whole image."""

    reason: str
    corrupt: bool


@dataclass(frozen=True)
class Listing:
    """What a container holds.

    Args:
        images: files whose names end as those of pictures do, sorted.
        left_out: names of what is of no image format, then of what is hidden; folders end in /.
        unreadable: "a.png is a named pipe": pictures by their names that are no files to read.
    """

    images: list[PurePath]
    left_out: list[str]
    unreadable: list[str]


class Container(abc.ABC):
    """A folder or an archive; abstract. A context manager, inside of which it is read."""

    def __init__(self, path: Path, word: str, name: str):
        self.path = path
        self.word = word
        self.name = printable(name)
        self.shown = printable(path)

    @property
    def slug(self) -> str:
        """The name for artifacts."""
        return slug(self.name)

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @abc.abstractmethod
    def close(self) -> None:
        """Gives back what is open."""

    @abc.abstractmethod
    def listing(self) -> Listing:
        """What it holds, without reading any picture."""

    @abc.abstractmethod
    def digest(self, images: Sequence[PurePath]) -> str:
        """16 hexadecimal digits that change with the name or the content of any image."""

    @abc.abstractmethod
    def each(
        self, images: Sequence[PurePath], work: Callable[[BinaryIO], T]
    ) -> Iterator[tuple[int, T | Failure]]:
        """(index, what `work` made of the open image) for all images, in any order.

        A `DatasetError` of `work` means that the image is corrupt.
        """


class Folder(Container):
    """A folder, with all folders below it."""

    def __init__(self, path: Path):
        super().__init__(path, "folder", path.resolve().name)
        self.digests: dict[PurePath, str] = {}  # of images, once they have been asked for

    def close(self) -> None:
        """Nothing is kept open."""

    def listing(self) -> Listing:
        """Linked folders are followed, once.

        Raises:
            DatasetError: a folder may not be entered.
        """
        images, left_out = sorted_out(self.shown, *self._walked())
        unreadable = [
            f"{printable(image)} is {kind}"
            for image in images
            if (kind := _not_regular(self.path / image))
        ]
        return Listing(images, left_out, unreadable)

    def _walked(self) -> tuple[list[PurePath], list[str]]:
        """Every file that is not hidden, and the names of the files and folders that are."""

        def refuse(error: OSError) -> None:
            raise DatasetError(
                f"The folder {printable(error.filename)} cannot be read ({error.strerror}), "
                "and its images would be missing: make it readable, or move it elsewhere."
            ) from error

        files: list[PurePath] = []
        left_out = []
        seen = set()
        for place, subfolders, names in os.walk(self.path, followlinks=True, onerror=refuse):
            real = os.path.realpath(place)
            if real in seen:
                subfolders.clear()
                continue
            seen.add(real)
            folder = Path(place).relative_to(self.path)
            left_out += [f"{folder / name}/" for name in subfolders if hidden(name)]
            left_out += [f"{folder / name}" for name in names if hidden(name)]
            files += [folder / name for name in names if not hidden(name)]
            subfolders[:] = sorted(name for name in subfolders if not hidden(name))
        return files, left_out

    def digest(self, images: Sequence[PurePath]) -> str:
        """Of all files; what is decoded later must have the same content."""
        found = fingerprint.of_files(self.path, images, f"Reading {self.name}")
        self.digests = dict(zip(images, found, strict=True))
        return fingerprint.of_names(images, found)

    def each(
        self, images: Sequence[PurePath], work: Callable[[BinaryIO], T]
    ) -> Iterator[tuple[int, T | Failure]]:
        """In order, in several threads."""

        def one(i: int) -> tuple[int, T | Failure]:
            return i, self._one(images[i], work)

        return in_threads(one, range(len(images)))

    def _one(self, image: PurePath, work: Callable[[BinaryIO], T]) -> T | Failure:
        stated = self.digests.get(image)
        try:
            with reading.open_regular(self.path / image) as stream:
                before = state(stream)
                if stated and hashlib.file_digest(stream, "sha256").hexdigest() != stated:
                    return Failure(CHANGED, corrupt=False)
                stream.seek(0)
                made = attempt(work, stream)
                return made if state(stream) == before else Failure(CHANGED, corrupt=False)
        except DatasetError as error:
            return Failure(str(error), corrupt=False)
        except OSError as error:  # such as a disk that does not answer
            return Failure(str(error.strerror), corrupt=False)


def hidden(name: str) -> bool:
    """Whether a file or folder of this name is one of those that systems leave behind."""
    return name.startswith(".") or name.lower() in _IGNORED


def sorted_out(
    shown: str, files: Sequence[PurePath], left_out: Sequence[str]
) -> tuple[list[PurePath], list[str]]:
    """(images, names of what is left out) of files and the names of what is hidden.

    Raises:
        MissingDependency: there are pictures that want a package that is not installed.
    """
    formats.require_packages(shown, files)
    known = formats.suffixes()
    images = [file for file in files if file.suffix.lower() in known]
    strangers = [str(file) for file in files if file.suffix.lower() not in known]
    names = [printable(name) for name in (*sorted(strangers), *sorted(left_out))]
    return sorted(images, key=lambda file: file.parts), names


def attempt(work: Callable[[BinaryIO], T], stream: BinaryIO) -> T | Failure:
    """What `work` makes of an open image, or why nothing."""
    try:
        return work(stream)
    except DatasetError as error:
        return Failure(str(error), corrupt=True)
    except OSError as error:
        return Failure(str(error.strerror), corrupt=False)


def state(stream: BufferedReader) -> tuple[int, ...]:
    """What tells that an open file has been written to."""
    status = os.fstat(stream.fileno())
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def workers() -> int:
    """Threads that decode: Pillow and zlib let go of the lock."""
    return min(8, os.cpu_count() or 1)


def in_threads(
    work: Callable[[Item], T], items: Iterable[Item], ahead: int = _AHEAD
) -> Iterator[T]:
    """work(item) of each item, in order; at most `ahead` items are taken before they are wanted."""
    pool = ThreadPoolExecutor(workers())
    waiting: deque[Future[T]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _not_regular(file: Path) -> str | None:
    try:
        return reading.not_regular(file)
    except OSError as error:
        return f"not to be reached ({error.strerror})"
