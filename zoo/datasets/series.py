"""Series: what goes on from step to step, cut into windows, split in time or by entity."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np

from zoo.artifact.schema import SERIES, Schema
from zoo.datasets import gaps, standardising
from zoo.datasets.base import FEWEST_EXAMPLES, Dataset, HoldOut, Split
from zoo.datasets.windows import Windows
from zoo.errors import DatasetError

WINDOW = 64
"""Steps of a window unless given, where the series are long enough."""
OVERLAP = 4
"""So many windows hold a step, unless a stride is given."""
UNEVEN = 1.5
"""A time between two steps that is so many times the usual one is told of."""


@dataclass(frozen=True)
class Cut:
    """How long series become windows; see `zoo.datasets.load`."""

    time: str | None = None
    entity: str | None = None
    window: int | None = None
    stride: int | None = None

    @property
    def is_asked_for(self) -> bool:
        """Whether anything of it was given."""
        return any(each is not None for each in vars(self).values())

    def require_sound(self) -> None:
        """Raises a DatasetError for a window or a stride that is none."""
        for name, least in (("window", 2), ("stride", 1)):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, Integral) and int(value) >= least):
                raise DatasetError(f"{name}={value!r}; wanted: whole steps, {least} or more.")


@dataclass(frozen=True, eq=False)
class Long:
    """Series of several entities, one after the other.

    Args:
        steps: [total, features], float; NaN where a value is missing.
        bounds: [entities + 1]: entity i has the steps from bounds[i] to below bounds[i + 1].
        times: [total], rising within an entity; None: steps are counted.
        features: their names, or ().
    """

    steps: np.ndarray
    bounds: np.ndarray
    times: np.ndarray | None = None
    features: tuple[str, ...] = ()

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each entity."""
        return np.diff(self.bounds)


def dataset(
    where: str, long: Long, cut: Cut, hold_out: HoldOut, described: Dataset, kept: str = ""
) -> Dataset:
    """Windows of series, as a dataset.

    Args:
        where: what the series are of, for errors.
        described: whose name, source and licence it takes.
        kept: a sentence for its notes on how the file was read.

    Raises:
        DatasetError: for fewer steps than a window needs, in training or in testing, or a feature
            of which no value is known.
    """
    cut.require_sound()
    whole = len(long.lengths) >= FEWEST_EXAMPLES and not hold_out.last
    window, stride, how = _sizes(where, long, cut, hold_out.share, whole)
    if whole:
        train, test, sentence = _by_entity(long, hold_out)
    else:
        train, test, sentence = _by_time(long, hold_out.share)
    missing = gaps.count(long.steps)
    parts, short, empty = [], [], 0
    for part in (train, test):
        starts, too_short = _starts(part, window, stride)
        short.append(too_short)
        if missing:
            read = gaps.read_windows(long.steps, window, starts)
            starts, empty = starts[read], empty + int((~read).sum())
        parts.append(Split(Windows(long.steps, window, starts)))
    for name, split, part in zip(("training", "testing"), parts, (train, test), strict=True):
        if not len(split):
            steps = max((end - begin for begin, end in part), default=0)
            raise DatasetError(
                f"{where}: the longest stretch for {name} has {steps:,} steps, and a window has "
                f"{window}{', in which something must be known' * bool(missing)}. {sentence} Give "
                "a smaller window, or more steps."
            )
    if missing:
        stretches = [long.steps[begin:end] for begin, end in train]
        gaps.require_every_feature(where, stretches, long.features)
    schema = Schema(
        SERIES,
        (window, long.steps.shape[1]),
        low=None,
        high=None,
        features=long.features,
        missing=missing > 0,
    )
    told = [kept, how, _left_out(short), gaps.left_out(empty), gaps.note(missing, long.steps.size)]
    return replace(
        described,
        train=parts[0],
        test=parts[1],
        schema=standardized(schema, parts[0]),
        test_split=f"{sentence} No window lies in both parts, n={len(parts[1]):,}.",
        notes=(*filter(None, told), *_uneven(long)),
    )


def standardized(schema: Schema, train: Split) -> Schema:
    """A schema with what is usual of each feature in the training split."""
    center, scale = standardising.center_and_scale(train)
    return replace(schema, center=center, scale=scale)


def _sizes(where: str, long: Long, cut: Cut, share: float, whole: bool) -> tuple[int, int, str]:
    """(window, stride, sentence)."""
    longest = int(long.lengths.max())
    fitting = int(long.lengths.min()) if whole else int(share * longest) // 2
    window = int(cut.window or max(2, min(WINDOW, fitting)))
    if longest < window:
        raise DatasetError(
            f"{where} has fewer steps than a window: {longest:,} in its longest series, and the "
            f"window is of {window}. Give a smaller window, or longer series."
        )
    stride = int(cut.stride or max(1, window // OVERLAP))
    return (
        window,
        stride,
        (
            f"Windows of {window} steps{'' if cut.window else ' (--window)'}, one every {stride}"
            f"{'' if cut.stride else ' (--stride)'}."
        ),
    )


Stretches = list[tuple[int, int]]
"""(begin, end) of steps that follow one another."""


def _by_entity(long: Long, hold_out: HoldOut) -> tuple[Stretches, Stretches, str]:
    n = len(long.lengths)
    n_test = min(n - 1, max(1, round(n * hold_out.share)))
    held = np.zeros(n, bool)
    held[np.random.default_rng(hold_out.seed).permutation(n)[:n_test]] = True
    both = list(zip(long.bounds[:-1].tolist(), long.bounds[1:].tolist(), strict=True))
    train, test = ([both[i] for i in np.flatnonzero(held == part)] for part in (False, True))
    return (
        train,
        test,
        (
            f"All windows of {n_test:,} of {n:,} series ({hold_out.share:.0%}), held out whole at "
            f"random, seed={hold_out.seed}."
        ),
    )


def _by_time(long: Long, share: float) -> tuple[Stretches, Stretches, str]:
    """One instant parts them, the same for all entities: nothing is foretold from its future."""
    times = long.times
    if times is None:
        times = np.concatenate([np.arange(n) for n in long.lengths])
    n_test = min(len(times) - 1, max(1, round(len(times) * share)))
    instant = np.sort(times)[len(times) - n_test]
    train, test = [], []
    for begin, end in zip(long.bounds[:-1].tolist(), long.bounds[1:].tolist(), strict=True):
        middle = begin + int(np.searchsorted(times[begin:end], instant))
        train.append((begin, middle))
        test.append((middle, end))
    return train, test, f"The last {share:.0%} of the steps in time; windows across are left out."


def _starts(part: Stretches, window: int, stride: int) -> tuple[np.ndarray, int]:
    """(where windows begin, how many stretches are shorter than a window)."""
    found = [np.arange(begin, end - window + 1, stride) for begin, end in part]
    short = sum(0 < end - begin < window for begin, end in part)
    return np.concatenate(found).astype(np.int64), short


def _left_out(short: list[int]) -> str:
    if not any(short):
        return ""
    return f"Left out: {short[0]:,} training and {short[1]:,} test series shorter than a window."


def _uneven(long: Long) -> Iterator[str]:
    """Tells of times between steps that are not the usual one."""
    if long.times is None:
        return
    gaps = np.diff(long.times)
    gaps = np.delete(gaps, long.bounds[1:-1] - 1)  # from one entity to the next
    usual = float(np.median(gaps)) if len(gaps) else 0.0
    far = int((gaps > UNEVEN * usual).sum())
    if far:
        yield (
            f"At {far:,} of {len(gaps):,} places more than {UNEVEN:g} times the usual time "
            f"({usual:g}) lies between two steps: they are taken as if they followed at once. A "
            "row of its time and no values, for each step between them, would say that these are "
            "missing."
        )
