"""What generated molecules are compared with, computed once."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from zoo.errors import InputError
from zoo.evaluation.molecules import chemistry, chemnet, workers
from zoo.evaluation.molecules.similarity import require_valid

LEAVE_OUT = ("FCD", "SNN", "Frag", "Scaf", "IntDiv", "Filters", "Descriptors")
"""What can be left out, to save its time or what it needs."""

_NEEDS = {
    "fingerprints": {"SNN", "IntDiv"},
    "fragments": {"Frag"},
    "scaffolds": {"Scaf"},
    "descriptors": {"Descriptors"},
    "passed": {"Filters"},
}


@dataclass(frozen=True, eq=False)
class Reference:
    """What a set of molecules comes to. Absent is what was left out.

    Attributes:
        count: molecules.
        fingerprints: uint8 [count, 128], eight bits a byte.
        fragments, scaffolds: {canonical string: count}.
        descriptors: {name: float64 [count]}.
        chemnet: (mean [512], covariance [512, 512]) of ChemNet's features.
    """

    count: int
    fingerprints: np.ndarray | None = None
    fragments: Counter = field(default_factory=Counter)
    scaffolds: Counter = field(default_factory=Counter)
    descriptors: dict[str, np.ndarray] = field(default_factory=dict)
    chemnet: tuple[np.ndarray, np.ndarray] | None = None


@dataclass(frozen=True, eq=False)
class Profile:
    """What strings come to, of which some are no molecules.

    Attributes:
        valid: bool [n].
        strings: the canonical ones of those that are molecules, in order.
        passed: bool [molecules], whether they pass the filters; empty if that was left out.
        reference: what else the molecules come to.
    """

    valid: np.ndarray
    strings: list[str]
    passed: np.ndarray
    reference: Reference


def reference(smiles: Sequence[str], jobs: int = 1, leave_out: Collection[str] = ()) -> Reference:
    """What test molecules come to, for `molecule_metrics(..., statistics=...)`.

    Args:
        jobs: processes.
        leave_out: names of `LEAVE_OUT`.

    Raises:
        InputError: if a string is no molecule.
        MissingDependency: where RDKit is not installed, or without "FCD" in `leave_out` PyTorch or
            ChemNet's weights.
    """
    found = profile(smiles, {*leave_out, "Filters", "IntDiv"}, jobs=jobs, description="reference")
    require_valid(smiles, [found.valid])
    return found.reference


def profile(
    smiles: Sequence[str | None],
    leave_out: Iterable[str] = (),
    patterns: tuple[str, ...] = (),
    jobs: int = 1,
    description: str = "molecules",
) -> Profile:
    """The `Profile` of strings, in one pass over them.

    Args:
        leave_out: names of `LEAVE_OUT`.
        patterns: SMARTS, of the filters.
    """
    left = checked_names(leave_out)
    if "FCD" not in left:
        chemnet.require()  # and not after minutes
    wanted = tuple(name for name, users in _NEEDS.items() if users - left)
    options = {"wanted": wanted, "smarts": patterns}
    valid, strings = [np.empty(0, bool)], []
    rows: dict[str, list[np.ndarray]] = {name: [] for name in wanted}
    counts: dict[str, Counter] = {name: Counter() for name in ("fragments", "scaffolds")}
    for part in workers.mapped("profile", smiles, options, jobs, description):
        valid.append(part["valid"])
        strings += part["strings"]
        for name in wanted:
            if name in counts:
                counts[name].update(part[name])
            else:
                rows[name].append(part[name])
    table = np.concatenate(rows["descriptors"]) if rows.get("descriptors") else None
    return Profile(
        valid=np.concatenate(valid),
        strings=strings,
        passed=np.concatenate([np.empty(0, bool), *rows.get("passed", [])]),
        reference=Reference(
            count=len(strings),
            fingerprints=np.concatenate(rows["fingerprints"]) if rows.get("fingerprints") else None,
            **counts,
            descriptors=dict(zip(chemistry.DESCRIPTORS, table.T, strict=True))
            if table is not None
            else {},
            chemnet=None if "FCD" in left else chemnet.moments(strings),
        ),
    )


def checked_names(leave_out: Iterable[str]) -> set[str]:
    """Refuses names that nothing has.

    Raises:
        InputError: with what can be left out.
    """
    names = {leave_out} if isinstance(leave_out, str) else set(leave_out)
    if unknown := sorted(names - set(LEAVE_OUT)):
        raise InputError(f"leave_out has {unknown}; what can be left out is {list(LEAVE_OUT)}.")
    return names
