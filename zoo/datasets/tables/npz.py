"""Tables in an .npz: an array a column, or `x` and the names of its columns."""

import zipfile
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa

from zoo.datasets import numpy_files, reading, storage
from zoo.datasets.base import slug
from zoo.datasets.reading import printable
from zoo.datasets.tables import sources
from zoo.errors import DatasetError

_LONGEST_LIST = 2**20
_NOT_OF_TABLES = {"x_train", "x_test", "arr_0"}
_DRAWINGS = {"train", "test"}


def table_of(path: Path) -> sources.Source | None:
    """The table in an .npz; None where it holds other arrays, or is damaged, as `numpy_files` says.

    Raises:
        DatasetError: its arrays do not make a table, or are Python's objects.
    """
    with reading.open_regular(path) as stream:
        try:
            bounded = reading.InPieces(stream, _LONGEST_LIST, "its list of members is too long")
            with zipfile.ZipFile(cast(BinaryIO, bounded)) as archive:
                return _table(path, archive)
        except DatasetError:
            raise
        except Exception:  # a damaged file makes NumPy and zipfile raise nearly anything
            return None


def _table(path: Path, archive: zipfile.ZipFile) -> sources.Source | None:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    named, note = {"x", "columns"} <= {*members}, ""
    if named:
        note = numpy_files.left_out(path, archive, members, ["x", "columns"])
        members = {key: members[key] for key in ("x", "columns")}
    elif len(members) < 2 or "x" in members or _NOT_OF_TABLES & {*members}:
        return None
    elif {*members} >= _DRAWINGS:
        return None
    headers = {}
    for key, info in members.items():
        with archive.open(info) as member:
            if np.lib.format.read_magic(member) != (1, 0):
                return None
            shape, _, dtype = np.lib.format.read_array_header_1_0(member)
            headers[key] = shape, dtype
    if not named and any(len(shape) != 1 for shape, _ in headers.values()):
        return None
    for key, (_, dtype) in headers.items():
        if dtype.hasobject:
            raise DatasetError(
                f"{printable(path)}: the column {key!r:.60} holds Python's objects, "
                "which are pickles and not read. Save it as text, .astype(str), or as numbers."
            )
    size = sum(info.file_size for info in members.values())
    most = int(numpy_files.MEMORY_SHARE_OF_AN_NPZ * storage.physical_memory())
    if size > most:
        raise DatasetError(
            f"{printable(path)} unpacks to {size:,} bytes, and at most {most:,} are read into "
            "memory here. Save the table as .parquet: that is read as it is needed."
        )
    stored = {key: numpy_files.member(path, archive, info) for key, info in members.items()}
    source = _of_arrays(path, stored)
    source.notes += [note] if note else []
    return source


def _of_arrays(path: Path, stored: dict[str, np.ndarray]) -> sources.Source:
    """Of arrays by key: `x` [n, columns] and `columns` [columns], their names; or one [n] a column.

    Raises:
        DatasetError: they do not fit one another.
    """
    shown = printable(path)
    if "columns" in stored:
        names, x = [str(name) for name in stored["columns"].ravel()], stored["x"]
        if x.ndim != 2 or x.shape[1] != len(names):
            raise DatasetError(
                f"{shown}: x has the shape {list(x.shape)} and columns {len(names)} names; wanted: "
                "x [n, columns] and a name for each column."
            )
        columns = list(x.T)
    else:
        names, columns = list(stored), list(stored.values())
        lengths = {name: len(each) for name, each in stored.items()}
        if len({*lengths.values()}) > 1:
            raise DatasetError(
                f"{shown}: its columns have different numbers of rows: {lengths!s:.200}."
            )
    made = [
        pa.array(each.astype(str) if each.dtype.kind == "S" else each, from_pandas=True)
        for each in map(np.ascontiguousarray, columns)
    ]
    said = f"the user's own file {printable(path.name)}"
    return sources.Table(pa.Table.from_arrays(made, names), shown, slug(path.stem), said)
