"""A .csv or .tsv, some MiB at a time."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc_csv

from zoo.datasets.reading import printable
from zoo.datasets.tables import dialect
from zoo.datasets.tables.sources import File
from zoo.errors import DatasetError

BLOCK = 2**20
"""Bytes that are parsed at a time, or `OF_A_COLUMN` for each column where those are more; no row
may be longer."""
OF_A_COLUMN = 2**10


class Csv(File):
    """Every value as text; which columns are numbers, all of a column says."""

    def __init__(self, path: Path):
        found = dialect.of(path)  # which refuses what is no regular file
        super().__init__(path)
        self.dialect = found
        # An index that pandas wrote has no name.
        header = [name.strip() for name in found.header]
        self._names = ["column 1" if not name and not i else name for i, name in enumerate(header)]
        self.first_is_unnamed = not header[0]
        self._block = max(BLOCK, OF_A_COLUMN * len(header))
        usual = "\t" if path.suffix.lower() == ".tsv" else ","
        if found.separator != usual:
            said = dialect.SEPARATORS[found.separator]
            self.notes.append(f"{printable(path.name)} is separated by {said}.")
        if found.encoding == "utf-16":
            self.notes.append(f"{printable(path.name)} is written in UTF-16.")

    @property
    def names(self) -> Sequence[str]:
        return self._names

    def batches(self) -> Iterator[tuple[int, Sequence[pa.Array]]]:
        start = 0
        try:
            for batch in self._opened():
                if len(batch):
                    yield start, batch.columns
                start += len(batch)
        except (pa.ArrowException, UnicodeError, OSError) as error:
            raise self._refused(error) from error
        if not start:
            raise self._without_rows()

    def place(self, row: int) -> str:
        return f"line {dialect.line_of(self.path, self.dialect, row):,}"

    def _opened(self, handler: Any = None, threads: bool = True) -> Any:
        return pc_csv.open_csv(
            str(self.path),
            read_options=pc_csv.ReadOptions(
                block_size=self._block,
                use_threads=threads,
                encoding="utf-16" if self.dialect.encoding == "utf-16" else "utf8",
            ),
            parse_options=pc_csv.ParseOptions(
                delimiter=self.dialect.separator,
                newlines_in_values=True,
                ignore_empty_lines=self.dialect.skips_empty_lines,
                invalid_row_handler=handler,
            ),
            convert_options=pc_csv.ConvertOptions(
                column_types=dict.fromkeys(self.dialect.header, pa.string()),
                strings_can_be_null=False,
            ),
        )

    def _refused(self, error: Exception) -> DatasetError:
        """What is wrong with the file, which Arrow or Python refused."""
        text = str(error)
        if self.dialect.encoding != "utf-16" and (bad := dialect.bad_byte(self.path)):
            return bad
        if "Expected" in text and "columns" in text and (bad := self._ragged()):
            return bad
        if "Empty CSV" in text:  # a header that no line end follows
            return self._without_rows()
        if "straddling" in text:
            return DatasetError(
                f"{self.shown} has a row of more than {self._block:,} bytes. A quotation mark that "
                "is never closed makes one: look for it, or save the file anew."
            )
        return DatasetError(f"{self.shown} cannot be read: {printable(text)!s:.200}. Save it anew.")

    def _without_rows(self) -> DatasetError:
        return DatasetError(f"{self.shown} has the columns' names, and no row below them.")

    def _ragged(self) -> DatasetError | None:
        """The first row of another number of values."""
        bad = []

        def handler(row: Any) -> str:
            bad.append(row)
            return "skip"

        with contextlib.suppress(pa.ArrowException, UnicodeError):
            for _ in self._opened(handler, threads=False):
                if bad:
                    break
        if not bad:
            return None
        first = bad[0]
        more = "A value that holds a comma is put into quotation marks."
        if self.dialect.separator != ",":
            more = "A value that holds the separator is put into quotation marks."
        return DatasetError(
            f"{self.shown}: line {first.number:,} has {first.actual_columns:,} values and the "
            f"first line {first.expected_columns:,}: {printable(first.text)!s:.80}. {more}"
        )
