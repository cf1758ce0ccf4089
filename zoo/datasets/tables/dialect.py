"""How a .csv is written: its encoding, its separator and its header, by how it begins."""

import contextlib
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zoo.datasets import reading
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "|"}
BEGINNING = 2**22
"""Bytes, at most, that the header is looked for in."""

_LINES = 50  # that are compared
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True)
class Dialect:
    """How a file is written.

    Args:
        encoding: as Python names it.
        separator: between two values.
        header: the first line's values, as they are.
    """

    encoding: str
    separator: str
    header: tuple[str, ...]

    @property
    def skips_empty_lines(self) -> bool:
        """Whether a line of nothing is no row; of one column it is a missing value."""
        return len(self.header) > 1


def of(path: Path) -> Dialect:
    """The dialect of a file.

    Raises:
        DatasetError: it cannot be read, is empty, or is no text.
    """
    with reading.open_regular(path) as stream:
        start = reading.at_most(stream.read, BEGINNING)
    if not start.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise DatasetError(f"{printable(path)} is empty. Wanted: columns' names, and rows below.")
    encoding = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "utf-8")
    whole = len(start) < BEGINNING
    text = start.decode(encoding, errors="replace")
    if "\x00" in text:
        raise DatasetError(
            f"{printable(path)} holds bytes of 0, which no text has. Save it as CSV in UTF-8."
        )
    lines = text if whole else text[: text.rfind("\n") + 1] or text
    separator = _separator(lines, "\t" if path.suffix.lower() == ".tsv" else ",")
    return Dialect(encoding, separator, tuple(_rows(lines, separator, 1)[0]))


def line_of(path: Path, found: Dialect, row: int) -> int:
    """The line, from 1 on, that a row begins in: rows count from 0 below the header.

    Values may go over several lines, and lines may be empty.
    """
    number, ended = -1, 0  # the header is row -1
    with reading.open_regular(path) as stream, _long_values(), contextlib.suppress(csv.Error):
        text = io.TextIOWrapper(stream, found.encoding, errors="replace", newline="")
        rows = csv.reader(text, delimiter=found.separator)
        for values in rows:
            if values or not found.skips_empty_lines:
                if number == row:
                    break
                number += 1
            ended = rows.line_num
    return ended + 1


def bad_byte(path: Path) -> DatasetError | None:
    """What to raise for a file that is no UTF-8, with the first line that is none; or None."""
    with reading.open_regular(path) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                was = line[max(0, error.start - 20) : error.start + 20].decode("cp1252", "replace")
                return DatasetError(
                    f"{printable(path)} is not written in UTF-8: line {number:,} has the byte "
                    f"0x{line[error.start]:02x}; in Windows-1252 it reads {was!r}. Save "
                    "it as CSV in UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8."
                )
    return None


def _separator(text: str, usual: str) -> str:
    """The one by which all lines have as many values, and the most; the usual one of two alike."""
    best, most = usual, 1
    for separator in sorted(SEPARATORS, key=lambda each: each != usual):
        rows = _rows(text, separator, _LINES)
        counts = {len(row) for row in rows}
        if len(counts) == 1 and len(rows[0]) > most:
            best, most = separator, len(rows[0])
    if most > 1:
        return best
    # Lines of several lengths: the separator that the header has the most of.
    header = _rows(text, usual, 1)[0]
    line = usual.join(header)
    return max(sorted(SEPARATORS, key=lambda each: each != usual), key=line.count)


def _rows(text: str, separator: str, most: int) -> list[list[str]]:
    """The first rows that hold anything."""
    found: list[list[str]] = []
    with _long_values(), contextlib.suppress(csv.Error):  # cut off in the middle of a quotation
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if row:
                found.append(row)
            if len(found) == most:
                break
    return found or [[""]]


@contextlib.contextmanager
def _long_values() -> Iterator[None]:
    """Lets Python's reader take values of any length that a file's beginning may have."""
    limit = csv.field_size_limit(BEGINNING)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
