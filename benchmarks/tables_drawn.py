"""A table of every type of column, of a known law, with values missing: drawn from a seed."""

import numpy as np
from scipy import special, stats

from zoo.artifact.columns import Column, numbers_first
from zoo.artifact.schema import Schema
from zoo.datasets.base import Dataset, Split

MISSING = 0.1
COLUMNS = (
    Column("income", "real", log=True, missing=True),
    Column("age", "real", missing=True),
    Column("weight", "real", missing=True),
    Column("ratio", "real", missing=True),
    Column("since", "date", unit="days", origin=18000.0, missing=True, cycles=("year",)),
    Column("visits", "count", missing=True),
    Column("claims", "count", missing=True),
    Column("region", "categorical", words=("east", "north", "south", "west"), missing=True),
    Column("trade", "categorical", words=tuple(f"trade {n}" for n in range(12)), missing=True),
    Column("grade", "ordered", words=("low", "fair", "good", "best"), missing=True),
    Column("member", "boolean", words=("no", "yes"), missing=True),
    Column("urban", "boolean", words=("no", "yes"), missing=True),
)
NODES, FARTHEST = 81, 5.0  # of the quadrature, along each of the two factors
CHUNK = 100  # rows at a time


def _weights():
    random = np.random.default_rng(7)
    return random.normal(size=(4, 3)), random.normal(size=(12, 3))


def _laws(a, b):
    """{column: law of scipy, or log-probabilities of words}, given the factors [..., 1]."""
    region, trade = _weights()
    curve = np.concatenate([a, b, a * b], axis=-1)
    grade = np.diff(
        special.expit(np.array([-1.5, 0.0, 1.5]) - 1.5 * b), prepend=0.0, append=1.0, axis=-1
    )
    return {
        "income": stats.norm(10.0 + 0.6 * a[..., 0], 0.35),
        "age": stats.norm(40.0 + 8.0 * b[..., 0] + 3.0 * a[..., 0], 6.0),
        "weight": stats.norm(70.0 + 9.0 * np.sin(1.5 * a[..., 0]), 4.0),
        "ratio": stats.norm(a[..., 0] ** 2 - 1.0, 0.3 + 0.2 * special.expit(2.0 * b[..., 0])),
        "since": stats.norm(700.0 + 300.0 * b[..., 0], 150.0),
        "visits": stats.poisson(np.exp(1.5 + 0.6 * a[..., 0])),
        "claims": stats.poisson(np.exp(-0.5 + 0.8 * b[..., 0])),
        "region": special.log_softmax(1.2 * curve @ region.T, axis=-1),
        "trade": special.log_softmax(curve @ trade.T, axis=-1),
        "grade": np.log(grade),
        "member": _boolean(2.0 * a[..., 0] - 0.5),
        "urban": _boolean(2.0 * a[..., 0] * b[..., 0]),
    }


def _boolean(logit):
    return np.stack([special.log_expit(-logit), special.log_expit(logit)], axis=-1)


def data(rows=50_000, test=10_000, seed=0):
    """A `Dataset`: `rows` training and `test` test rows, a tenth of all values missing."""
    random = np.random.default_rng(seed)
    a, b = (random.normal(size=(rows + test, 1)) for _ in range(2))
    laws, drawn = _laws(a, b), {}
    for column in COLUMNS:
        law = laws[column.name]
        if column.words:
            noise = random.gumbel(size=law.shape)
            drawn[column.name] = np.argmax(law + noise, axis=-1).astype(np.float64)
        else:
            drawn[column.name] = law.rvs(random_state=random).astype(np.float64)
    drawn["income"] = np.exp(drawn["income"])
    columns = tuple(_usual(column, drawn[column.name][:rows]) for column in COLUMNS)
    order = numbers_first(columns)
    x = np.stack([drawn[columns[place].name] for place in order], axis=1).astype(np.float32)
    x[random.random(x.shape) < MISSING] = np.nan
    schema = Schema("table", (len(columns),), None, None, columns=columns)
    split = f"The last {test:,} rows, drawn like the others."
    return Dataset(
        "drawn", Split(x[:rows]), Split(x[rows:]), schema, "drawn from a law", "none", split
    )


def _usual(column, values):
    from dataclasses import replace

    if column.words:
        return column
    seen = np.log(values) if column.log else values
    scale, low, high = float(seen.std()), float(values.min()), float(values.max())
    return replace(column, center=float(np.median(seen)), scale=scale, low=low, high=high)


def true_nll(data, rows=2000):
    """Mean NLL of the first test rows under the law itself, by a sum over a grid of both factors.

    The nodes lie closer than any column tells apart, and equally far from each other, where such a
    sum is as good as an integral.
    """
    nodes = np.linspace(-FARTHEST, FARTHEST, NODES)
    a, b = (each.reshape(-1, 1) for each in np.meshgrid(nodes, nodes))
    log_weight = stats.norm.logpdf(a) + stats.norm.logpdf(b) + 2.0 * np.log(nodes[1] - nodes[0])
    laws, total = _laws(a, b), 0.0
    for first in range(0, rows, CHUNK):
        x = data.test.examples(np.arange(first, min(first + CHUNK, rows))).astype(np.float64)
        log_p = log_weight.ravel() + sum(
            _log_p(laws[COLUMNS[place].name], COLUMNS[place], x[:, at])
            for at, place in enumerate(numbers_first(COLUMNS))
        )
        total -= special.logsumexp(log_p, axis=1).sum()
    return float(total / rows)


def _log_p(law, column, values):
    """log p of a column's values, 0 where they are missing: [rows, nodes]."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 1.0)
    if column.words:
        log_p = law.T[filled.astype(int)]
    elif column.kind == "count":
        log_p = law.logpmf(filled[:, None])
    elif column.log:
        log_p = law.logpdf(np.log(filled)[:, None]) - np.log(filled)[:, None]
    else:
        log_p = law.logpdf(filled[:, None])
    return np.where(known[:, None], log_p, 0.0)
