"""What `import zoo` offers: lazily, and with types that a checker of an app's code can use."""

import ast
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

import zoo
from zoo.errors import MissingDependency

ROOT = Path(__file__).resolve().parent.parent
APP = """
import zoo
from zoo import datasets

data = datasets.load("digits", seed=1)
reveal_type(data.schema.classes)
reveal_type(data.train.batch([0, 1]))
reveal_type(zoo.datasets.binarize(data, "static").train.cut(0.1, 0))
reveal_type(zoo.load)
datasets.load("digits", seed="one")
zoo.no_such_name
"""


@pytest.mark.parametrize("name", zoo.__all__)
def test_every_name_is_there_and_listed(name):
    assert getattr(zoo, name) is not None and name in dir(zoo)


def test_the_short_names_are_the_things_themselves():
    assert zoo.VAE is zoo.models.vae.VAE and zoo.Settings is zoo.training.Settings
    assert zoo.load is zoo.runtime.load


def test_a_type_checker_sees_the_names_that_there_are():
    names = set()
    for node in ast.parse((ROOT / "zoo" / "__init__.py").read_text()).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            names = {alias.name for statement in node.body for alias in statement.names}
    assert names == set(zoo.__all__) - {"__version__"}


def test_a_name_that_is_not_there_and_one_whose_library_is_missing(monkeypatch):
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        zoo.lod  # noqa: B018
    for name in [m for m in sys.modules if m.split(".")[0] == "keras" or m == "zoo.models.vae"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "keras", None)  # as if it were not installed
    with pytest.raises(MissingDependency, match=r"zoo\.VAE needs keras"):
        zoo.VAE  # noqa: B018


def test_the_package_says_that_it_is_typed():
    assert resources.files("zoo").joinpath("py.typed").is_file()
    ignored = subprocess.run(["git", "check-ignore", "zoo/py.typed"], cwd=ROOT, check=False)
    assert ignored.returncode != 0  # the wheel takes what git does not ignore


@pytest.mark.slow
def test_a_type_checker_finds_the_faults_of_an_app(tmp_path):
    app = tmp_path / "app.py"
    app.write_text(APP)
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")]
    said = subprocess.run(
        [*command, "--cache-dir", str(tmp_path / "cache"), str(app)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout
    said = [line.split(":", 2) for line in said.splitlines() if line.startswith(str(app))]
    said = {int(number): text for _, number, text in said if "[call-overload]" not in text}
    assert '"tuple[str, ...]"' in said[6]
    assert "ndarray" in said[7]
    assert "BinarizedSplit" in said[8] and "tuple" in said[8]
    assert "threads: int | None" in said[9] and "-> zoo.runtime.artifact.Artifact" in said[9]
    assert 'incompatible type "str"; expected "int"' in said[10]
    assert 'no attribute "no_such_name"' in said[11]
