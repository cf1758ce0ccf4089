"""scikit-learn's small tables: embedded, no network needed."""

from dataclasses import dataclass, replace

import numpy as np

from zoo.artifact.columns import BOOLEAN, CATEGORICAL, REAL, Column, numbers_first
from zoo.artifact.schema import TABLE, Schema
from zoo.datasets.base import Dataset, HoldOut, Split
from zoo.datasets.standardising import center_and_scale
from zoo.errors import MissingDependency

SKEWED = 2.0
"""How many times as far above the median the 95th percentile lies as the 5th below it, from which
on a column of positive numbers is taken by its logarithm."""


@dataclass(frozen=True)
class Source:
    """One of scikit-learn's tables.

    Args:
        target: the name of what it is there to be predicted, a column like any other here.
        source: where it is from, and its licence.
        words: {column: its words}, in the order of its numbers, from the smallest on.
    """

    target: str
    source: str
    words: dict[str, tuple[str, ...]]


TABLES = {
    "wine": Source(
        "cultivar",
        "Wine (Aeberhard and Forina, UCI, 1992), 178 wines of three cultivars from Piedmont by 13 "
        "measurements, through scikit-learn's load_wine",
        {"cultivar": ("cultivar 1", "cultivar 2", "cultivar 3")},
    ),
    "breast_cancer": Source(
        "diagnosis",
        "Breast Cancer Wisconsin, Diagnostic (Wolberg, Mangasarian, Street and Street, UCI, 1995), "
        "569 tumours by 30 measurements, through scikit-learn's load_breast_cancer",
        {"diagnosis": ("malignant", "benign")},
    ),
    "diabetes": Source(
        "progression",
        "Diabetes (Efron, Hastie, Johnstone and Tibshirani 2004), 442 patients by 10 measurements "
        "and the progression of their disease after a year, through scikit-learn's load_diabetes",
        {"sex": ("sex 1", "sex 2")},
    ),
}
"""name -> where it is from."""

LICENCES = {"diabetes": "stated nowhere; published with the paper"}


def load(name: str, hold_out: HoldOut) -> Dataset:
    """A row an example, laid out as `zoo.artifact.columns` says; no value is missing."""
    frame, about = _frame(name), TABLES[name]
    columns = tuple(_column(title, about.words.get(title, ())) for title in frame)
    order = numbers_first(columns)
    titles = list(frame)
    x = np.stack([_codes(frame[titles[i]], columns[i]) for i in order], axis=1).astype(np.float32)
    train, test, sentence = hold_out.parts(Split(x))
    placed = _usual(tuple(columns[place] for place in order), train)
    columns = tuple(placed[order.index(place)] for place in range(len(columns)))
    return Dataset(
        name=name,
        train=train,
        test=test,
        schema=Schema(TABLE, (len(columns),), None, None, columns=columns),
        source=about.source,
        licence=LICENCES.get(name, "CC BY 4.0"),
        test_split=sentence,
    )


def _frame(name: str) -> dict[str, np.ndarray]:
    """{column: values}, the target last."""
    try:
        from sklearn import datasets
    except ImportError as error:
        raise MissingDependency(
            f"The table {name} comes with scikit-learn, which is not installed: pip install "
            "scikit-learn"
        ) from error
    options = {"scaled": False} if name == "diabetes" else {}
    found = getattr(datasets, f"load_{name}")(**options)
    named = dict(zip(map(str, found.feature_names), found.data.T, strict=True))
    return named | {TABLES[name].target: found.target}


def _column(name: str, words: tuple[str, ...]) -> Column:
    kind = REAL if not words else BOOLEAN if len(words) == 2 else CATEGORICAL
    return Column(name, kind, words=words)


def _codes(values: np.ndarray, column: Column) -> np.ndarray:
    """Numbers as they are; those that stand for words counted from 0."""
    return np.unique(values, return_inverse=True)[1] if column.words else values


def _usual(columns: tuple[Column, ...], train: Split) -> tuple[Column, ...]:
    """The same columns with what is usual of the training split's numbers."""
    values = train.batch(slice(None)).astype(np.float64)
    logs = [
        each.is_number and _skewed(column) for each, column in zip(columns, values.T, strict=True)
    ]
    seen = np.where(logs, np.log(np.maximum(values, 1e-30)), values)
    center, scale = center_and_scale(Split(seen.astype(np.float32)))
    return tuple(
        replace(
            each,
            log=bool(log),
            center=middle,
            scale=spread,
            low=float(column.min()),
            high=float(column.max()),
        )
        if each.is_number
        else each
        for each, log, middle, spread, column in zip(
            columns, logs, center, scale, values.T, strict=True
        )
    )


def _skewed(values: np.ndarray) -> bool:
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    return bool(values.min() > 0.0 and high - middle > SKEWED * (middle - low))
