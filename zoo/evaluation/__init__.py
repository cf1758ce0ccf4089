"""Evaluation: numbers and pictures of a trained model. Receives a model and knows no family.

Every evaluator yields (name, value) pairs; `report` gathers them with what they mean.
"""

from zoo.evaluation.figures import draw
from zoo.evaluation.report import Report, clear, report
from zoo.evaluation.verdict import is_finite, warnings

__all__ = ["Report", "clear", "draw", "is_finite", "report", "warnings"]
