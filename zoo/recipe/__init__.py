"""What all recipes share: their options, and the road from data to a proven artifact."""

from zoo.recipe import options
from zoo.recipe.pipeline import main, run

__all__ = ["main", "options", "run"]
