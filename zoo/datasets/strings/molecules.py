"""Molecules as strings: which of them RDKit reads, and those that come with packages."""

import importlib.metadata
import importlib.util
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from zoo.datasets.strings import lines
from zoo.datasets.strings.lines import Line
from zoo.errors import MissingDependency

NCI, MOSES = "nci", "moses"
NAMES = (NCI, MOSES)
NO_MOLECULE = "no molecule that RDKit reads"
NO_SELFIES = "no SELFIES"
UNJUDGED = (
    "Whether strings are molecules was not looked at: RDKit is not installed (pip install "
    "'vae-zoo[molecules]')."
)

LONGEST = 10_000
"""Characters of a SMILES that RDKit is asked of: its time grows with their square, or more."""
TOO_LONG = f"longer than {LONGEST:,} characters"

NCI_SAID = "5,000 compounds of the NCI open database (release 1999), with RDKit"
NCI_LICENCE = "public domain (US National Cancer Institute); RDKit's copy BSD-3-Clause"
MOSES_SAID = (
    "MOSES (Polykovskiy et al. 2020), a subset of ZINC Clean Leads, with the package molsets"
)
MOSES_LICENCE = "MIT (molsets); ZINC is free to use"

_SELFIES = re.compile(r"(\[[^\[\]]*\]|\.)+")
_NCI_FILE = ("NCI", "first_5K.smi")
_MOSES_FILE = "moses/dataset/data/{}.csv.gz"


def judge() -> Callable[[str], str | None] | None:
    """text -> None for a molecule, else the reason; None where RDKit is not installed."""
    if importlib.util.find_spec("rdkit") is None:
        return None
    from rdkit import Chem, rdBase

    def found(text: str) -> str | None:
        if not text.isascii() or not text.isprintable():  # of which RDKit forgives some
            return NO_MOLECULE
        if len(text) > LONGEST:
            return TOO_LONG
        with rdBase.BlockLogs():
            molecule = Chem.MolFromSmiles(text)
        return NO_MOLECULE if molecule is None or not molecule.GetNumAtoms() else None

    return found


def judge_selfies(text: str) -> str | None:
    """None for what is all in brackets, as SELFIES are, else the reason."""
    return None if _SELFIES.fullmatch(text) else NO_SELFIES


def to_selfies(text: str) -> str | None:
    """The SELFIES of a SMILES; None where there are none.

    Raises:
        MissingDependency: the package is not installed.
    """
    try:
        import selfies
    except ImportError as error:
        raise MissingDependency(
            "SELFIES are made by the package selfies, which is not installed: pip install "
            "'vae-zoo[molecules]'."
        ) from error
    try:
        made: str | None = selfies.encoder(text)
    except selfies.EncoderError:
        return None
    return made


def nci() -> Iterator[Line]:
    """The compounds that come with RDKit, whose wheel holds them.

    Raises:
        MissingDependency: it is not installed, or without its data.
    """
    if importlib.util.find_spec("rdkit") is None:
        raise MissingDependency(
            f"The molecules {NCI!r} come with RDKit, which is not installed: pip install "
            "'vae-zoo[molecules]'. A .smi file of your own needs no RDKit."
        )
    from rdkit import RDConfig

    path = Path(RDConfig.RDDataDir).joinpath(*_NCI_FILE)
    if not path.exists():
        raise MissingDependency(f"RDKit is installed without {path.name}: install its wheel anew.")
    yield from lines.read(path)


def moses(split: str) -> Iterator[Line]:
    """Strings of `train`, `test` or `test_scaffolds`.

    Raises:
        MissingDependency: the package is not installed, nor its wheel at hand.
    """
    try:
        distribution = importlib.metadata.distribution("molsets")
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingDependency(
            f"The molecules {MOSES!r} come with the package molsets, which is not installed. Its "
            "own requirements are of 2020: pip install --no-deps molsets==0.3.1."
        ) from error
    path = Path(str(distribution.locate_file(_MOSES_FILE.format(split))))
    if not path.exists():
        raise MissingDependency(f"molsets is installed without {path.name}: install it anew.")
    yield from lines.read(path, "SMILES")
