"""Where a table comes from: its columns' names, and its rows some thousands at a time."""

import abc
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from zoo.artifact.words import word_of
from zoo.datasets import fingerprint, storage
from zoo.datasets.base import UNKNOWN_LICENCE, Origin
from zoo.datasets.tables.overrides import Override
from zoo.datasets.tables.values import normalised
from zoo.errors import DatasetError

MOST_COLUMNS = 1000
ROWS = 2**16
"""Rows of a chunk, where the file itself does not say."""

_KEPT = 1 / 8
"""Of the memory that rows may take: a smaller file is parsed once and kept, not at each pass."""


@dataclass(frozen=True)
class Chunk:
    """Rows that follow one another.

    Args:
        start: how many rows stand before them.
        arrays: {name: what `values.normalised` gives}, all of one length.
    """

    start: int
    arrays: dict[str, pa.Array]

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))


class Source(abc.ABC):
    """A table that can be read again and again.

    Args:
        shown: what it is called in sentences.
        name: of the dataset, a slug.
        said: what an artifact says of where its data is from.
        size: bytes, about.
    """

    def __init__(self, shown: str, name: str, said: str, size: int):
        self.shown = shown
        self.name = name
        self.said = said
        self.notes: list[str] = []
        self.declared: dict[str, tuple[tuple[str, ...], bool]] = {}
        """{column: (its words, whether they are in an order)}, of frames that say so."""
        self.overrides: dict[str, Override] = {}
        """{column: what the table says of it itself, where the rules would say otherwise}."""
        self.licence = UNKNOWN_LICENCE
        self.first_is_unnamed = False
        """Whether the first column's name was made up, as of an index that was written."""
        self.size = size
        self._small = False
        self._kept: list[Chunk] | None = None

    @property
    @abc.abstractmethod
    def names(self) -> Sequence[str]:
        """The columns' names, in the table's order."""

    @abc.abstractmethod
    def batches(self) -> Iterator[tuple[int, Sequence[pa.Array]]]:
        """(rows before it, an array a column), one after the other."""

    @abc.abstractmethod
    def digest(self) -> str:
        """Hexadecimal digits that change with anything that is read."""

    def place(self, row: int) -> str:
        """Where a row from 0 on stands, for sentences: of a .csv its line."""
        return f"row {row + 1:,}"

    def keep_if_small(self, memory_share: float) -> None:
        """Lets it be parsed once only where it is small beside the memory that rows may take."""
        self._small = self.size <= _KEPT * memory_share * storage.physical_memory()

    def chunks(self) -> Iterator[Chunk]:
        """All rows."""
        if self._kept is not None:
            yield from self._kept
            return
        kept = []
        for start, arrays in self.batches():
            made = {n: normalised(a, n) for n, a in zip(self.names, arrays, strict=True)}
            chunk = Chunk(start, made)
            if self._small:
                kept.append(chunk)
            yield chunk
        self._kept = kept if self._small else None


class Table(Source):
    """An Arrow table in memory."""

    def __init__(self, table: pa.Table, shown: str, name: str, said: str):
        super().__init__(shown, name, said, table.nbytes)
        self.table = table
        for column, field in zip(table.columns, table.schema, strict=True):
            if pa.types.is_dictionary(field.type) and len(column.chunks):
                words = tuple(
                    word_of(each) or "" for each in column.chunks[0].dictionary.to_pylist()
                )
                self.declared[field.name.strip()] = words, field.type.ordered

    @property
    def names(self) -> Sequence[str]:
        return [name.strip() for name in self.table.schema.names]

    def batches(self) -> Iterator[tuple[int, Sequence[pa.Array]]]:
        start = 0
        for batch in self.table.to_batches(max_chunksize=ROWS):
            yield start, batch.columns
            start += len(batch)

    def digest(self) -> str:
        digest = hashlib.sha256()
        with pa.ipc.new_stream(pa.PythonFile(_Hashed(digest), "w"), self.table.schema) as stream:
            stream.write_table(self.table)
        return digest.hexdigest()


class File(Source):
    """Abstract: a table in a file of the user's own."""

    def __init__(self, path: Path):
        super().__init__(*Origin.of_file(path), size=path.stat().st_size)
        self.path = path

    def digest(self) -> str:
        return fingerprint.of_file(self.path)


def require_names(source: Source, fewest: int = 2, most: int | None = MOST_COLUMNS) -> None:
    """Refuses a table whose columns have no names of their own, or which is no table.

    Args:
        source: it.
        fewest, most: columns that it may have; None is any number.

    Raises:
        DatasetError: with what to do.
    """
    names = source.names
    if most is not None and len(names) > most:
        raise DatasetError(
            f"{source.shown} has {len(names):,} columns, and a table has at most {most:,} "
            "here. Leave some out; if all are measurements of one kind (genes, a spectrum), save "
            "them as a .npy, float32 [n, features]; counts may be a .csv with --kind counts."
        )
    if len(names) < fewest:
        has = f"one column, {names[0]!r:.80}" if names else "no column"
        raise DatasetError(
            f"{source.shown} has {has}; wanted: a table of two columns or more. If they are "
            "separated by something else than a comma, a semicolon, a tab or a |, save it anew; "
            "if its rows are the steps of a series, pass --kind series."
        )
    seen: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        if not name:
            raise DatasetError(
                f"{source.shown}: the column {place} of {len(names):,} has no name. Name it in the "
                "first line."
            )
        if name in seen:
            raise DatasetError(
                f"{source.shown}: the columns {seen[name]} and {place} are both named "
                f"{name!r:.60}. Rename or remove one of them."
            )
        seen[name] = place


class _Hashed:
    """What Arrow writes to, as to a file, and what only its digest is kept of."""

    closed = False

    def __init__(self, digest: "hashlib._Hash"):
        self.digest = digest

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""
