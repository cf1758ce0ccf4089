"""What the MOSES benchmark brings besides its program: strings, patterns and statistics.

They are in the wheel of its distribution `molsets`. That one's requirements are of 2020 and cannot
be installed beside today's libraries, so its files are read and its code is never imported.
"""

import csv
import functools
import gzip
import importlib.metadata
import importlib.util
import io
import pickle
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import DatasetError, MissingDependency
from zoo.evaluation.molecules import chemistry
from zoo.evaluation.molecules.reference import Reference

SPLITS = ("train", "test", "test_scaffolds")
"""1,584,663, 176,074 and 176,225 molecules; no scaffold of the last occurs in the first two."""

_PRESENT = "dataset/data/test.csv.gz"
_GET = (
    "Its requirements are of 2020 and cannot be installed, so take it without them: pip install "
    "--no-deps molsets; or fetch the wheel, pip download --no-deps molsets, and give its path: "
    'moses_data("molsets-0.3.1-py3-none-any.whl").'
)


class MosesData:
    """MOSES' strings, patterns and statistics (Polykovskiy et al. 2020), each read when asked for.

    Final; `moses_data` makes one.

    Args:
        read: path below `moses/` -> its bytes.
        place: where that is, for errors.
    """

    def __init__(self, read: Callable[[str], bytes], place: str):
        self.read = read
        self.place = place

    @functools.cached_property
    def train(self) -> list[str]:
        """The molecules that a model of the benchmark is trained on."""
        return self.strings("train")

    @functools.cached_property
    def test(self) -> list[str]:
        """A random sample of the same molecules."""
        return self.strings("test")

    @functools.cached_property
    def scaffold_test(self) -> list[str]:
        """Molecules of scaffolds that neither of the others has."""
        return self.strings("test_scaffolds")

    @functools.cached_property
    def patterns(self) -> tuple[str, ...]:
        """SMARTS of what passes no filter: 22 of medicinal chemistry (MCF), 480 of PAINS."""
        medicinal = csv.DictReader(io.StringIO(self._text("metrics/mcf.csv")))
        pains = csv.reader(io.StringIO(self._text("metrics/wehi_pains.csv")))
        return tuple(
            [row["smarts"].strip() for row in medicinal] + [row[0].strip() for row in pains if row]
        )

    @functools.cached_property
    def test_statistics(self) -> Reference:
        """What `test` comes to, as published."""
        return self.statistics("test")

    @functools.cached_property
    def scaffold_test_statistics(self) -> Reference:
        """What `scaffold_test` comes to, as published."""
        return self.statistics("test_scaffolds")

    def strings(self, split: str) -> list[str]:
        """The strings of one of `SPLITS`, as they are in the file."""
        text = gzip.decompress(self.read(f"dataset/data/{split}.csv.gz")).decode()
        return [row["SMILES"] for row in csv.DictReader(io.StringIO(text))]

    def statistics(self, split: str) -> Reference:
        """What was computed of "test" or "test_scaffolds" when MOSES was published.

        The features of ChemNet have their moments only. Strings of fragments and scaffolds are as
        RDKit of 2020 wrote them: today's writes a few otherwise.
        """
        name = f"dataset/data/{split}_stats.npz"
        try:
            found = _unpickled(self.read(name))
            chemnet = found["FCD"]
            return Reference(
                count=len(found["SNN"]["fps"]),
                fingerprints=np.packbits(found["SNN"]["fps"], axis=1),
                fragments=found["Frag"]["frag"],
                scaffolds=found["Scaf"]["scaf"],
                descriptors={
                    each: np.array(found[each]["values"], np.float64)
                    for each in chemistry.DESCRIPTORS
                },
                chemnet=(chemnet["mu"].astype(np.float64), chemnet["sigma"]),
            )
        except DatasetError:
            raise
        except (KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
            raise DatasetError(
                f"{name} of {self.place} does not hold MOSES' statistics ({error}): take molsets "
                "0.3.1 anew."
            ) from error

    def _text(self, name: str) -> str:
        return self.read(name).decode()


def moses_data(source: str | Path | None = None) -> MosesData:
    """MOSES' data, from where its distribution `molsets` is; its code is not imported.

    Args:
        source: the wheel, a folder that it was unpacked to, or a clone of its repository; None is
            what is installed.

    Raises:
        MissingDependency: if it is not installed, with how to get it.
        DatasetError: if it is not what `source` is.
    """
    if source is None:
        return _of_folder(_installed())
    path = Path(source).expanduser()
    if path.is_dir():
        return _of_folder(path)
    if not zipfile.is_zipfile(path):
        state = "is no wheel" if path.exists() else "does not exist"
        raise DatasetError(f"{path} {state}; wanted is MOSES' wheel or a folder of it. {_GET}")
    with zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if name.endswith(f"moses/{_PRESENT}")]
    if not names:
        raise DatasetError(f"{path} has no moses/{_PRESENT}: it is not MOSES' wheel. {_GET}")
    return MosesData(functools.partial(_of_wheel, path, names[0][: -len(_PRESENT)]), str(path))


def _of_folder(folder: Path) -> MosesData:
    for root in (folder / "moses", folder):
        if (root / _PRESENT).exists():
            return MosesData(functools.partial(_of_file, root), str(root))
    raise DatasetError(
        f"{folder} has no moses/{_PRESENT}; wanted is a folder that MOSES' wheel was unpacked to. "
        f"{_GET}"
    )


def _installed() -> Path:
    try:
        importlib.metadata.distribution("molsets")  # another package has the name moses
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingDependency(
            f"MOSES' data comes with the distribution molsets, which is not installed. {_GET}"
        ) from error
    spec = importlib.util.find_spec("moses")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        return Path(place)
    raise MissingDependency(f"molsets is installed without its package moses. {_GET}")


def _of_file(root: Path, name: str) -> bytes:
    try:
        return (root / name).read_bytes()
    except OSError as error:
        raise DatasetError(f"{root / name} cannot be read ({error}). {_GET}") from error


def _of_wheel(path: Path, prefix: str, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as wheel:
            return wheel.read(prefix + name)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{prefix}{name} of {path} cannot be read ({error}). {_GET}") from error


def _unpickled(content: bytes) -> dict[str, Any]:
    """The dictionary in an .npz of MOSES: a pickle, which may name nothing but numbers' types."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open("stats.npy") as stream:
        version = np.lib.format.read_magic(stream)
        if version[0] == 1:
            np.lib.format.read_array_header_1_0(stream)
        else:
            np.lib.format.read_array_header_2_0(stream)
        return _Unpickler(stream).load().item()


def _latin1(text: str, _: str) -> bytes:
    return text.encode("latin1")


class _Unpickler(pickle.Unpickler):
    """Python's unpickler runs what a pickle names; this one knows arrays, numbers and counters."""

    _MODULES = ("numpy", "collections", "_codecs")
    _KNOWN = {
        "_reconstruct": np.array(0).__reduce__()[0],
        "scalar": np.float64(0).__reduce__()[0],
        "ndarray": np.ndarray,
        "dtype": np.dtype,
        "Counter": Counter,
        "encode": _latin1,  # how bytes are written
    }

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] in self._MODULES and name in self._KNOWN:
            return self._KNOWN[name]
        raise DatasetError(
            f"MOSES' statistics name {f'{module}.{name}'[:80]!r}, which none needs; nothing was "
            "run. Take molsets 0.3.1 anew."
        )
