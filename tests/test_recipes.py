"""Every recipe: short, named after its model, and a road that ends in a proven artifact."""

import ast
from pathlib import Path

import pytest

import zoo
from zoo import command_line

ROOT = Path(zoo.__file__).parents[1]
SHARED = {"prepare"}
NAMES = sorted(path.stem for path in (ROOT / "recipes").glob("*.py") if path.stem not in SHARED)


@pytest.mark.parametrize("name", zoo.catalog.names())
def test_every_model_of_the_catalog_has_a_recipe_of_its_name(name):
    assert name in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_short_and_its_docstring_says_how_to_run_it(name):
    source = (ROOT / "recipes" / f"{name}.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 60
    assert f"python recipes/{name}.py" in ast.get_docstring(ast.parse(source))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_with_its_defaults_ends_in_a_proven_artifact(name, tmp_path, capsys, run_script):
    done = run_script(f"recipes/{name}.py", "--epochs", "1", "--samples", "2")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "exports" / f"{name}-digits"
    assert zoo.load(folder).manifest["model"] == name
    assert command_line.main(["verify", str(folder)]) == 0, capsys.readouterr().out
