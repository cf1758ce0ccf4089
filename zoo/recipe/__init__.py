"""What all recipes share: their options, and the road from data to a proven artifact.

Names are loaded when first used: `shipped`, which finds the recipes, needs no training stack.
"""

import importlib

_HOMES = {"main": "starting", "run": "pipeline"}
_ROOMS = (
    "backend",
    "choices",
    "command",
    "configuration",
    "given",
    "kinds",
    "options",
    "pipeline",
    "precision",
    "properties",
    "road",
    "run_folder",
    "shipped",
    "short_help",
    "starting",
    "tuning",
)

__all__ = ["main", "options", "run", "shipped"]


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f"zoo.recipe.{_HOMES[name]}"), name)
    if name in _ROOMS:
        return importlib.import_module(f"zoo.recipe.{name}")
    raise AttributeError(f"module 'zoo.recipe' has no attribute {name!r}")
