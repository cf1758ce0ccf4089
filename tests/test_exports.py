"""The artifacts that are committed: unchanged, proven here, indexed, and not too large."""

import subprocess
from pathlib import Path

import pytest

import zoo
from zoo.command_line import main
from zoo.runtime import verify

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


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_committed_artifact_is_what_was_exported_and_answers_as_it_did(name):
    assert verify.audit(EXPORTS / name).findings == []


@pytest.mark.parametrize("folder, prefix", [(EXPORTS, ""), (ROOT, "exports/")])
def test_the_index_is_what_the_command_prints(folder, prefix, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    page = (folder / "README.md").read_text(encoding="utf-8")
    between = page.partition("<!-- artifacts: begin -->\n")[2].partition("<!-- artifacts: end")[0]
    main(["list", *(prefix + name for name in NAMES), "--markdown"])
    assert between == capsys.readouterr().out, f"python -m zoo list --markdown {prefix}NAME ..."


def test_there_are_artifacts_and_they_are_not_too_large():
    assert NAMES
    assert sum((EXPORTS / path).stat().st_size for path in committed()) <= MOST_BYTES
