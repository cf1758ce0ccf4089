"""Every recipe: short, and named after its model. tests/contract runs each, for one epoch."""

import ast
from pathlib import Path

import pytest

import zoo

ROOT = Path(zoo.__file__).parents[1]
SHARED = {"prepare"}
NAMES = sorted(path.stem for path in (ROOT / "recipes").glob("*.py") if path.stem not in SHARED)


def test_the_recipes_are_those_of_the_catalogs_models():
    assert sorted(zoo.catalog.names()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_short_and_its_docstring_says_how_to_run_it(name):
    source = (ROOT / "recipes" / f"{name}.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 60
    assert f"python recipes/{name}.py" in ast.get_docstring(ast.parse(source))
