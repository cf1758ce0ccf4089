"""Second pass: what is usual in a column, by the training rows alone."""

import abc
from collections import Counter

import numpy as np
import pyarrow as pa

from zoo.datasets.tables.looks import MOST_TRACKED
from zoo.datasets.tables.plans import Plan
from zoo.datasets.tables.values import TEXT, TIME
from zoo.errors import DatasetError


class Statistics(abc.ABC):
    """Of one column, as more and more training rows are seen."""

    def __init__(self, plan: Plan):
        self.plan = plan

    @abc.abstractmethod
    def add(self, array: pa.Array, training: np.ndarray, looked_at: np.ndarray) -> None:
        """Adds rows.

        Args:
            array: of a chunk.
            training: bool [n], whether a row is one of training.
            looked_at: bool [n], whether it is among those whose medians are taken.
        """


class Words(Statistics):
    """How many training rows have each word."""

    def __init__(self, plan: Plan):
        super().__init__(plan)
        self.counts: Counter[str] = Counter()

    def add(self, array: pa.Array, training: np.ndarray, looked_at: np.ndarray) -> None:
        words = self.plan.words(array.filter(pa.array(training))).drop_null()
        counted = words.value_counts()
        found = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
        self.counts.update(dict(zip(*found, strict=True)))
        if len(self.counts) > MOST_TRACKED:
            raise DatasetError(
                f"The column {self.plan.name!r:.60} has more than {MOST_TRACKED:,} "
                "different words. Say drop: true in columns.yaml (zoo columns FILE)."
            )


class Numbers(Statistics):
    """Least, most, and a sample; of whole numbers of few values how many rows have each."""

    def __init__(self, plan: Plan):
        super().__init__(plan)
        self.low, self.high = np.inf, -np.inf
        self.present = 0
        self.counts: Counter[float] = Counter()
        self._sample: list[np.ndarray] = []

    @property
    def sample(self) -> np.ndarray:
        """float64 [at most as many as are looked at]."""
        return np.concatenate([np.empty(0), *self._sample])

    def add(self, array: pa.Array, training: np.ndarray, looked_at: np.ndarray) -> None:
        numbers = self.plan.numbers(array)
        here = ~np.isnan(numbers)
        self._sample.append(numbers[here & looked_at])
        self._see(numbers[here])
        numbers = numbers[here & training]
        if not len(numbers):
            return
        self.present += len(numbers)
        self.low, self.high = min(self.low, numbers.min()), max(self.high, numbers.max())
        if self.plan.look.few:
            values, counts = np.unique(numbers, return_counts=True)
            self.counts.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        self._add(numbers)

    def _see(self, numbers: np.ndarray) -> None:
        """Looks at numbers of all rows."""

    def _add(self, numbers: np.ndarray) -> None:
        """Adds what else is looked at."""


class Times(Numbers):
    """Days from 1970-01-01 on, and what comes round among them."""

    def __init__(self, plan: Plan):
        super().__init__(plan)
        self.clock = False  # whether some are no midnight
        self.whole_days = True  # whether all are, those that are no rows of training among them
        self.weekdays: set[int] = set()
        self.first_of_month = self.new_year = True  # whether all are

    def _see(self, numbers: np.ndarray) -> None:
        self.whole_days = self.whole_days and bool((numbers == np.floor(numbers)).all())

    def _add(self, numbers: np.ndarray) -> None:
        days = np.floor(numbers)
        self.clock = self.clock or bool((days != numbers).any())
        self.weekdays |= {*np.unique(days.astype(np.int64) % 7).tolist()}
        dates = days.astype(np.int64).astype("datetime64[D]")
        self.first_of_month &= bool((dates == dates.astype("datetime64[M]")).all())
        self.new_year &= bool((dates == dates.astype("datetime64[Y]")).all())

    @property
    def cycles(self) -> tuple[str, ...]:
        """Names in `zoo.artifact.columns.CYCLES` that come round twice, and are told apart."""
        span = self.high - self.low
        found = {
            "year": span >= 2 * 365.2425 and not self.new_year,
            "week": span >= 14 and len(self.weekdays) > 1 and not self.first_of_month,
            "day": span >= 2 and self.clock,
        }
        return tuple(name for name, comes_round in found.items() if comes_round)


def of(plan: Plan) -> Statistics:
    """An empty one for a column."""
    if plan.type == TEXT:
        return Words(plan)
    return Times(plan) if plan.type == TIME else Numbers(plan)
