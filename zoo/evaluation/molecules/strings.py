"""Many strings: their canonical ones and their descriptors."""

from collections.abc import Sequence

import numpy as np

from zoo.evaluation.molecules import chemistry, workers


def canonical_strings(smiles: Sequence[str | None], jobs: int = 1) -> list[str | None]:
    """`canonical` of each string, None where it is no molecule.

    Args:
        jobs: processes.

    Raises:
        MissingDependency: where RDKit is not installed.
    """
    parts = workers.mapped("canonical", smiles, jobs=jobs, description="canonical strings")
    return [each for part in parts for each in part]


def descriptors(smiles: Sequence[str | None], jobs: int = 1) -> dict[str, np.ndarray]:
    """{"logP", "SA", "QED", "weight": float64 [n]}; NaN where there is none.

    There is none of what is no molecule; and no QED of some that leave a bond open (`~`).
    Crippen's logP; synthetic accessibility (Ertl & Schuffenhauer 2009), from 1, easy, to 10;
    drug-likeness (Bickerton et al. 2012), in [0, 1]; the molecular weight in g/mol.

    Args:
        jobs: processes.

    Raises:
        MissingDependency: where RDKit is not installed.
    """
    table = np.full((len(smiles), len(chemistry.DESCRIPTORS)), np.nan)
    first = 0
    options = {"wanted": ("descriptors",)}
    for part in workers.mapped("profile", smiles, options, jobs, "descriptors"):
        rows = np.arange(first, first + len(part["valid"]))
        table[rows[part["valid"]]] = part["descriptors"]
        first += len(rows)
    return dict(zip(chemistry.DESCRIPTORS, table.T, strict=True))
