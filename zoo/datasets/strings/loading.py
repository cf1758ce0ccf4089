"""Strings of a file, of a package or of a program, made into a dataset."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.artifact import tokens as cutting
from zoo.artifact.schema import TOKENS, Schema
from zoo.datasets.base import UNKNOWN_LICENCE, Dataset, HoldOut, Split, slug
from zoo.datasets.reading import printable
from zoo.datasets.storage import cache_folder, progress
from zoo.datasets.strings import lines, molecules
from zoo.datasets.strings.kept import LeftOut, Strings, steps_of, texts
from zoo.datasets.strings.lines import Line
from zoo.datasets.strings.told import AUTO, Told
from zoo.errors import DatasetError

SMILES, SELFIES = "smiles", "selfies"


@dataclass(frozen=True)
class Source:
    """Strings before they are read, and what is known of them.

    Args:
        parts: "all", of which a test set is held out, or "train" and "test".
        shown: what the user gave, for errors.
        name, source, licence: of the dataset.
        usual: "smiles" or "selfies", which they are; None: nothing is known.
        known_good: whether all are molecules for sure.
        test_set: whose it is, where there is one.
        notes: sentences for the user, besides those on what is left out.
    """

    parts: Mapping[str, Iterable[Line]]
    shown: str
    name: str
    source: str
    licence: str = UNKNOWN_LICENCE
    usual: str | None = None
    known_good: bool = False
    test_set: str = "the data's own test set"
    notes: tuple[str, ...] = ()


def of_file(path: Path, told: Told, hold_out: HoldOut) -> Dataset:
    """The strings of a .smi, .txt, .csv or .tsv, or of one that is packed as .gz.

    Raises:
        DatasetError: it cannot be read, or has too few strings.
    """
    ending = lines.suffix(path)
    source = Source(
        {"all": lines.read(path, told.column)},
        printable(path),
        slug(path.name.lower().removesuffix(".gz").removesuffix(ending)),
        f"{path.name}, the user's own",
        usual=SMILES if ending in lines.SMILES else usual_of(told.column or ""),
    )
    return dataset(source, told, hold_out)


def usual_of(column: str) -> str | None:
    """What the strings of a column are by its name: "smiles", "selfies" or None."""
    return next((each for each in (SMILES, SELFIES) if each in column.lower()), None)


def named(name: str, told: Told, hold_out: HoldOut) -> Dataset:
    """Molecules that come with a package: "nci" or "moses".

    Raises:
        MissingDependency: the package is not installed.
    """
    if name == molecules.NCI:
        said = (molecules.NCI_SAID, molecules.NCI_LICENCE, SMILES)
        source = Source({"all": molecules.nci()}, name, name, *said)
    else:
        parts = {"train": molecules.moses("train"), "test": molecules.moses("test")}
        said = (molecules.MOSES_SAID, molecules.MOSES_LICENCE, SMILES)
        own = f"{name}'s own test set"
        source = Source(parts, name, name, *said, known_good=True, test_set=own)
    return dataset(source, told, hold_out)


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
    own = "the strings' own test set"
    source = Source(read, "the strings", slug(name), said, test_set=own)
    return dataset(source, Told(tokenizer, steps=steps), HoldOut(test_share, seed))


def _numbered(strings: Iterable[str]) -> Iterable[Line]:
    for number, text in enumerate(strings, 1):
        if not isinstance(text, str):
            raise DatasetError(f"String {number:,} is a {type(text).__name__}; wanted: text.")
        yield Line(number, text)


def dataset(source: Source, told: Told, hold_out: HoldOut) -> Dataset:
    """The strings of a source that are no longer than `told` or found, as a dataset.

    Raises:
        DatasetError: there are too few.
    """
    tokenizer = (source.usual or "characters") if told.tokenizer == AUTO else told.tokenizer
    with LeftOut(cache_folder(told.cache_dir) / f"left_out_{source.name}.txt") as left_out:
        judge, note = _judge(tokenizer, source)
        strings, ends = _read(source, tokenizer, judge, left_out)
        _require_each(source, left_out, ends)
        lengths = strings.lengths
        steps = steps_of(lengths[: ends[1]], told.steps)
        longer = strings.leave_out_longer(steps, left_out)
    cuts = [int((~longer[:end]).sum()) for end in ends]
    _require_each(source, left_out, cuts)
    order = strings.tokens_up_to(steps)
    rows = strings.rows(steps + 1, order)
    train, test, sentence = _parted(source, rows, cuts, hold_out)
    notes = (*source.notes, left_out.note, note)
    return Dataset(
        name=source.name,
        train=train,
        test=test,
        schema=_schema(tokenizer, order, steps),
        source=source.source,
        licence=source.licence,
        test_split=sentence,
        notes=tuple(each for each in notes if each),
    )


def _judge(tokenizer: str, source: Source) -> tuple[Callable[[str], str | None] | None, str | None]:
    """(text -> why it is none or None, a note); None for strings of which nothing is known."""
    if tokenizer == SELFIES and source.usual != SMILES:
        return molecules.judge_selfies, None
    if tokenizer not in (SMILES, SELFIES) or source.known_good:
        return None, None
    judge = molecules.judge()
    return judge, None if judge else molecules.UNJUDGED


def _read(
    source: Source,
    tokenizer: str,
    judge: Callable[[str], str | None] | None,
    left_out: LeftOut,
) -> tuple[Strings, list[int]]:
    """(the strings of all parts, where each ends)."""
    convert = tokenizer == SELFIES and source.usual == SMILES
    strings, ends = Strings(tokenizer), [0]
    with progress(None, f"Reading {source.shown}", " strings") as bar:
        for part in source.parts.values():
            for number, text in texts(part, left_out, judge):
                made = molecules.to_selfies(text) if convert else text
                if made is None:
                    left_out.add(number, text, "no SELFIES for it")
                else:
                    strings.add(number, made)
                bar.update()
            ends.append(len(strings))
    return strings, ends


def _require_each(source: Source, left_out: LeftOut, ends: list[int]) -> None:
    """Raises where a part has no string."""
    if not any(a == b for a, b in itertools.pairwise(ends)):
        return
    where = "" if len(source.parts) == 1 else f" in {' or '.join(source.parts)}"
    if not left_out.note:
        raise DatasetError(f"{source.shown} has no string{where}; wanted: one a line.")
    raise DatasetError(
        f"{source.shown} has no string{where} that can be taken. {left_out.note}{_hint(left_out)}"
    )


def _hint(left_out: LeftOut) -> str:
    """What to do where strings are not what they were taken for."""
    if molecules.NO_MOLECULE in left_out.reasons:
        return " Of strings that are no SMILES, pass tokenizer='characters' (--tokenizer)."
    if molecules.NO_SELFIES in left_out.reasons:
        return " Of SMILES they are made in a .smi, or in a column with smiles in its name."
    return ""


def _parted(
    source: Source, rows: np.ndarray, cuts: list[int], hold_out: HoldOut
) -> tuple[Split, Split, str]:
    """(train, test, how that was chosen) of rows [n, steps] and where each part ends."""
    splits = [Split(rows[a:b]) for a, b in itertools.pairwise(cuts)]
    if len(splits) == 1:
        return hold_out.parts(splits[0])
    train, test = splits
    return train, test, f"{source.test_set}, n={len(test):,}."


def _schema(tokenizer: str, order: list[str], steps: int) -> Schema:
    return Schema(
        TOKENS,
        (steps + 1,),
        low=0.0,
        high=float(len(order)),
        spacing=1.0,
        tokens=(*order, cutting.END),
        tokenizer=tokenizer,
    )
