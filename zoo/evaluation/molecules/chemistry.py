"""What is known of single molecules, by RDKit: strings in, numbers and strings out.

RDKit is imported when it is first needed, and nothing else of this room is: `chunk_server.py` loads
this file by its path, in processes that are to start within a second.

A string is a molecule if RDKit reads it and it has an atom. MOSES reads everything that it measures
from the canonical string once more, and so does this.
"""

import contextlib
import functools
import importlib.util
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import InputError, MissingDependency

BITS, RADIUS = 1024, 2
"""Of Morgan fingerprints (Rogers & Hahn 2010; ECFP4)."""

DESCRIPTORS = ("logP", "SA", "QED", "weight")
"""Crippen's logP, synthetic accessibility from 1, easy, to 10, drug-likeness in [0, 1], g/mol."""

ELEMENTS = frozenset({"C", "N", "S", "O", "F", "Cl", "Br", "H"})
"""Of which a molecule may consist that passes MOSES' filters."""

LARGEST_RING = 7
"""Atoms in a ring of a molecule that passes them, at most."""

RINGS = 2
"""Rings of a scaffold that counts, at least."""

PATTERN_BITS = 2048
"""Of RDKit's pattern fingerprints."""


def require() -> None:
    """Refuses, with what to install, where RDKit is absent.

    Raises:
        MissingDependency: if RDKit cannot be imported.
    """
    try:
        import rdkit.Chem  # noqa: F401
    except ImportError as error:
        raise MissingDependency(
            "Molecules are read by RDKit, which is not installed: pip install 'vae-zoo[molecules]'"
        ) from error


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """RDKit writes nothing of what it cannot read while in the block."""
    from rdkit import rdBase

    with rdBase.BlockLogs():
        yield


def molecule(smiles: str | None) -> Any:
    """RDKit's molecule of a string; None where it is none, or has no atom.

    Raises:
        InputError: for what is neither a string nor None.
    """
    if not isinstance(smiles, str):
        if smiles is None:
            return None
        raise InputError(
            f"A {type(smiles).__name__} was given as a molecule; wanted is a SMILES string, or "
            "None, which counts as no molecule."
        )
    from rdkit import Chem

    try:
        found = Chem.MolFromSmiles(smiles)
    except UnicodeError:  # half a character
        return None
    return found if found is not None and found.GetNumAtoms() else None


def canonical(smiles: str | None) -> str | None:
    """The string that RDKit writes for a molecule, one for all its spellings; None if invalid.

    Versions of RDKit write a few molecules differently: of MOSES' strings one in 3,000.

    Raises:
        InputError: for what is neither a string nor None.
        MissingDependency: where RDKit is not installed.
    """
    require()
    with silent():
        return _canonical(smiles)


def fingerprint(found: Any) -> np.ndarray:
    """Its Morgan fingerprint, eight bits a byte: uint8 [BITS / 8]."""
    return np.packbits(_morgan().GetFingerprintAsNumPy(found))


def fragments(found: Any) -> list[str]:
    """What is left where all BRICS bonds (Degen et al. 2008) are cut, with each cut's kind."""
    from rdkit import Chem
    from rdkit.Chem.rdmolops import FragmentOnBRICSBonds

    return Chem.MolToSmiles(FragmentOnBRICSBonds(found)).split(".")


def scaffold(found: Any) -> str | None:
    """Its rings and what links them (Bemis & Murcko 1996); None of fewer than two rings."""
    from rdkit import Chem
    from rdkit.Chem.Scaffolds import MurckoScaffold

    try:
        core = MurckoScaffold.GetScaffoldForMol(found)
    except (ValueError, RuntimeError):  # what is left cannot be written as a molecule
        return None
    return Chem.MolToSmiles(core) if core.GetRingInfo().NumRings() >= RINGS else None


def descriptors_of(found: Any, names: tuple[str, ...] = DESCRIPTORS) -> list[float]:
    """A value for each of the names, of `DESCRIPTORS`; NaN where RDKit gives none.

    That is of what it reads and takes for no molecule a second time, as with bonds that the string
    leaves open (`~`): MOSES' program ends there.
    """
    from rdkit.Chem import QED, Crippen, Descriptors

    log_p: Any = Crippen  # RDKit's types do not have their functions
    weight: Any = Descriptors
    functions = {
        "logP": log_p.MolLogP,
        "SA": _accessibility().calculateScore,
        "QED": QED.qed,
        "weight": weight.MolWt,
    }
    values = []
    for name in names:
        try:
            values.append(functions[name](found))
        except (ValueError, RuntimeError):
            values.append(float("nan"))
    return values


def passes(found: Any, smarts: tuple[str, ...]) -> bool:
    """Whether a molecule passes MOSES' filters.

    It is uncharged, of `ELEMENTS`, without a ring of more than seven atoms, and none of the
    patterns occurs in it, hydrogens included. A pattern is looked for only where its bits are among
    those of the molecule, which spares nine tenths of the time.

    Args:
        smarts: the patterns.
    """
    from rdkit import Chem

    rings = found.GetRingInfo().AtomRings()
    if any(len(ring) > LARGEST_RING for ring in rings):
        return False
    if any(atom.GetFormalCharge() or atom.GetSymbol() not in ELEMENTS for atom in found.GetAtoms()):
        return False
    whole = Chem.AddHs(found)
    patterns, bits = _patterns(smarts)
    absent = ~_bits(whole)
    possible = np.flatnonzero(~(bits & absent).any(axis=1))
    if any(whole.HasSubstructMatch(patterns[index]) for index in possible):
        return False
    return Chem.MolFromSmiles(Chem.MolToSmiles(found, isomericSmiles=False)) is not None


def canonical_chunk(strings: Sequence[str | None], options: dict) -> list[str | None]:
    """`canonical` of each."""
    return [_canonical(each) for each in strings]


def profile(strings: Sequence[str | None], options: dict) -> dict[str, Any]:
    """What a chunk of strings comes to: {name: value}; but for `valid`, of its valid ones alone.

    `valid` bool [n], `strings` their canonical ones, `fingerprints` uint8 [m, BITS / 8],
    `descriptors` [m, 4], `passed` bool [m], `fragments` and `scaffolds` {string: count}.

    Args:
        options: `wanted`, names of the above besides the first two; `smarts`, for `passed`.
    """
    first = [_canonical(each) for each in strings]
    read = [molecule(each) for each in first]
    found = [each for each in read if each is not None]
    answer: dict[str, Any] = {
        "valid": np.array([each is not None for each in read], bool),
        "strings": [_written(each) for each in found],
    }
    for name in options["wanted"]:
        answer[name] = _OF_MANY[name](found, options)
    return answer


def _fingerprints(found: Sequence[Any], options: dict) -> np.ndarray:
    rows = [fingerprint(each) for each in found]
    return np.array(rows, np.uint8).reshape(len(found), BITS // 8)


def _descriptors(found: Sequence[Any], options: dict) -> np.ndarray:
    names = options.get("descriptors", DESCRIPTORS)
    rows = [descriptors_of(each, names) for each in found]
    return np.array(rows, np.float64).reshape(len(found), len(names))


def _passed(found: Sequence[Any], options: dict) -> np.ndarray:
    return np.array([passes(each, options["smarts"]) for each in found], bool)


def _fragments(found: Sequence[Any], options: dict) -> Counter:
    return Counter(part for each in found for part in fragments(each))


def _scaffolds(found: Sequence[Any], options: dict) -> Counter:
    cores = (scaffold(each) for each in found)
    return Counter(core for core in cores if core is not None)


_OF_MANY: dict[str, Callable] = {
    "fingerprints": _fingerprints,
    "descriptors": _descriptors,
    "passed": _passed,
    "fragments": _fragments,
    "scaffolds": _scaffolds,
}

TASKS: dict[str, Callable[[Sequence[str | None], dict], Any]] = {
    "canonical": canonical_chunk,
    "profile": profile,
}
"""What can be asked of a chunk of strings, in this process or another."""


def _canonical(smiles: str | None) -> str | None:
    found = molecule(smiles)
    return None if found is None else _written(found)


def _written(found: Any) -> str:
    from rdkit import Chem

    return Chem.MolToSmiles(found)


@functools.lru_cache(1)
def _morgan() -> Any:
    from rdkit.Chem import rdFingerprintGenerator

    return rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)


@functools.lru_cache(1)
def _accessibility() -> Any:
    """RDKit's module of the score of Ertl & Schuffenhauer 2009, which is no part of its package."""
    from rdkit import RDConfig

    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    if not path.exists():
        raise MissingDependency(
            f"Synthetic accessibility is computed by RDKit's {path.name}, which is not at {path}: "
            "install its wheel (pip install 'vae-zoo[molecules]'), which brings it."
        )
    spec = importlib.util.spec_from_file_location("zoo_sascorer", path)
    assert spec is not None and spec.loader is not None  # it is a .py that exists
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.lru_cache(2)
def _patterns(smarts: tuple[str, ...]) -> tuple[list[Any], np.ndarray]:
    """(patterns, their bits: uint8 [n, PATTERN_BITS / 8])."""
    from rdkit import Chem

    found = [Chem.MolFromSmarts(each) for each in smarts]
    for pattern, text in zip(found, smarts, strict=True):
        if pattern is None:
            raise InputError(f"{text[:80]!r} is no SMARTS pattern that RDKit reads.")
    bits = [_bits(each) for each in found]
    return found, np.array(bits, np.uint8).reshape(len(found), PATTERN_BITS // 8)


def _bits(found: Any) -> np.ndarray:
    """RDKit's pattern fingerprint: a pattern's bits are among those of a molecule that has it."""
    from rdkit import DataStructs
    from rdkit.Chem import PatternFingerprint

    text = DataStructs.BitVectToBinaryText(PatternFingerprint(found, fpSize=PATTERN_BITS))
    return np.frombuffer(text, np.uint8)
