"""Molecules that a model generates, as SMILES strings: the metrics of MOSES, and pictures.

RDKit (`pip install 'vae-zoo[molecules]'`), PyTorch and ChemNet's weights (`vae-zoo[moses]`) are
imported when they are needed, and not before.
"""

from zoo.evaluation.molecules.chemistry import canonical
from zoo.evaluation.molecules.drawing import draw_molecules
from zoo.evaluation.molecules.metrics import molecule_metrics
from zoo.evaluation.molecules.moses import MosesData, moses_data
from zoo.evaluation.molecules.reference import Reference, reference
from zoo.evaluation.molecules.similarity import (
    Nearest,
    fingerprints,
    internal_diversity,
    nearest_molecules,
    valid_fingerprints,
)
from zoo.evaluation.molecules.strings import canonical_strings, descriptors

__all__ = [
    "MosesData",
    "Nearest",
    "Reference",
    "canonical",
    "canonical_strings",
    "descriptors",
    "draw_molecules",
    "fingerprints",
    "internal_diversity",
    "molecule_metrics",
    "moses_data",
    "nearest_molecules",
    "reference",
    "valid_fingerprints",
]
