"""Which files are pictures: the formats that Pillow decodes, with the plugins installed here."""

import importlib
from collections.abc import Sequence
from pathlib import PurePath
from types import ModuleType

from zoo.datasets.reading import first_five, printable
from zoo.errors import MissingDependency

# A picture is pixels to look at that Pillow decodes by itself. Left out is what it hands to another
# program (pages and drawings) or only identifies (film), measurements, and news cables.
_NO_PICTURES = frozenset({"EPS", "WMF", "MPEG", "BUFR", "FITS", "GRIB", "HDF5", "IPTC"})
_HEIF_PACKAGES = ("pillow_heif", "pi_heif")
# Of formats that people have and this Pillow may not: what to install.
_WANTS = {
    ".heic": "pillow-heif",
    ".heif": "pillow-heif",
    ".hif": "pillow-heif",
    ".avif": "'pillow>=11.3'",
    ".webp": "--upgrade pillow",
    ".jp2": "--upgrade pillow",
}


def pillow() -> ModuleType:
    """The module PIL.Image, or an error that says how to get it."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependency(
            "Images are decoded with Pillow, which is not installed: pip install pillow"
        ) from error
    return Image


def readable() -> list[str]:
    """Pillow's names of the formats, in the order in which they are tried."""
    image = pillow()
    image.preinit()  # the usual formats first; of some others any file may be one
    image.init()
    return [name for name in image.ID if name not in _NO_PICTURES]


def suffixes() -> frozenset[str]:
    """The endings of files of these formats, in lower case."""
    _register_heif()
    formats = set(readable())
    return frozenset(
        suffix for suffix, name in pillow().registered_extensions().items() if name in formats
    )


def is_picture(file: PurePath) -> bool:
    """Whether the file's name ends as that of a picture."""
    return file.suffix.lower() in suffixes()


def require_packages(shown: str, files: Sequence[PurePath]) -> None:
    """Refuses pictures that a further package would read, for they would be missing silently.

    Raises:
        MissingDependency: with the files and the package.
    """
    unknown = set(_WANTS) - suffixes()
    lacking = sorted(file for file in files if _suffix(file) in unknown)
    if lacking:
        package = _WANTS[_suffix(lacking[0])]
        raise MissingDependency(
            f"{shown} has {len(lacking):,} pictures that Pillow cannot read as it is installed: "
            f"{first_five([printable(file) for file in lacking])}. pip install {package}, or "
            "convert them to .png or .jpg."
        )


def _suffix(file: PurePath) -> str:
    return file.suffix.lower()


def _register_heif() -> None:
    """Pillow opens .heic, as iPhones save it, where one of two packages is installed."""
    for name in _HEIF_PACKAGES:
        try:
            importlib.import_module(name).register_heif_opener()
            return
        except ImportError:
            continue
