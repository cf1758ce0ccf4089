"""What an audit of an artifact has checked and found."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from zoo.artifact.reading import listed
from zoo.runtime import replay


@dataclass(frozen=True)
class Finding:
    """Something that differs: the file or endpoint, and what about it."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass
class Audit:
    """What was checked and what was found; `ok` when nothing differs."""

    folder: Path
    manifest: dict[str, Any] = field(default_factory=dict)
    providers: dict[str, str] = field(default_factory=dict)
    endpoints: list[str] = field(default_factory=list)
    rows: list[replay.Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings

    @property
    def files(self) -> int:
        """How many files the manifest lists."""
        return len(listed(self.manifest))

    def to_json(self) -> dict[str, Any]:
        """Plain values; an error that is not a finite number is None."""
        return {
            "artifact": str(self.folder),
            "name": self.manifest.get("name"),
            "ok": self.ok,
            "runtimes": self.providers,
            "endpoints": self.endpoints,
            "files": self.files,
            "findings": [asdict(finding) for finding in self.findings],
            "rows": [{key: _plain(value) for key, value in asdict(r).items()} for r in self.rows],
        }

    def find(self, where: str, what: str) -> None:
        """Notes what differs, once."""
        finding = Finding(where, what)
        if finding not in self.findings:  # several runtimes replay the same test data
            self.findings.append(finding)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
