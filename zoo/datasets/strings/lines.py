"""Files of strings, one a line or a row: read as a stream, whatever their size."""

import codecs
import csv
import difflib
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from zoo.datasets.reading import open_regular, printable
from zoo.errors import DatasetError

SMILES, PLAIN, TABLES = (".smi", ".smiles"), (".txt",), (".csv", ".tsv")
SUFFIXES = (*SMILES, *PLAIN)
"""Of files that are strings whatever is asked; of `TABLES` a column has to be named."""

LONGEST = 2**20  # bytes of a line
COMMENT = "#"
_BOM = "\ufeff"


@dataclass(frozen=True)
class Line:
    """One line or row that may be a string.

    Args:
        number: of the line, from 1 on.
        text: the string; None where the line is no UTF-8.
    """

    number: int
    text: str | None


def suffix(path: Path) -> str:
    """Lower-case ending, that before a .gz."""
    last = path.suffix.lower()
    return Path(path.stem).suffix.lower() if last == ".gz" else last


def read(path: Path, column: str | None = None) -> Iterator[Line]:
    """The strings of a file, blank lines and comments left out; .gz is unpacked on the way.

    Of a .smi it is what stands before the first space or tab of a line, after which SMILES files
    have a name; of a .txt the line; of a .csv or .tsv the column of that name.

    Raises:
        DatasetError: it cannot be read, is UTF-16, has a line longer than `LONGEST`, or no such
            column.
    """
    ending = suffix(path)
    if ending in TABLES:
        yield from _of_column(path, column, "\t" if ending == ".tsv" else ",")
        return
    if column is not None:
        raise DatasetError(
            f"column={column!r:.60} is of a .csv or .tsv, and {printable(path)} has one string a "
            "line. Leave it out."
        )
    for number, text in _lines(path):
        text = text if text is None else text.strip()
        if text == "" or (text and ending in SMILES and text.startswith(COMMENT)):
            continue
        if text and ending in SMILES:
            text = text.split(maxsplit=1)[0]
        yield Line(number, text)


def _lines(path: Path, errors: str = "strict") -> Iterator[tuple[int, str | None]]:
    """(number, text without its end; None of what is no UTF-8); \\n, \\r\\n and \\r end a line."""
    with _opened(path) as stream:
        number, rest = 0, b""
        while True:
            piece = _piece(path, stream)
            if not number and not rest:
                _require_no_utf_16(path, piece)
            # a \r at the end of a piece may be half of a \r\n
            whole = rest + piece
            held = b"\r" if piece and whole.endswith(b"\r") else b""
            parts = whole[: len(whole) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            *complete, rest = parts.split(b"\n")
            rest += held
            for line in complete:
                number += 1
                _require_short(path, number, line)
                yield number, _decoded(line, errors)
            _require_short(path, number + 1, rest)
            if not piece:
                if rest:
                    yield number + 1, _decoded(rest, errors)
                return


def _require_short(path: Path, number: int, line: bytes) -> None:
    if len(line) > LONGEST:
        raise DatasetError(
            f"{printable(path)}, line {number:,}, is longer than {LONGEST:,} bytes: it is no file "
            "of strings, one a line."
        )


def _require_no_utf_16(path: Path, beginning: bytes) -> None:
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DatasetError(
            f"{printable(path)} is UTF-16, by its first two bytes; wanted: UTF-8. Save it as that."
        )


def _of_column(path: Path, column: str | None, delimiter: str) -> Iterator[Line]:
    """The cells of a column; the number is that of the line in which a row ends."""
    lines = (f"{text}\n" for _, text in _lines(path, "surrogateescape"))
    rows, began = csv.reader(lines, delimiter=delimiter, strict=True), 1
    try:
        place = _place(path, next(rows, []), column)
        began = rows.line_num + 1
        for row in rows:
            cell = row[place].strip() if place < len(row) else ""
            if cell:
                yield Line(rows.line_num, cell if _is_text(cell) else None)
            began = rows.line_num + 1
    except csv.Error as error:
        raise DatasetError(
            f"{printable(path)}, the row that begins in line {began:,}, cannot be read: {error}. "
            "Are its quotation marks in pairs?"
        ) from error


def columns(path: Path) -> tuple[str, ...]:
    """Names of the columns of a .csv or .tsv.

    Raises:
        DatasetError: it cannot be read.
    """
    lines = (f"{text}\n" for _, text in _lines(path, "surrogateescape"))
    delimiter = "\t" if suffix(path) == ".tsv" else ","
    return tuple(name.strip() for name in next(csv.reader(lines, delimiter=delimiter), []))


def _place(path: Path, header: list[str], column: str | None) -> int:
    if not header:
        raise DatasetError(f"{printable(path)} has no string; wanted: names of columns, and rows.")
    if column is None:
        raise DatasetError(
            f"{printable(path)} is a table. Say which of its columns holds the strings: column= or "
            f"--column, one of {printable(', '.join(header[:20]))}."
        )
    names = [name.strip() for name in header]
    if column not in names:
        plain = {name.casefold(): name for name in names}
        close = difflib.get_close_matches(column[:60].casefold(), plain, n=1)
        nearest = f" Nearest: {printable(plain[close[0]])}." if close else ""
        raise DatasetError(
            f"{printable(path)} has no column {column!r:.60}; it has "
            f"{printable(', '.join(names[:20]))}.{nearest}"
        )
    return names.index(column)


def _opened(path: Path) -> BinaryIO:
    stream = open_regular(path)
    return gzip.GzipFile(fileobj=stream) if path.suffix.lower() == ".gz" else stream  # type: ignore[return-value]


def _piece(path: Path, stream: BinaryIO) -> bytes:
    try:
        return stream.read(2**20)
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{printable(path)} cannot be read: {error}.") from error


def _decoded(line: bytes, errors: str) -> str | None:
    try:
        # where files were put one behind the other, marks stand in their midst
        return line.decode("utf-8", errors).removeprefix(_BOM)
    except UnicodeDecodeError:
        return None


def _is_text(cell: str) -> bool:
    """Whether no byte of it was none of UTF-8's."""
    return not any("\ud800" <= character <= "\udfff" for character in cell)
