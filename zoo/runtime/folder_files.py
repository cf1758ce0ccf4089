"""Whether an artifact's folder holds the files that its manifest lists, and no others."""

import os
from collections.abc import Mapping
from pathlib import Path

from zoo.artifact import layout
from zoo.artifact.endpoints import Endpoint
from zoo.artifact.reading import Reader, listed
from zoo.runtime.findings import Audit

MOST_FILES = 10_000
"""In a folder, that are looked at; an artifact has some 40."""


def check(result: Audit, reader: Reader, endpoints: Mapping[str, Endpoint]) -> set[str]:
    """Findings on every file; returns the names of those that are not as exported."""
    names = listed(result.manifest)
    problems = {name: reader.problem(name) for name in names}
    spoilt = {name: problem for name, problem in problems.items() if problem}
    present, unread = _present(result.folder)
    spoilt |= unread
    for name in sorted(present - set(names) - {layout.MANIFEST}):
        spoilt[name] = f"is there, and {layout.MANIFEST} does not list it"
    for name, problem in sorted(spoilt.items()):
        result.find(name, problem)
    for name in names:
        place, _, file = name.rpartition("/")
        shared = name in (*layout.WEIGHTS.values(), layout.INPUTS)
        owned = place in (layout.ONNX, layout.TEST_DATA) and not shared
        if owned and file.split(".")[0] not in endpoints:
            result.find(name, f"belongs to no endpoint that {layout.MANIFEST} states")
    return set(spoilt)


def _present(folder: Path) -> tuple[set[str], dict[str, str]]:
    """(names of all that is no folder, {name: why a folder cannot be looked into})."""
    found: set[str] = set()
    unread: dict[str, str] = {}
    left = [folder]
    while left:
        place = left.pop()
        try:
            with os.scandir(place) as entries:
                for each in entries:
                    path = Path(each.path)
                    if each.is_dir(follow_symlinks=False):
                        left.append(path)
                    else:
                        found.add(path.relative_to(folder).as_posix())
                    if len(found) + len(left) > MOST_FILES:
                        unread["."] = f"it holds more than {MOST_FILES:,} files and folders"
                        return found, unread
        except OSError as error:
            name = path_name(place, folder)
            unread[name] = f"cannot be looked into ({error.strerror or error})"
    return found, unread


def path_name(place: Path, folder: Path) -> str:
    """A place inside a folder, by its name there."""
    return place.relative_to(folder).as_posix()
