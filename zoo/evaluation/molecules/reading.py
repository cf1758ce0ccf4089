"""Strings of data and models, read as molecules where they are some and RDKit is there."""

import importlib.util
from collections.abc import Iterable, Iterator

from zoo.artifact.schema import Schema

NEEDS = {"smiles": ("rdkit",), "selfies": ("rdkit", "selfies")}
"""tokenizer -> the packages that read its strings as molecules."""


def are_read(schema: Schema) -> bool:
    """Whether data of that schema is molecules, and what reads them is installed."""
    needs = NEEDS.get(schema.tokenizer or "", ())
    return bool(needs) and all(importlib.util.find_spec(each) is not None for each in needs)


def as_smiles(schema: Schema, strings: Iterable[str]) -> Iterator[str | None]:
    """Yields the SMILES of each string, which need not be valid; None of SELFIES that have none."""
    return map(_of_selfies, strings) if schema.tokenizer == "selfies" else iter(strings)


def _of_selfies(text: str) -> str | None:
    import selfies

    try:
        made: str = selfies.decoder(text)
    except selfies.DecoderError:
        return None
    return made
