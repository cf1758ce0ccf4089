"""The artifacts that are committed: unchanged, proven here, indexed, and not too large."""

import subprocess
from pathlib import Path

import pytest

import zoo
from zoo.command_line import main
from zoo.runtime import audit

ROOT = Path(zoo.__file__).parents[1]
EXPORTS = ROOT / "exports"
MOST_BYTES = 120_000_000


def committed():
    """Paths below exports that git tracks, relative to it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=EXPORTS, capture_output=True, text=True, check=True
    )
    return [Path(each) for each in listed.stdout.split("\0") if each]


NAMES = sorted(str(path.parent) for path in committed() if path.name == "manifest.json")


@pytest.mark.parametrize("name", NAMES)
def test_a_committed_artifact_is_what_was_exported_and_answers_as_it_did(name):
    assert audit.audit(EXPORTS / name).findings == []


def test_the_index_is_what_the_command_prints(capsys, monkeypatch):
    monkeypatch.chdir(EXPORTS)
    index = (EXPORTS / "README.md").read_text(encoding="utf-8")
    between = index.partition("<!-- artifacts: begin -->\n")[2].partition("<!-- artifacts: end")[0]
    main(["list", *NAMES, "--markdown"])
    assert between == capsys.readouterr().out, "cd exports && zoo list --markdown, and the names"


def test_the_committed_artifacts_are_not_too_large():
    assert sum((EXPORTS / path).stat().st_size for path in committed()) <= MOST_BYTES
