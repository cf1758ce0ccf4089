"""columns.yaml: what its user says of columns, instead of what the rules say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from zoo.artifact.columns import BOOLEAN, CATEGORICAL, KINDS, NUMBERS, ORDERED, REAL
from zoo.artifact.written import DATES
from zoo.datasets import reading
from zoo.datasets.reading import printable
from zoo.errors import DatasetError, MissingDependency

LARGEST = 2**24
"""Bytes of a columns.yaml, at most."""

_FLAGS = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True)
class Override:
    """What is said of one column; None and () where nothing is.

    Args:
        kind: one of `zoo.artifact.columns.KINDS`.
        drop: whether the column is left out.
        unit: in words.
        log: whether a real number is taken as its logarithm.
        words: the categories, in order; there are no others then.
        missing: further texts that say that a value is missing.
        decimal: "," where 1,5 is one and a half, "." where 1,500 is a thousand and more.
        date: how dates are written, one of `zoo.artifact.written.DATES`.
        where: the file and the line, for errors.
        by: who says so, for the reasons.
    """

    kind: str | None = None
    drop: bool | None = None
    unit: str = ""
    log: bool | None = None
    words: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    decimal: str = ""
    date: str | None = None
    where: str = field(default="", compare=False)
    by: str = field(default="columns.yaml", compare=False)


NOTHING = Override()


def over(own: Override, given: Override) -> Override:
    """What the user says, and what the table says itself of what the user leaves open."""
    if given.kind or given.words or given.date or given.drop or own.kind is None:
        return given
    log = own.log if given.log is None else given.log
    return replace(given, kind=own.kind, words=own.words, log=log, by=own.by)


def read(path: Path, names: Sequence[str]) -> dict[str, Override]:
    """{column: what the file says of it}.

    Args:
        path: of a YAML file: `columns`, and below it {column: {kind, drop, unit, ...}}.
        names: of the table's columns.

    Raises:
        DatasetError: naming the line and the column.
        MissingDependency: PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError as error:
        raise MissingDependency(
            "A columns.yaml is read by PyYAML, which is not installed: pip install PyYAML."
        ) from error
    content = reading.read(path, LARGEST)
    try:
        root = yaml.compose(content.decode("utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        said = printable(" ".join(str(error).split()))
        raise DatasetError(f"{printable(path)} cannot be read as YAML: {said:.200}.") from error
    found: dict[str, Override] = {}
    for key, entry in _entries(path, root, "the file", ("columns",)):
        assert key == "columns"
        for name, said in _entries(path, entry, "columns"):
            where = f"{printable(path)}, line {said.start_mark.line + 1}, column {name!r:.60}"
            if name not in names:
                raise DatasetError(
                    f"{where}: the table has no such column; it has {_some(names)}. Columns that "
                    "are not named here are as the rules say."
                )
            found[name] = _override(path, where, said)
    return found


def _override(path: Path, where: str, entry: Any) -> Override:
    said: dict[str, Any] = {"where": where}
    known = ("kind", "drop", "unit", "log", "words", "missing", "decimal", "date")
    for key, node in _entries(path, entry, where, known):
        if key in ("words", "missing"):
            said[key] = tuple(_list(where, key, node))
            continue
        text = _text(where, key, node)
        if key in ("drop", "log"):
            if text.lower() not in _FLAGS:
                raise DatasetError(f"{where}: {key} is {text!r:.40}; wanted: true or false.")
            said[key] = _FLAGS[text.lower()]
        else:
            allowed = {"kind": KINDS, "decimal": (",", "."), "date": tuple(DATES)}.get(key)
            if allowed and text not in allowed:
                raise DatasetError(
                    f"{where}: {key} is {text!r:.40}; wanted: one of {' '.join(allowed)}."
                )
            said[key] = text
    made = Override(**said)
    if made.kind == ORDERED and not made.words:
        raise DatasetError(
            f"{where} is ordered and has no words; wanted: words: [least, ..., most]."
        )
    if made.words and made.kind not in (None, CATEGORICAL, ORDERED, BOOLEAN):
        raise DatasetError(f"{where} is {made.kind} and has words; leave one of them out.")
    if made.words and (len(made.words) < 2 or len({*made.words}) < len(made.words)):
        raise DatasetError(f"{where}: wanted are two words or more, each of them once.")
    if made.kind == BOOLEAN and made.words and len(made.words) != 2:
        raise DatasetError(f"{where} is boolean and has {len(made.words)} words; wanted: two.")
    if made.log and made.kind not in (None, REAL):
        raise DatasetError(f"{where} is {made.kind} and has log; that is for real numbers alone.")
    if made.date and made.kind in (*(each for each in NUMBERS if each != "date"), *_WORDY):
        raise DatasetError(f"{where} is {made.kind} and says how dates are written.")
    return made


_WORDY = (CATEGORICAL, ORDERED, BOOLEAN)


def _entries(
    path: Path, node: Any, where: str, known: Sequence[str] = ()
) -> Iterator[tuple[str, Any]]:
    """(key, node) of a mapping; nothing where there is nothing."""
    if node is None or (node.id == "scalar" and node.value in ("", "null", "~")):
        return
    line = f"{printable(path)}, line {node.start_mark.line + 1}"
    if node.id != "mapping":
        raise DatasetError(f"{line}: {where} is no list of names and values, as `name: value`.")
    seen = set()
    for key_node, value in node.value:
        line = f"{printable(path)}, line {key_node.start_mark.line + 1}"
        key = key_node.value if key_node.id == "scalar" else None
        if key is None or (known and key not in known):
            raise DatasetError(f"{line}: {where} has {key!r:.60}; wanted: {', '.join(known)}.")
        if key in seen:
            raise DatasetError(f"{line}: {where} names {key!r:.60} twice.")
        seen.add(key)
        yield key, value


def _text(where: str, key: str, node: Any) -> str:
    if node.id != "scalar":
        raise DatasetError(f"{where}: {key} is a list; wanted: one value.")
    return str(node.value)


def _list(where: str, key: str, node: Any) -> Iterator[str]:
    if node.id != "sequence":
        raise DatasetError(f"{where}: {key} is no list; wanted: {key}: [one, two].")
    for each in node.value:
        yield _text(where, key, each).strip()


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
    return ", ".join(map(printable, names[:10])) + more
