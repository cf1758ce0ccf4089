"""Strings that become examples, and those that are left out, each with its reason."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TextIO

import numpy as np

from zoo.artifact import tokens
from zoo.datasets.reading import printable
from zoo.datasets.storage import physical_memory
from zoo.datasets.strings.lines import Line
from zoo.errors import DatasetError

FAR = 1.5
"""Times the usual length: where the longest strings are longer, they are left out; see `steps`."""
QUANTILE = 0.99

MOST_TOKENS = 2**15 - 1
NO_TEXT = "no UTF-8 text"
NULL = "a null byte in it"


@dataclass
class LeftOut:
    """What became no example: counted by its reason, and listed in a file.

    The file is whole when the `with` block of this ends.

    Args:
        path: of the file, which is made when there is a first one; None lists nothing.
    """

    path: Path | None = None
    reasons: Counter[str] = field(default_factory=Counter)
    _file: TextIO | None = field(default=None, init=False, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, number: int, text: str | None, reason: str) -> None:
        """A line's number from 1 on, its string, and why.

        Raises:
            DatasetError: the file cannot be made.
        """
        if self.path is not None:
            self._file = self._file or _made(self.path)
            print(number, reason, printable(text or ""), sep="\t", file=self._file)
        self.reasons[reason] += 1

    def __len__(self) -> int:
        return sum(self.reasons.values())

    @property
    def note(self) -> str | None:
        """A sentence; None where nothing was left out."""
        if not self.reasons:
            return None
        each = ", ".join(f"{count:,} ({reason})" for reason, count in self.reasons.most_common())
        where = f"; {self.path.name} in the cache lists them" if self.path else ""
        return f"Strings left out: {each}{where}."


class Strings:
    """Strings as numbers of their tokens, one behind the other: two bytes a token in memory.

    Args:
        tokenizer: one of `zoo.artifact.tokens.TOKENIZERS`.
    """

    def __init__(self, tokenizer: str) -> None:
        self.tokenizer = tokenizer
        self.numbers: dict[str, int] = {}
        self._cut = array("H")
        self._lengths = array("l")
        self._lines = array("l")

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, line: int, text: str) -> None:
        """One more string, and the line that it is from.

        Raises:
            DatasetError: for more tokens than a row of numbers holds.
        """
        cut = tokens.split(self.tokenizer, text)
        numbers = self.numbers
        found = [numbers.setdefault(token, len(numbers)) for token in cut]
        if len(numbers) > MOST_TOKENS:
            raise DatasetError(
                f"Up to line {line:,} there are more than {MOST_TOKENS:,} different tokens, which "
                "are the most. Take another tokenizer."
            )
        self._cut.extend(found)
        self._lengths.append(len(cut))
        self._lines.append(line)

    def leave_out_longer(self, steps: int, left_out: LeftOut) -> np.ndarray:
        """Which have more than so many tokens, bool [n]: counted, and listed."""
        longer = self.lengths > steps
        known, ends = list(self.numbers), np.cumsum(self.lengths)
        for place in np.flatnonzero(longer).tolist():
            cut = self._cut[int(ends[place]) - self._lengths[place] : int(ends[place])]
            text = "".join(known[number] for number in cut)
            left_out.add(self._lines[place], text, f"longer than {steps} tokens")
        return longer

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each, int64."""
        return np.array(self._lengths, np.int64)

    def tokens_up_to(self, steps: int) -> list[str]:
        """The tokens that strings of at most `steps` tokens have, sorted."""
        kept = self.lengths <= steps
        if kept.all():
            return sorted(self.numbers)
        used = np.unique(self._flat()[np.repeat(kept, self.lengths)])
        tokens = list(self.numbers)
        return sorted(tokens[number] for number in used)

    def rows(self, steps: int, order: list[str]) -> np.ndarray:
        """int16 [n, steps] of those of fewer than `steps` tokens, the end after each.

        Args:
            order: tokens by their new numbers, without the end.

        Raises:
            DatasetError: there is no memory for them.
        """
        lengths, flat = self.lengths, self._flat()
        places = {token: number for number, token in enumerate(order)}
        renumbered = np.array([places.get(token, 0) for token in self.numbers], np.int16)
        starts = np.cumsum(lengths) - lengths
        kept = np.flatnonzero(lengths < steps)
        _require_memory(len(kept), steps)
        made = np.full((len(kept), steps), len(order), np.int16)
        for row, place in enumerate(kept.tolist()):
            cut = flat[starts[place] : starts[place] + lengths[place]]
            made[row, : len(cut)] = renumbered[cut]
        return made

    def _flat(self) -> np.ndarray:
        """The tokens of all, uint16."""
        return np.frombuffer(self._cut, np.uint16) if self._cut else np.empty(0, np.uint16)


def steps_of(lengths: np.ndarray, asked: int | None) -> int:
    """Tokens of the longest that is kept: all are, unless the longest are far from the others."""
    if asked is not None:
        return asked
    longest, usual = int(lengths.max()), int(np.ceil(np.quantile(lengths, QUANTILE)))
    return usual if longest > FAR * usual else longest


def texts(
    lines: Iterable[Line],
    left_out: LeftOut,
    judge: Callable[[str], str | None] | None = None,
) -> Iterator[tuple[int, str]]:
    """(line, string) of those that are text and that `judge`, text -> a reason or None, passes."""
    for line in lines:
        if line.text is None:
            left_out.add(line.number, None, NO_TEXT)
            continue
        reason = NULL if "\0" in line.text else judge and judge(line.text)
        if reason:
            left_out.add(line.number, line.text, reason)
        else:
            yield line.number, line.text


def _made(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "w", encoding="utf-8")
    except OSError as error:
        raise DatasetError(
            f"Strings that are left out are listed in {printable(path)}, which cannot be written: "
            f"{error.strerror}. Choose another folder: cache_dir or VAE_ZOO_CACHE."
        ) from error


def _require_memory(count: int, steps: int) -> None:
    needed, there = count * steps * np.dtype(np.int16).itemsize, physical_memory()
    if needed > there:
        raise DatasetError(
            f"{count:,} strings of up to {steps - 1:,} tokens take {needed / 2**30:,.1f} GiB, and "
            f"there are {there / 2**30:,.1f} GiB of memory. Keep fewer tokens: steps= or --steps."
        )
