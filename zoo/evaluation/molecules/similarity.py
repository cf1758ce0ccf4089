"""Tanimoto similarities of fingerprints: which are nearest, and how similar all are."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from zoo.errors import InputError
from zoo.evaluation.molecules import chemistry, workers

COLUMNS = 2**14
"""Similarities that are computed at once; sums do not depend on anything else."""


class Nearest(NamedTuple):
    """A molecule's nearest one: its string, and their Tanimoto similarity in [0, 1]."""

    smiles: str
    similarity: float


def fingerprints(smiles: Sequence[str], jobs: int = 1) -> np.ndarray:
    """Morgan fingerprints of radius 2 and 1,024 bits, eight bits a byte: uint8 [n, 128].

    Args:
        jobs: processes.

    Raises:
        InputError: if a string is no molecule.
        MissingDependency: where RDKit is not installed.
    """
    valid, rows = valid_fingerprints(smiles, jobs)
    require_valid(smiles, [valid])
    return rows


def valid_fingerprints(
    smiles: Sequence[str | None], jobs: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """(which strings are molecules: bool [n], their `fingerprints`: uint8 [m, 128]).

    Args:
        jobs: processes.

    Raises:
        MissingDependency: where RDKit is not installed.
    """
    options = {"wanted": ("fingerprints",)}
    valid, rows = [np.empty(0, bool)], [np.empty((0, chemistry.BITS // 8), np.uint8)]
    for part in workers.mapped("profile", smiles, options, jobs, "fingerprints"):
        valid.append(part["valid"])
        rows.append(part["fingerprints"])
    return np.concatenate(valid), np.concatenate(rows)


def nearest_molecules(
    smiles: Sequence[str | None],
    train: Sequence[str],
    train_fingerprints: np.ndarray | None = None,
    jobs: int = 1,
) -> list[Nearest | None]:
    """For each string the most similar of the training molecules, the first of several.

    None for a string that is no molecule.

    Args:
        train_fingerprints: `fingerprints(train)`, where they are at hand; of MOSES' training
            molecules they take minutes.
        jobs: processes.

    Raises:
        InputError: if there is no training molecule, a string of `train` is none, or there are not
            as many fingerprints as strings.
        MissingDependency: where RDKit is not installed.
    """
    if train_fingerprints is None:
        train_fingerprints = fingerprints(train, jobs)
    if not len(train) or len(train) != len(train_fingerprints):
        raise InputError(
            f"{len(train):,} training molecules and {len(train_fingerprints):,} fingerprints of "
            "them; wanted are one or more, and as many: fingerprints(train)."
        )
    options = {"wanted": ("fingerprints",)}
    parts = list(workers.mapped("profile", smiles, options, jobs))
    if not parts:
        return []
    rows = np.concatenate([part["fingerprints"] for part in parts])
    found = zip(*nearest(rows, train_fingerprints), strict=True)
    valid = np.concatenate([part["valid"] for part in parts])
    pairs = (next(found) if each else None for each in valid)
    return [pair and Nearest(train[int(pair[0])], float(pair[1])) for pair in pairs]


def nearest(some: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(index, similarity) of the nearest of `others`, the first of several: int64, float32 [n].

    Args:
        some: fingerprints, uint8 [n, bytes].
        others: uint8 [m, bytes], one or more.
    """
    index = np.zeros(len(some), np.int64)
    similarity = np.full(len(some), -1.0, np.float32)
    for row, first, tanimoto in _similarities(some, others):
        best = int(tanimoto.argmax())
        if tanimoto[best] > similarity[row]:
            index[row], similarity[row] = first + best, tanimoto[best]
    return index, similarity


def internal_diversity(some: np.ndarray) -> tuple[float, float]:
    """(IntDiv1, IntDiv2) of fingerprints, as MOSES computes them; NaN of none.

    1 - mean_i (mean_j T_ij^p)^(1/p) for p = 1 and 2, over all pairs, a molecule with itself too,
    so that n equal molecules have 0 and n molecules without a common bit 1 - n^(-1/p). The paper
    has the root of the mean over i and j; MOSES' program takes it for each molecule.

    Args:
        some: fingerprints, uint8 [n, bytes].
    """
    if not len(some):
        return float("nan"), float("nan")
    sums = np.zeros((2, len(some)))
    for row, _, tanimoto in _similarities(some, some):
        sums[0, row] += tanimoto.sum(dtype=np.float64)
        sums[1, row] += np.square(tanimoto, dtype=np.float64).sum()
    one, two = sums / len(some)
    return float(1.0 - one.mean()), float(1.0 - np.sqrt(two).mean())


def require_valid(smiles: Sequence[str], valid: Sequence[np.ndarray]) -> None:
    """Refuses strings of which some are no molecules.

    Raises:
        InputError: with how many, and the first.
    """
    bad = np.flatnonzero(~np.concatenate([np.empty(0, bool), *valid]))
    if len(bad):
        raise InputError(
            f"{len(bad):,} of {len(smiles):,} strings to compare with are no molecules, the first "
            f"at index {bad[0]}: {str(smiles[bad[0]])[:80]!r}. Leave them out."
        )


def _similarities(some: np.ndarray, others: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yields (row, first column, its Tanimoto similarities from there on: float32 [columns]).

    Bits that two share are counted over the few that one of them has: a twentieth of the bits.
    Two fingerprints without a bit have similarity 1, as in MOSES.
    """
    with workers.bar(len(some) * len(others), "similarities", " pairs") as bar:
        for first in range(0, len(others), COLUMNS):
            block = np.unpackbits(others[first : first + COLUMNS], axis=1)
            has, bits = np.ascontiguousarray(block.T), block.sum(axis=1, dtype=np.float32)
            for row, each in enumerate(some):
                own = np.flatnonzero(np.unpackbits(each))
                count = np.uint8 if len(own) < 256 else np.uint16
                shared = has[own].sum(axis=0, dtype=count).astype(np.float32)
                either = bits - shared
                either += np.float32(len(own))
                if not len(own):
                    shared[either == 0] = either[either == 0] = 1.0
                shared /= either
                yield row, first, shared
                bar.update(len(shared))
