"""Evaluation: numbers and pictures of a trained model. Receives a model and knows no family.

Every evaluator yields (name, value) pairs; `report` gathers them with what they mean.
"""

from zoo.evaluation.feature_network import feature_network
from zoo.evaluation.figures import draw
from zoo.evaluation.frechet import frechet_distance
from zoo.evaluation.inception import Inception
from zoo.evaluation.optimise import Optimised, optimise
from zoo.evaluation.precision_recall import precision_recall
from zoo.evaluation.report import Report, clear, report
from zoo.evaluation.sample_quality import sample_quality, samples, why_no_quality
from zoo.evaluation.verdict import is_finite, warnings

__all__ = [
    "Inception",
    "Optimised",
    "Report",
    "clear",
    "draw",
    "feature_network",
    "frechet_distance",
    "is_finite",
    "optimise",
    "precision_recall",
    "report",
    "sample_quality",
    "samples",
    "warnings",
    "why_no_quality",
]
