"""What every loader returns: a train and a test split with their range and event shape stated."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from zoo.artifact.schema import Schema
from zoo.datasets.reading import printable
from zoo.errors import DatasetError

FEWEST_EXAMPLES = 10
UNKNOWN_LICENCE = "unknown; stated by the owner of the data"

ImageShape = tuple[int, int] | tuple[int, int, int]  # height, width, and if given channels
Indices = slice | Sequence[int] | np.ndarray


class Origin(NamedTuple):
    """Where data is from: in words for errors, its name, and a line for people."""

    where: str
    name: str
    source: str

    @classmethod
    def of_file(cls, path: Path) -> "Origin":
        """That of a file of the user's own."""
        return cls(printable(path), slug(path.stem), f"the user's own file {printable(path.name)}")


class Rows:
    """Rows of an array on disk, read only when asked for; never more rows than its split has.

    `rows[key]` is an in-memory uint8 or float32 ndarray: bool becomes 0/255, other floats float32.
    """

    def __init__(self, array: np.ndarray, index: np.ndarray | None = None):
        self.array = array
        self.index = np.arange(len(array)) if index is None else index
        self.dtype = as_uint8_or_float32(array[:0]).dtype
        self.shape = (len(self.index), *array.shape[1:])
        self.ndim = array.ndim

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, key: Any) -> np.ndarray:
        first, *rest = key if isinstance(key, tuple) else (key,)
        rows = np.asarray(self.array[self.index[first]])
        if rest:
            rows = rows[tuple(rest)] if np.ndim(self.index[first]) == 0 else rows[:, *rest]
        return as_uint8_or_float32(rows)

    def chosen(self, rows: slice | np.ndarray) -> "Rows":
        """Some of the rows, in the order asked for; none is read."""
        return Rows(self.array, self.index[rows])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)


@dataclass(frozen=True, eq=False)
class Split:
    """Examples of one split.

    Args:
        images: uint8 in [0, 255] or float32 in [0, 1], [n, *event]: an ndarray, an np.memmap, or
            `Rows` of one where the data stays on disk.
        labels: int64 [n], or None.
        lengths: int64 [n], of sequences [n, steps, ...] whose last steps may be padding; None: all
            steps count.
        positions: int64 [n], where each example stands in the training or test set that it was
            loaded with, whatever part of that this is; None: 0 to n - 1.
        properties: float32 [n, properties], numbers that are known of each example besides, NaN
            where unknown; None: there are none.
        ordered: whether examples are in the order in which they were taken, so that neighbours are
            alike, as frames of a film: validation is then held out at the end.
    """

    images: np.ndarray | Rows
    labels: np.ndarray | None = None
    lengths: np.ndarray | None = None
    positions: np.ndarray | None = None
    ordered: bool = False
    properties: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, indices: Indices) -> np.ndarray:
        """The chosen examples as float32 [len(indices), *event] in [0, 1]; reads no other rows."""
        rows = np.asarray(self.images[_checked(indices)])
        if rows.dtype == np.uint8:
            return np.divide(rows, 255, dtype=np.float32)
        return rows.astype(np.float32)

    def take(self, n: int) -> "Split":
        """The first n examples; all of them if there are fewer."""
        return self.subset(slice(0, max(0, n)))

    def subset(self, indices: Indices) -> "Split":
        """The chosen examples, in the order asked for; data on disk stays there."""
        chosen = _checked(indices)
        labels, lengths, properties = (
            None if values is None else values[chosen]
            for values in (self.labels, self.lengths, self.properties)
        )
        return replace(
            self,
            images=_select(self.images, chosen),
            labels=labels,
            lengths=lengths,
            positions=self.positions_of(chosen),
            properties=properties,
        )

    def as_loaded(self) -> "Split":
        """The same examples, as a training or test set whose positions begin at 0."""
        return replace(self, positions=None)

    def positions_of(self, indices: Indices) -> np.ndarray:
        """The chosen examples' `positions`, int64."""
        positions = np.arange(len(self)) if self.positions is None else self.positions
        return positions[_checked(indices)]


AnySplit = TypeVar("AnySplit")


@dataclass(frozen=True, eq=False)
class BaseDataset(Generic[AnySplit]):
    """A named dataset; abstract.

    Args:
        name: slug [a-z0-9_]+, part of artifact names.
        schema: what one example is; `Split.batch` keeps within its range.
        source: where the data is from, one line.
        licence: its licence, or who could state it.
        test_split: how the test set was chosen, one sentence.
        notes: what was chosen and what was left out in loading it, sentences for the user.
        properties: names of the splits' `properties`.
    """

    name: str
    train: AnySplit
    test: AnySplit
    schema: Schema
    source: str
    licence: str
    test_split: str
    notes: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of one example; images: (height, width, channels)."""
        return self.schema.shape

    @property
    def range(self) -> tuple[float, float]:
        """What `Split.batch` keeps within."""
        return self.schema.range


@dataclass(frozen=True)
class Reason:
    """One thing that was chosen in loading, and why."""

    what: str
    value: str
    why: str


@dataclass(frozen=True, eq=False)
class Dataset(BaseDataset[Split]):
    """A named dataset as it is loaded; final.

    Args:
        reasons: of a table, what each column is taken for.
    """

    reasons: tuple[Reason, ...] = ()


def as_uint8_or_float32(rows: np.ndarray) -> np.ndarray:
    """The two dtypes a split has: bool becomes uint8 0/255, any other float float32."""
    if rows.dtype == np.bool_:
        return rows.astype(np.uint8) * np.uint8(255)
    if rows.dtype == np.uint8:
        return rows
    return rows.astype(np.float32, copy=False)


@dataclass(frozen=True)
class HoldOut:
    """How a test set is held out of data that has none.

    Args:
        share: of the examples, in (0, 1).
        seed: of a random choice.
        last: whether the last ones are held out, in the order of the data; else random ones.
    """

    share: float
    seed: int = 0
    last: bool = False

    def parts(self, split: Split) -> tuple[Split, Split, str]:
        """(train, test, sentence): without replacement; the seed fixes a random choice exactly."""
        n = len(split)
        places = self.places(n)
        n_test = len(places[1])
        if self.last:
            sentence = f"The last {n_test:,} of {n:,} examples ({self.share:.0%}), n={n_test:,}."
        else:
            sentence = (
                f"{n_test:,} of {n:,} examples ({self.share:.0%}) held out at random, "
                f"n={n_test:,}, seed={self.seed}."
            )
        parts = (split.subset(each).as_loaded() for each in places)
        train, test = (replace(part, ordered=self.last) for part in parts)
        return train, test, sentence

    def given_parts(self, where: str, splits: dict[str, Split]) -> tuple[Split, Split, str]:
        """`parts` of the one split there is, or x_train and x_test as they were given.

        Raises:
            DatasetError: if the two have examples of different shapes; `where` they are.
        """
        if len(splits) == 1:
            return self.parts(next(iter(splits.values())))
        train, test = splits["x_train"], splits["x_test"]
        if train.images.shape[1:] != test.images.shape[1:]:
            raise DatasetError(
                f"{where}: x_train has examples of {train.images.shape[1:]} and x_test of "
                f"{test.images.shape[1:]}; they must be the same."
            )
        return train, test, f"x_test as it was given, n={len(test):,}."

    def places(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """int64, ascending: where those of training and those held out stand among n examples."""
        if n < FEWEST_EXAMPLES:
            raise DatasetError(
                f"{n} examples are too few to hold out a test set; at least {FEWEST_EXAMPLES} are "
                "wanted. Add examples, or give a train and a test part of your own."
            )
        n_test = min(n - 1, max(1, round(n * self.share)))
        if self.last:
            return np.arange(n - n_test), np.arange(n - n_test, n)
        order = np.random.default_rng(self.seed).permutation(n)
        # Sorted, so that data on disk is read forwards.
        return np.sort(order[n_test:]), np.sort(order[:n_test])


def slug(text: str) -> str:
    """Lower-case letters, digits and underscores, at most 80: `My Photos` -> `my_photos`."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower())[:80].strip("_") or "data"


def _checked(indices: Indices) -> slice | np.ndarray:
    if isinstance(indices, slice):
        return indices
    array = np.atleast_1d(indices)
    return array if len(array) else array.astype(np.intp)  # NumPy makes an empty list float.


def _select(images: np.ndarray | Rows, chosen: slice | np.ndarray) -> np.ndarray | Rows:
    if isinstance(images, Rows):
        return images.chosen(chosen)
    if isinstance(images, np.memmap) and not isinstance(chosen, slice):
        return Rows(images, np.arange(len(images))[chosen])
    return images[chosen]
