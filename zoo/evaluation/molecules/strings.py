"""Many strings: their canonical ones and their descriptors."""

from collections.abc import Sequence

import numpy as np

from zoo.errors import InputError
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


def descriptors(
    smiles: Sequence[str | None], jobs: int = 1, names: Sequence[str] = chemistry.DESCRIPTORS
) -> dict[str, np.ndarray]:
    """{"logP", "SA", "QED", "weight": float64 [n]}, or those of the names; NaN where there is none.

    There is none of what is no molecule; and no QED of some that leave a bond open (`~`).
    Crippen's logP; synthetic accessibility (Ertl & Schuffenhauer 2009), from 1, easy, to 10;
    drug-likeness (Bickerton et al. 2012), in [0, 1]; the molecular weight in g/mol.

    Args:
        jobs: processes.
        names: some of the four.

    Raises:
        InputError: for a name that is none of the four.
        MissingDependency: where RDKit is not installed.
    """
    if unknown := [name for name in names if name not in chemistry.DESCRIPTORS]:
        raise InputError(
            f"descriptors: {', '.join(unknown)} unknown; there are "
            f"{', '.join(chemistry.DESCRIPTORS)}."
        )
    table = np.full((len(smiles), len(names)), np.nan)
    first = 0
    options = {"wanted": ("descriptors",), "descriptors": tuple(names)}
    for part in workers.mapped("profile", smiles, options, jobs, "descriptors"):
        rows = np.arange(first, first + len(part["valid"]))
        table[rows[part["valid"]]] = part["descriptors"]
        first += len(rows)
    return dict(zip(names, table.T, strict=True))
