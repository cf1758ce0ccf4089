"""Data drawn from a law that is written down here: what is to be found in it is known."""

import numpy as np

from zoo.artifact.schema import SERIES, Schema
from zoo.datasets import counts, series
from zoo.datasets.base import Dataset, HoldOut, Split

NOISE = 0.1
"""Standard deviation of what is added to each value of the oscillations."""
STEPS = 64
DISPERSION = 4.0
"""Of the cells' counts: their variance is mean + mean**2 / DISPERSION."""
GENES, CELL_TYPES = 60, 3
_SEED = 20240501  # the data is one, whatever the seed of its split


def oscillations(hold_out: HoldOut, n: int = 6000) -> Dataset:
    """Damped oscillators, [n, 64, 2]: where each is, and how fast, with normal noise.

    At time t from 0 to 1 the position is a exp(-d t) cos(2 pi f t + p); a is log-normal with
    scale 0.3, d uniform on [0, 3], f on [1, 4] and p on [0, 2 pi]. The velocity is its derivative.
    """
    generator = np.random.default_rng(_SEED)
    size = (n, 1)
    amplitude = np.exp(0.3 * generator.standard_normal(size))
    damping, frequency = generator.uniform(0.0, 3.0, size), generator.uniform(1.0, 4.0, size)
    angle = 2 * np.pi * frequency
    t = np.linspace(0.0, 1.0, STEPS)[None]
    phase = angle * t + generator.uniform(0.0, 2 * np.pi, size)
    height = amplitude * np.exp(-damping * t)
    position = height * np.cos(phase)
    velocity = -height * (damping * np.cos(phase) + angle * np.sin(phase))
    clean = np.stack([position, velocity], axis=-1)
    values = (clean + NOISE * generator.standard_normal(clean.shape)).astype(np.float32)
    train, test, sentence = hold_out.parts(Split(values))
    schema = Schema(
        SERIES, values.shape[1:], low=None, high=None, features=("position", "velocity")
    )
    return Dataset(
        name="oscillations",
        train=train,
        test=test,
        schema=series.standardized(schema, train),
        source="made up: damped oscillators drawn from the law of zoo/datasets/laws.py",
        licence="Apache-2.0, as the code that draws it",
        test_split=sentence,
    )


def cell_counts(hold_out: HoldOut, n: int = 3000) -> Dataset:
    """Made-up cells of three types, [n, 60] counts of their genes.

    A type has a mean share of each gene, a Dirichlet draw; along one gradient within each type, a
    standard normal, the shares' logarithms move by normal steps of scale 0.3. A cell's library is
    log-normal around 1,000 with scale 0.4; its counts are negative binomial with that mean.
    """
    mean, kind, generator = cell_means(n)
    rate = generator.gamma(DISPERSION, mean / DISPERSION)
    values = generator.poisson(rate).astype(np.float32)
    train, test, sentence = hold_out.parts(Split(values, kind))
    names = tuple(f"gene {i + 1}" for i in range(GENES))
    classes = tuple(f"type {i + 1}" for i in range(CELL_TYPES))
    return Dataset(
        name="cell_counts",
        train=train,
        test=test,
        schema=counts.schema_of(GENES, names, classes=classes),
        source="made up: cells drawn from the law of zoo/datasets/laws.py",
        licence="Apache-2.0, as the code that draws it",
        test_split=sentence,
    )


def cell_means(n: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """(means of the cells' counts [n, genes], their types [n], what draws the counts next)."""
    base, slope, generator = cell_types()
    kind = generator.integers(0, CELL_TYPES, n)
    logits = base[kind] + generator.standard_normal((n, 1)) * slope[kind]
    share = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    library = np.exp(np.log(1000.0) + 0.4 * generator.standard_normal((n, 1)))
    return share * library, kind.astype(np.int64), generator


def cell_types() -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """(logits of each type's shares and their slopes along its gradient, each [types, genes], ...).

    The third is what draws the cells next.
    """
    generator = np.random.default_rng(_SEED)
    base = np.log(generator.dirichlet(np.full(GENES, 0.6), CELL_TYPES) + 1e-4)
    slope = 0.3 * generator.standard_normal((CELL_TYPES, GENES))
    return base, slope, generator
