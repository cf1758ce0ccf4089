"""scikit-learn's small tables: embedded, no network needed."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from zoo.artifact.columns import BOOLEAN, CATEGORICAL, REAL
from zoo.datasets.base import HoldOut
from zoo.datasets.tables import sources
from zoo.datasets.tables.overrides import Override
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

THE_TABLE = "zoo/datasets/embedded_tables.py"
"""Who says what its columns are."""

LICENCES = {"diabetes": "stated nowhere; published with the paper"}


def source(name: str, hold_out: HoldOut) -> sources.Source:
    """A table like a user's own, that says itself what its columns are.

    Its numbers are real ones, whole or not, by their logarithm where the training rows are
    `SKEWED`: the law of each is a density, whose nats are those of benchmarks/tables.md.
    """
    about, frame = TABLES[name], _frame(name)
    columns, overrides = {}, {}
    for title, values in frame.items():
        if words := about.words.get(title):
            kind = BOOLEAN if len(words) == 2 else CATEGORICAL
            overrides[title] = Override(kind=kind, words=words, by=THE_TABLE)
            columns[title] = np.array(words)[np.unique(values, return_inverse=True)[1]]
        else:
            training = values[hold_out.places(len(values))[0]]
            overrides[title] = Override(kind=REAL, log=_skewed(training), by=THE_TABLE)
            columns[title] = values.astype(np.float64)
    made = sources.Table(pa.table(columns), f"the table {name}", name, about.source)
    made.overrides = overrides
    made.licence = LICENCES.get(name, "CC BY 4.0")
    return made


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


def _skewed(values: np.ndarray) -> bool:
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    return bool(values.min() > 0.0 and high - middle > SKEWED * (middle - low))
