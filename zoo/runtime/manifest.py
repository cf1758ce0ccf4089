"""Reads an artifact's manifest and checks its files against it."""

import hashlib
import json
from pathlib import Path

from zoo.endpoints import SCHEMA_VERSION, Endpoint
from zoo.errors import ArtifactError


def read(folder):
    """manifest.json of an artifact folder as a dict.

    Raises:
        ArtifactError: if it is absent, is not JSON, or has a schema newer than this package.
    """
    path = Path(folder) / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArtifactError(
            f"{folder} is not an artifact: it has no manifest.json. Give the folder that a recipe "
            "wrote, such as exports/conv_vae-digits."
        ) from error
    except (OSError, ValueError) as error:
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


def endpoints(manifest):
    """{name: Endpoint} that the manifest states."""
    try:
        return {k: Endpoint.from_json(value) for k, value in manifest["endpoints"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"manifest.json: its endpoints cannot be read ({error!r}).") from error


def checked_file(folder, manifest, name):
    """The path of one of the artifact's files, if its bytes are those that the manifest states."""
    path, stated = Path(folder) / name, manifest.get("files", {}).get(name)
    if stated is None:
        raise ArtifactError(f"{path}: manifest.json does not list this file.")
    if not path.is_file():
        raise ArtifactError(f"{path} is missing. Fetch the artifact anew.")
    if path.stat().st_size != stated["bytes"]:
        raise ArtifactError(
            f"{path} has {path.stat().st_size:,} bytes, the manifest states {stated['bytes']:,}: "
            "it is incomplete or was changed. Fetch the artifact anew."
        )
    if hashlib.sha256(path.read_bytes()).hexdigest() != stated["sha256"]:
        raise ArtifactError(
            f"{path} is not the file that was exported: its sha256 differs from the manifest's. "
            "Fetch the artifact anew."
        )
    return path
