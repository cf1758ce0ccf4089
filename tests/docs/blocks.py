"""The fenced blocks of README.md and docs/: found, and run as their readers would.

A page's blocks run one after the other, in a folder that has what they name: `python` in one
namespace, `pycon` as doctests, `bash` line by line. What trains a recipe is run with --dry-run.
A block below `<!-- not run: REASON -->` is not run; `text` is none to run.
"""

import contextlib
import doctest
import io
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from processes import run_here

import zoo
from zoo.command_line import main

ROOT = Path(zoo.__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN = ("python", "pycon", "bash")
LANGUAGES = (*RUN, "text", "yaml")
MARK = re.compile(r"<!-- not run(?:: (?P<reason>.*?))? -->")
TRAINING = re.compile(r"zoo train \w|python recipes/")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, text, first line, and why it is not run."""

    page: Path
    line: int
    language: str
    text: str
    mark: re.Match | None

    @property
    def where(self):
        """As an editor finds it."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def reason(self):
        """Why it is not run; None if it is."""
        return self.mark and (self.mark["reason"] or "")


def of(page):
    """Every `Block` of a page."""
    found, opened, mark = [], None, None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if opened is None and line.startswith("```"):
            opened, lines = (number, line[3:].strip()), []
        elif line.startswith("```"):
            found.append(Block(page, *opened, "\n".join(lines) + "\n", mark))
            opened = mark = None
        elif opened is not None:
            lines.append(line)
        elif line.strip():
            mark = MARK.fullmatch(line.strip())
    assert opened is None, f"{page}: the block of line {opened} does not end"
    return found


def run(block, names, folder):
    """Runs a block in `folder`, with the names that earlier blocks of its page left behind.

    Raises:
        AssertionError: naming the block, if it fails.
    """
    try:
        {"python": _python, "pycon": _pycon, "bash": _bash}[block.language](block, names, folder)
    except (Exception, SystemExit) as error:
        raise AssertionError(f"{block.where} fails: {type(error).__name__}: {error}") from error


def _python(block, names, folder):
    code = compile("\n" * block.line + block.text, str(block.page), "exec")
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        exec(code, names)


def _pycon(block, names, folder):
    test = doctest.DocTestParser().get_doctest(
        block.text, {"zoo": zoo} | names, block.where, str(block.page), block.line
    )
    said = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    with contextlib.chdir(folder):
        runner.run(test, out=said.write)
    assert runner.summarize(verbose=False).failed == 0, said.getvalue()


def _bash(block, names, folder):
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words:
            _command(line, words, folder)


def _command(line, words, folder):
    if TRAINING.search(line):
        words = [*words, "--dry-run"]
    settings = [word for word in words if re.match(r"[A-Z_]+=", word)]
    words = words[len(settings) :]
    if words[:3] == ["python", "-m", "zoo"]:
        words = words[2:]
    if settings:
        assert words[0] == "python", f"{line}: mark the block as not run, or run it here"
        command = ["env", *settings, sys.executable, str(ROOT / words[1]), *words[2:]]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        code, said = done.returncode, done.stderr
    elif words[0] == "zoo":
        code, said = _zoo(words[1:], folder)
    elif words[0] == "python" and words[1].startswith("recipes/"):
        done = run_here(words[1], *words[2:], cwd=folder)
        code, said = done.returncode, done.stderr
    else:
        raise AssertionError(f"{line}: mark the block as not run, or teach tests/docs to run it")
    assert code == 0, f"{line}: code {code}\n{said}"


def _zoo(arguments, folder):
    said = io.StringIO()
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        return main(arguments), said.getvalue()
