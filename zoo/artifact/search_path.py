"""Where artifacts lie: from a name to a folder, and every artifact of some folders."""

import os
from pathlib import Path

from zoo.errors import ArtifactError, InputError

SEARCH_PATH = "VAE_ZOO_EXPORTS"
BESIDE = Path(__file__).resolve().parents[2]  # what the package lies in: a clone or site-packages


def find(path):
    """The artifact's folder, from a path or a name.

    Raises:
        ArtifactError: saying every place that was looked at.
    """
    given = Path(path)
    places = [given]
    if len(given.parts) == 1:
        places += [root / given for root in roots()]
    for place in places:
        if place.is_dir():
            return place
    raise ArtifactError(
        f"There is no artifact {str(path)!r}: looked for {', '.join(map(str, places))}. "
        f"Give its folder, or its name with {SEARCH_PATH} set to the folder that holds it."
    )


def roots():
    """The folders that names are looked for in, the first first.

    Those of VAE_ZOO_EXPORTS (separated as in PATH), ./exports, and the clone's exports where this
    package is run from a clone.
    """
    named = [part for part in os.environ.get(SEARCH_PATH, "").split(os.pathsep) if part]
    clone = [BESIDE / "exports"] if (BESIDE / "pyproject.toml").is_file() else []
    found = {}
    for root in (*map(Path, named), Path("exports"), *clone):
        found.setdefault(root.resolve(), root)
    return list(found.values())


def artifacts(folders=None):
    """Folders with a manifest.json: each folder given, or those directly inside it, by name.

    Args:
        folders: None takes `roots()`, whether they exist or not.

    Raises:
        InputError: if a folder that was given is none.
    """
    found = {}
    for folder in map(Path, folders or roots()):
        if folders and not folder.is_dir():
            raise InputError(f"There is no folder {str(folder)!r}.")
        inside = sorted(folder.iterdir()) if folder.is_dir() else []
        # What begins with a dot is being written, or was left by a run that was killed.
        for place in (folder, *(each for each in inside if not each.name.startswith("."))):
            if (place / "manifest.json").is_file():
                found.setdefault(place.resolve(), place)
    return list(found.values())
