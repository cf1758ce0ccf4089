"""Reads an artifact's manifest and checks its files against it."""

import json
from pathlib import Path, PurePosixPath

from zoo.artifact import checksums
from zoo.artifact.endpoints import SCHEMA_VERSION, Endpoint
from zoo.errors import ArtifactError


def read(folder):
    """manifest.json of an artifact folder as a dict.

    Raises:
        ArtifactError: if it is absent, is not JSON, has a schema newer than this package, or is not
            the one that was exported.
    """
    manifest = parse(folder)
    problem = digest_problem(manifest)
    if problem:
        raise ArtifactError(
            f"{Path(folder) / 'manifest.json'}: {problem}. Fetch the artifact anew."
        )
    return manifest


def parse(folder):
    """As `read`, but of a manifest that may have been changed."""
    path = Path(folder) / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArtifactError(
            f"{folder} is not an artifact: it has no manifest.json. Give the folder that a recipe "
            "wrote, such as exports/conv_vae-digits."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from error
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if not isinstance(version, int):
        raise ArtifactError(f"{path} states no schema_version: it is not a manifest of the zoo.")
    if version > SCHEMA_VERSION:
        raise ArtifactError(
            f"{path} has schema version {version}, this package reads up to {SCHEMA_VERSION}: "
            "install a newer vae-zoo."
        )
    return manifest


def digest_problem(manifest):
    """What is wrong with the manifest's own digest; None if nothing."""
    stated = manifest.get(checksums.MANIFEST_KEY)
    if stated is None:
        return f"it states no {checksums.MANIFEST_KEY}, the digest of what it says"
    if stated != checksums.of_manifest(manifest):
        return (
            "it is not as it was exported: what it says has another sha256 than its "
            f"{checksums.MANIFEST_KEY}"
        )
    return None


def endpoints(manifest):
    """{name: Endpoint} that the manifest states."""
    try:
        return {k: Endpoint.from_json(value) for k, value in manifest["endpoints"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"manifest.json: its endpoints cannot be read ({error!r}).") from error


def checked_file(folder, manifest, name):
    """The path of one of the artifact's files, if its bytes are those that the manifest states."""
    problem = file_problem(folder, manifest, name)
    if problem:
        raise ArtifactError(f"{Path(folder) / name} {problem}. Fetch the artifact anew.")
    return Path(folder) / name


def entry(manifest, name):
    """{"sha256", "bytes"} that the manifest states of a file; None unless it does, properly."""
    files = manifest.get("files")
    stated = files.get(name) if isinstance(files, dict) else None
    path = PurePosixPath(name)
    proper = (
        isinstance(stated, dict)
        and isinstance(stated.get("sha256"), str)
        and isinstance(stated.get("bytes"), int)
        and not (path.is_absolute() or ".." in path.parts or "\\" in name)
    )
    return stated if proper else None


def file_problem(folder, manifest, name):
    """What is wrong with one of the artifact's files, to follow its name; None if nothing."""
    path, stated = Path(folder) / name, entry(manifest, name)
    if stated is None:
        return "is not listed in manifest.json"
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if size != stated["bytes"]:
        return (
            f"has {size:,} bytes, the manifest states {stated['bytes']:,}: it is incomplete or "
            "was changed"
        )
    if checksums.of_file(path) != stated["sha256"]:
        return "is not the file that was exported: its sha256 differs from the manifest's"
    return None
