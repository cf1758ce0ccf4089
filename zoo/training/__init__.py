"""Training: seed, compile, fit, checkpoint, resume. Receives a model and knows no family."""

from zoo.training.loop import Run, Settings, fit, plan, seed_everything

__all__ = ["Run", "Settings", "fit", "plan", "seed_everything"]
