"""The recipes that this package brings: scripts beside it in a clone, inside of it in a wheel.

Standard library only, until a recipe is loaded.
"""

import ast
import difflib
import importlib.util
import sys
from pathlib import Path

from zoo.errors import InputError, MissingDependency

PACKAGE = Path(__file__).resolve().parents[1]
FOLDERS = (PACKAGE / "_recipes", PACKAGE.parent / "recipes")
"""In a wheel, in a clone."""

SHARED = ("prepare",)
_ENDINGS = (", evaluate", ", and export")


def folder():
    """Where the recipes lie.

    Raises:
        InputError: if they are nowhere.
    """
    for each in FOLDERS:
        if each.is_dir():
            return each
    raise InputError(
        f"There are no recipes in {' or '.join(map(str, FOLDERS))}. Install vae-zoo from its "
        "wheel, or run it from a clone."
    )


def names():
    """The recipes' names, sorted; each is the name of its model."""
    return sorted(path.stem for path in folder().glob("*.py") if path.stem not in SHARED)


def what(name):
    """What a recipe trains, a few words of its docstring's first line."""
    source = (folder() / f"{name}.py").read_text(encoding="utf-8")
    first = (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
    for ending in _ENDINGS:
        first = first.partition(ending)[0]
    return first.removeprefix("Train ").rstrip(".")


def load(name):
    """The module of a recipe, whose `Config` are its options; loads the training stack.

    Raises:
        InputError: if there is no recipe of that name.
        MissingDependency: if the training stack is not installed.
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=3)
        hint = f"Nearest: {', '.join(near)}. " if near else ""
        raise InputError(
            f"There is no recipe {name!r}. {hint}`zoo train` lists the {len(names())} there are."
        )
    module_name = f"zoo_recipe_{name}"
    spec = importlib.util.spec_from_file_location(module_name, folder() / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses look their module up
    sys.path.insert(0, str(folder()))  # where Python looks for what a script imports
    try:
        spec.loader.exec_module(module)
    except SystemExit as error:  # what `prepare` says
        raise MissingDependency(str(error.code).removeprefix("error: ").rstrip()) from error
    finally:
        sys.path.remove(str(folder()))
    return module
