"""Strings of a file, of a package or of a program, made into a dataset."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from tqdm import tqdm

from zoo.artifact import tokens as cutting
from zoo.artifact.schema import TOKENS, Schema
from zoo.datasets.base import UNKNOWN_LICENCE, Dataset, HoldOut, Split, slug
from zoo.datasets.reading import printable
from zoo.datasets.storage import cache_folder
from zoo.datasets.strings import lines, molecules
from zoo.datasets.strings.kept import LeftOut, Strings, steps_of, texts
from zoo.datasets.strings.lines import Line
from zoo.datasets.strings.told import AUTO, Told
from zoo.errors import DatasetError


def of_file(path: Path, told: Told, hold_out: HoldOut) -> Dataset:
    """The strings of a .smi, .txt, .csv or .tsv, or of one that is packed as .gz.

    Raises:
        DatasetError: it cannot be read, or has too few strings.
    """
    ending = lines.suffix(path)
    named = (told.column or "").lower() in ("smiles", "selfies")
    usual = (told.column or "").lower() if named else "smiles" if ending in lines.SMILES else None
    read = {"all": lines.read(path, told.column)}
    name = path.name.lower().removesuffix(".gz").removesuffix(ending)
    return _dataset(
        read, told, hold_out, usual, printable(path), slug(name), f"{path.name}, the user's own"
    )


def named(name: str, told: Told, hold_out: HoldOut) -> Dataset:
    """Molecules that come with a package: "nci" or "moses".

    Raises:
        MissingDependency: the package is not installed.
    """
    if name == molecules.NCI:
        said, licence = molecules.NCI_SAID, molecules.NCI_LICENCE
        return _dataset(
            {"all": molecules.nci()}, told, hold_out, "smiles", name, name, said, licence
        )
    parts = {"train": molecules.moses("train"), "test": molecules.moses("test")}
    said, licence = molecules.MOSES_SAID, molecules.MOSES_LICENCE
    return _dataset(parts, told, hold_out, "smiles", name, name, said, licence, known_good=True)


def of_list(
    train: Iterable[str],
    test: Iterable[str] | None = None,
    *,
    name: str = "strings",
    tokenizer: str = "characters",
    steps: int | None = None,
    seed: int = 0,
    test_share: float = 0.2,
) -> Dataset:
    """A dataset of strings that a program holds.

    Raises:
        DatasetError: for what is no list of strings, or too few of them.
    """
    parts = {"all": train} if test is None else {"train": train, "test": test}
    read = {part: _numbered(strings) for part, strings in parts.items()}
    said = "strings of the user's own program"
    told = Told(tokenizer, steps=steps)
    return _dataset(read, told, HoldOut(test_share, seed), None, "the strings", slug(name), said)


def _numbered(strings: Iterable[str]) -> Iterable[Line]:
    for number, text in enumerate(strings, 1):
        if not isinstance(text, str):
            raise DatasetError(f"String {number:,} is a {type(text).__name__}; wanted: text.")
        yield Line(number, text)


def _dataset(
    parts: Mapping[str, Iterable[Line]],
    told: Told,
    hold_out: HoldOut,
    usual: str | None,
    shown: str,
    name: str,
    source: str,
    licence: str = UNKNOWN_LICENCE,
    known_good: bool = False,
) -> Dataset:
    """`parts` are "all", of which a test set is held out, or "train" and "test"."""
    tokenizer = (usual or "characters") if told.tokenizer == AUTO else told.tokenizer
    left_out = LeftOut(cache_folder(told.cache_dir) / f"left_out_{name}.txt")
    judge = None
    if tokenizer in ("smiles", "selfies") and usual != "selfies" and not known_good:
        judge = molecules.judge()
    convert = molecules.to_selfies if tokenizer == "selfies" and usual == "smiles" else None
    strings = Strings(tokenizer)
    ends = [0]
    for part in parts.values():
        for number, text in _shown(texts(part, left_out, judge), shown):
            made = convert(text) if convert else text
            if made is None:
                left_out.add(number, text, "no SELFIES for it")
                continue
            strings.add(number, made)
        ends.append(len(strings))
    _require_enough(shown, strings, left_out, parts, ends)
    lengths = strings.lengths
    steps = steps_of(lengths[: ends[1]], told.steps)
    longer = strings.leave_out_longer(steps, left_out)
    order = sorted(strings.numbers)
    rows = strings.rows(steps + 1, order)
    cuts = np.cumsum([0, *(int((~longer[a:b]).sum()) for a, b in itertools.pairwise(ends))])
    made_of = [Split(rows[a:b]) for a, b in itertools.pairwise(cuts)]
    notes = [note for note in (left_out.note, _unjudged(tokenizer, judge, known_good)) if note]
    if len(made_of) == 1:
        train, test, sentence = hold_out.parts(made_of[0])
    else:
        train, test = made_of
        sentence = f"{shown}'s own test set, n={len(test):,}."
    schema = Schema(
        TOKENS,
        (steps + 1,),
        low=0.0,
        high=float(len(order)),
        spacing=1.0,
        tokens=(*order, cutting.END),
        tokenizer=tokenizer,
    )
    return Dataset(
        name=name,
        train=train,
        test=test,
        schema=schema,
        source=source,
        licence=licence,
        test_split=sentence,
        notes=tuple(notes),
    )


def _shown(pairs: Iterable[tuple[int, str]], shown: str) -> Iterable[tuple[int, str]]:
    """The same, with a bar where there are many."""
    return tqdm(pairs, f"reading {shown}", unit=" strings", delay=2.0, leave=False)


def _require_enough(
    shown: str,
    strings: Strings,
    left_out: LeftOut,
    parts: Mapping[str, Iterable[Line]],
    ends: list[int],
) -> None:
    if any(a == b for a, b in itertools.pairwise(ends)):
        said = f" {left_out.note}" if left_out.note else ""
        where = "" if len(parts) == 1 else f" in {' or '.join(parts)}"
        raise DatasetError(f"{shown} has no string{where}; wanted: one a line.{said}")


def _unjudged(
    tokenizer: str, judge: Callable[[str], str | None] | None, known_good: bool
) -> str | None:
    if tokenizer == "smiles" and judge is None and not known_good:
        return "Whether strings are molecules was not looked at: RDKit is not installed."
    return None
