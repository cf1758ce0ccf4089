"""Tables in .parquet files, a row group's batch at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zoo.datasets.reading import printable
from zoo.datasets.tables.sources import ROWS, File
from zoo.errors import DatasetError


class Parquet(File):
    """A .parquet file, a row group's batch at a time."""

    def __init__(self, path: Path):
        super().__init__(path)
        try:
            self.file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path, error) from error

    @property
    def names(self) -> Sequence[str]:
        return [name.strip() for name in self.file.schema_arrow.names]

    def batches(self) -> Iterator[tuple[int, Sequence[pa.Array]]]:
        start = 0
        try:
            for batch in self.file.iter_batches(batch_size=ROWS):
                yield start, batch.columns
                start += len(batch)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.path, error) from error


def _unreadable(path: Path, error: Exception) -> DatasetError:
    return DatasetError(
        f"{printable(path)} cannot be read as Parquet: {printable(error)!s:.200}. Write it anew."
    )
