"""Where artifacts lie: from a name to a folder, and every artifact of some folders."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from zoo.errors import ArtifactError, InputError

SEARCH_PATH = "VAE_ZOO_EXPORTS"
BESIDE = Path(__file__).resolve().parents[2]  # what the package lies in: a clone or site-packages

StrPath: TypeAlias = str | os.PathLike[str]


def find(path: StrPath) -> Path:
    """The artifact's folder, from a path or a name; absolute, so that it stays what it is.

    Raises:
        InputError: if it is no path.
        ArtifactError: saying every place that was looked at.
    """
    given = _path(path)
    places = [given]
    if len(given.parts) == 1:
        places += [root / given for root in roots()]
    for place in places:
        if os.path.isdir(place):
            return _absolute(place)
    raise ArtifactError(
        f"There is no artifact {str(path)!r}: looked for {', '.join(map(_described, places))}. "
        f"Give its folder, or its name with {SEARCH_PATH} set to the folder that holds it."
    )


def roots() -> list[Path]:
    """The folders that names are looked for in, the first first.

    Those of VAE_ZOO_EXPORTS (separated as in PATH), ./exports, and the clone's exports where this
    package is run from a clone.
    """
    named = [part for part in os.environ.get(SEARCH_PATH, "").split(os.pathsep) if part]
    clone = [BESIDE / "exports"] if (BESIDE / "pyproject.toml").is_file() else []
    found: dict[str, Path] = {}
    for root in (*map(Path, named), Path("exports"), *clone):
        found.setdefault(_real(root), root)
    return list(found.values())


def artifacts(folders: Iterable[StrPath] | None = None) -> list[Path]:
    """Folders with a manifest.json: each folder given, or those directly inside it, by name.

    Args:
        folders: None takes `roots()`, whether they exist or not.

    Raises:
        InputError: if a folder that was given is none, or may not be read.
    """
    given = [_path(folder) for folder in folders or ()]
    found: dict[str, Path] = {}
    for folder in given or roots():
        if given and not os.path.isdir(folder):
            raise InputError(f"There is no folder {str(folder)!r}.")
        try:
            inside = sorted(folder.iterdir()) if os.path.isdir(folder) else []
        except OSError as error:
            raise InputError(f"The folder {folder} cannot be read ({error.strerror}).") from error
        # What begins with a dot is being written, or was left by a run that was killed.
        for place in (folder, *(each for each in inside if not each.name.startswith("."))):
            if os.path.lexists(place / "manifest.json"):
                found.setdefault(_real(place), place)
    return list(found.values())


def _path(path: StrPath) -> Path:
    try:
        return Path(path)
    except TypeError as error:
        raise InputError(
            f"An artifact is given by its folder or its name, not by {path!r:.80}."
        ) from error


def _real(place: Path) -> str:
    """The place without links, so that one is not listed twice."""
    try:
        return os.path.realpath(place)
    except OSError:  # whoever removed the working directory
        return str(place)


def _absolute(place: Path) -> Path:
    try:
        return Path(os.path.abspath(place))
    except OSError as error:  # whoever removed the working directory
        raise ArtifactError(
            f"{place} is relative to the working directory, which is gone ({error.strerror}). Give "
            "the artifact's whole path."
        ) from error


def _described(place: Path) -> str:
    """A place, and why it was not looked into where it is there."""
    try:
        os.stat(place)
    except PermissionError:
        return f"{place} (which may not be looked into)"
    except (OSError, ValueError):
        return str(place)
    return f"{place} (which is no folder)"
