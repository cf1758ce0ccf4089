"""Loads, checks and runs artifacts on numpy and onnxruntime alone."""

from zoo.runtime.artifact import Artifact, load

__all__ = ["Artifact", "load"]
