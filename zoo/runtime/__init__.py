"""Loads, checks and runs artifacts on numpy and onnxruntime alone."""

from zoo.runtime.artifact import Artifact, load
from zoo.runtime.excess import Excess

__all__ = ["Artifact", "Excess", "load"]
