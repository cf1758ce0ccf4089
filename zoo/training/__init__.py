"""Training: seed, compile, fit, checkpoint, resume. Receives a model and knows no family."""

from zoo.errors import Interrupted
from zoo.training import devices, elsewhere
from zoo.training.callbacks import kept
from zoo.training.described import require_described
from zoo.training.loop import Run, clear, fit, seed_everything
from zoo.training.plan import plan
from zoo.training.settings import Settings

__all__ = [
    "Interrupted",
    "Run",
    "Settings",
    "clear",
    "devices",
    "elsewhere",
    "fit",
    "kept",
    "plan",
    "require_described",
    "seed_everything",
]
