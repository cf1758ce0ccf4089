"""Reads an artifact's manifest."""

import json
import math
import os
import re
import shlex
from pathlib import Path
from typing import Any

from zoo.artifact import checksums, layout, reading
from zoo.artifact.endpoints import SCHEMA_VERSION, Endpoint
from zoo.artifact.schema import Schema
from zoo.errors import ArtifactError

LARGEST = 2**24
"""Bytes of the largest manifest that is read, 16 MiB; one that a recipe wrote has some 100 KiB."""

DEEPEST = 64
"""Lists and objects within one another."""

SHARES = ("exact_reconstruction", "exact_reconstruction_sampled", "valid", "unique", "novel")
"""Metrics of strings, which are shown in per cent."""


def read(folder: str | os.PathLike[str], oldest: int = SCHEMA_VERSION) -> dict[str, Any]:
    """manifest.json of an artifact folder as a dict.

    Args:
        folder: the artifact's.
        oldest: the oldest schema version that is taken.

    Raises:
        ArtifactError: if it is absent, is no manifest, has another schema version than this package
            reads, or is not the one that was exported.
    """
    manifest = parse(folder, oldest)
    problem = digest_problem(manifest)
    if problem:
        raise ArtifactError(
            f"{Path(folder) / layout.MANIFEST}: {problem}. Fetch the artifact anew."
        )
    return manifest


def parse(folder: str | os.PathLike[str], oldest: int = SCHEMA_VERSION) -> dict[str, Any]:
    """As `read`, but of a manifest that may have been changed."""
    path = Path(folder) / layout.MANIFEST
    try:
        manifest = loads(reading.bounded(path, LARGEST))
    except reading.Problem as problem:
        if not os.path.lexists(path):
            raise ArtifactError(
                f"{folder} is not an artifact: it has no manifest.json. Give the folder that a "
                "recipe wrote, such as exports/conv_vae-digits."
            ) from problem
        raise ArtifactError(f"{path} {problem}. Fetch the artifact anew.") from problem
    except (ValueError, RecursionError, MemoryError) as error:
        raise ArtifactError(
            f"{path} cannot be read: {error or type(error).__name__}. Fetch the artifact anew."
        ) from error
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise ArtifactError(f"{path} states no schema_version: it is not a manifest of the zoo.")
    if version > SCHEMA_VERSION:
        raise ArtifactError(
            f"{path} has schema version {_short(version)}, this package reads {SCHEMA_VERSION}: "
            "install a newer vae-zoo."
        )
    if version < oldest:
        raise ArtifactError(
            f"{path} has schema version {_short(version)}, this package reads {SCHEMA_VERSION}: "
            f"write it anew by: python -m zoo republish {shlex.quote(str(folder))}"
        )
    return manifest


def loads(content: bytes) -> Any:
    """The JSON in some bytes: UTF-8, every name once, every number finite, every text Unicode.

    Raises:
        ValueError, RecursionError: if it is none.
    """
    text = content.decode("utf-8")
    value = json.loads(
        text,
        object_pairs_hook=_object,
        parse_constant=_constant,
        parse_float=_finite,
    )
    _require_shallow(value)
    if re.search(r"\\u[dD][89a-fA-F]", text):  # half a character may have been written as a number
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _require_shallow(value: Any) -> None:
    """Raises a ValueError where lists and objects lie too deep in one another to be worked with."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise ValueError(f"lists and objects lie more than {DEEPEST} deep in one another")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it states {_short(twice)} twice in one place")
    return found


def _constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {_short(text)} is too large")
    return value


def _short(value: Any) -> str:
    """A value in at most 40 characters."""
    try:
        text = value if isinstance(value, str) else str(value)
    except ValueError:  # an integer of thousands of digits
        text = "(a number of thousands of digits)"
    return text if len(text) <= 40 else f"{text[:37]}..."


def digest_problem(manifest: dict[str, Any]) -> str | None:
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


def endpoints(manifest: dict[str, Any]) -> dict[str, Endpoint]:
    """{name: Endpoint} that the manifest states."""
    try:
        return {k: Endpoint.from_json(value) for k, value in manifest["endpoints"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"manifest.json: its endpoints cannot be read ({error!r}).") from error


def schema(manifest: dict[str, Any]) -> Schema:
    """What one example of the artifact's data is, as the manifest states it."""
    try:
        return Schema.from_json(manifest["schema"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(f"manifest.json: its schema cannot be read ({error!r}).") from error


def metric_in_words(name: str, value: Any) -> str:
    """A metric as it is shown: nats and bits to two digits behind the point, errors to four in all.

    So are nats of a token; shares of strings are in per cent. None is that of a model which
    diverged.
    """
    if value is None:
        return "not finite"
    if not isinstance(value, float):
        return str(value)
    if name in SHARES:
        return f"{value:.1%}"
    return f"{value:.4g}" if str(name).endswith(("_mse", "_per_token")) else f"{value:.2f}"
