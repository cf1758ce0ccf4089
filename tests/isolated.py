"""Real Python environments of a few distributions, made without network.

A folder of symbolic links to the top-level entries of the chosen distributions and of what they
require, put on the path of an interpreter that was started without `site`: nothing else that is
installed can be imported, and no `.pth` file of an editable install is read.
"""

import importlib.metadata
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

import zoo as zoo_package


def python(folder, distributions, zoo=False):
    """An `Isolated` interpreter that sees only these distributions and what they require.

    Args:
        folder: empty or absent; gets a folder of links and a working directory.
        distributions: names of installed distributions.
        zoo: whether the package of this repository is importable besides.
    """
    packages, work = Path(folder) / "packages", Path(folder) / "work"
    packages.mkdir(parents=True)
    work.mkdir()
    for name in required(distributions):
        for entry in _top_level(name):
            link = packages / entry.name
            if not link.exists():
                link.symlink_to(entry, target_is_directory=entry.is_dir())
    if zoo:
        (packages / "zoo").symlink_to(Path(zoo_package.__file__).parent, target_is_directory=True)
    return Isolated(packages, work)


def required(distributions):
    """Normalized names of distributions and, recursively, of what they require without extras."""
    found, waiting = set(), list(distributions)
    while waiting:
        distribution = importlib.metadata.distribution(waiting.pop())
        name = distribution.name.lower().replace("_", "-")
        if name in found:
            continue
        found.add(name)
        requirements = map(Requirement, distribution.requires or ())
        waiting += [
            each.name
            for each in requirements
            if each.marker is None or each.marker.evaluate({"extra": ""})
        ]
    return found


@dataclass(frozen=True)
class Isolated:
    """An interpreter that sees the standard library and `packages`.

    `work` is where it runs: code may write there.
    """

    packages: Path
    work: Path

    def run(self, code, *arguments, check=True, timeout=120):
        """Runs code in a fresh process; with `check`, a failure shows what the process wrote."""
        path = f"import sys; sys.path.insert(0, {str(self.packages)!r})\n"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", path + code, *map(str, arguments)],
            cwd=self.work,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if check and done.returncode:
            raise AssertionError(f"The process ended with {done.returncode}:\n{done.stderr}")
        return done


def _top_level(name):
    """What a distribution put directly into site-packages: packages, modules, its metadata."""
    distribution = importlib.metadata.distribution(name)
    tops = {
        file.parts[0]
        for file in distribution.files or ()
        if file.parts[0] not in ("..", "__pycache__") and not file.name.endswith(".pth")
    }
    if not tops:
        raise RuntimeError(f"{name} does not list its files: install it with pip.")
    return [Path(distribution.locate_file(top)).absolute() for top in sorted(tops)]
