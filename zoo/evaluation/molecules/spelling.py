"""Molecules among many strings, however they are spelt.

RDKit writes some thousand canonical strings a second, and training sets have millions. What all
spellings of a molecule have in common is read faster from the string itself: the few that have it
in common with one that is looked for are canonicalised, the others need not be.
"""

import functools
import re
from collections.abc import Collection, Iterable

from zoo.artifact import tokens
from zoo.evaluation.molecules.strings import canonical_strings

BLOCK = 4096
"""Strings that are canonicalised at once."""

_ATOM = re.compile(r"\[\d*([A-Z][a-z]?|[a-z][a-z]?|\*)|(Br|Cl|[BCNOPSFIbcnops*])$")

Signature = tuple[tuple[str, int], ...]


def among(wanted: Collection[str], smiles: Iterable[str | None], jobs: int = 1) -> set[str]:
    """Those of some canonical strings whose molecules are among others, however these are spelt.

    Args:
        smiles: the others, of which some may be no molecules.
        jobs: processes.

    Raises:
        MissingDependency: where RDKit is not installed.
    """
    left, found, block = set(wanted), set(), []
    signatures = {signature(each) for each in left} | {None}
    for each in smiles:
        if each in left:  # most training sets are canonical
            found.add(each)
            left.remove(each)
        elif each is not None and signature(each) in signatures:
            block.append(each)
        if len(block) == BLOCK:
            found.update(left.intersection(canonical_strings(block, jobs)))
            left, block = left - found, []
    return found | left.intersection(canonical_strings(block, jobs))


def signature(smiles: str) -> Signature | None:
    """Each heavy atom's element and how many heavy atoms it is bound to, sorted.

    None where that cannot be read from the string: it says nothing then.
    """
    elements: list[str] = []
    degrees: list[int] = []
    rings: dict[int, int | None] = {}
    branches: list[int | None] = []
    last: int | None = None

    def bind(one: int | None, other: int | None) -> None:
        if one is None or other is None or "H" in (elements[one], elements[other]):
            return
        degrees[one] += 1
        degrees[other] += 1

    for token in tokens.split("smiles", smiles):
        element = _element(token)
        if element:
            elements.append(element)
            degrees.append(0)
            bind(last, len(elements) - 1)
            last = len(elements) - 1
        elif token == "(":
            branches.append(last)
        elif token == ")":
            if not branches:
                return None
            last = branches.pop()
        elif token == ".":
            last = None
        elif token.strip("%").isdecimal():
            ring = int(token.strip("%"))
            if ring in rings:
                bind(rings.pop(ring), last)
            else:
                rings[ring] = last
        elif token == "%" or token[0] == "[":
            return None
    atoms = zip(elements, degrees, strict=True)
    return tuple(sorted(atom for atom in atoms if atom[0] != "H"))


@functools.lru_cache(4096)
def _element(token: str) -> str | None:
    """Of which an atom is, as c and C are both of C; None of what is no atom."""
    found = _ATOM.match(token)
    return (found[1] or found[2]).capitalize() if found else None
