"""sha256 of an artifact's files, and of the manifest beside them. Standard library only.

A digest tells an artifact that was changed by accident, or by hand, from the one that was exported.
Whoever restates it afterwards is not found by it: that takes a signature over manifest.json.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

MANIFEST_KEY = "manifest_sha256"
"""The manifest's entry that holds the digest of all its other entries."""


def of_file(path: str | os.PathLike[str]) -> str:
    """sha256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_manifest(manifest: Mapping[str, Any]) -> str:
    """sha256 of a manifest as JSON reads it, `MANIFEST_KEY` left out, in hexadecimal.

    Of its canonical form: names sorted, ASCII, no spaces; numbers as Python's `json` writes them,
    floats in the fewest digits that read back as the same. The order of names and the spaces of the
    file do not count.
    """
    rest = {name: value for name, value in manifest.items() if name != MANIFEST_KEY}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
