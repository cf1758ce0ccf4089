"""Rewrites the tables of artifacts in exports/README.md and README.md: those that git tracks.

Run:       make index
"""

import os
import subprocess
import sys
from pathlib import Path

EXPORTS = Path(__file__).resolve().parent
BEGIN, END = "<!-- artifacts: begin -->\n", "<!-- artifacts: end -->"


def tracked():
    """The names of the artifacts that git tracks, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "*/manifest.json"],
        cwd=EXPORTS,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(line.partition("/")[0] for line in listed.stdout.splitlines())


def rewrite(page, names):
    """Puts what `zoo list --markdown` prints, with links as from the page, between its marks."""
    folders = [os.path.relpath(EXPORTS / name, page.parent) for name in names]
    listed = subprocess.run(
        [sys.executable, "-m", "zoo", "list", *folders, "--markdown"],
        cwd=page.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    page.write_text(head + BEGIN + listed.stdout + END + tail, encoding="utf-8")


if __name__ == "__main__":
    for each in (EXPORTS / "README.md", EXPORTS.parent / "README.md"):
        rewrite(each, tracked())
