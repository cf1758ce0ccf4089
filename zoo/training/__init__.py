"""Training: seed, compile, fit, checkpoint, resume. Receives a model and knows no family."""

from zoo.training.loop import Run, Settings, clear, fit, plan, seed_everything

__all__ = ["Run", "Settings", "clear", "fit", "plan", "seed_everything"]
