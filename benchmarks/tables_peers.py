"""What the VAE of tables is compared with: independent columns, a mixture, imputers.

Numbers are standardised as the VAE's likelihood does it (of some columns the logarithms), and all
nats are those of the numbers themselves. Counts are taken for real numbers by the mixture: its
density of whole numbers, one apart, is close to their mass.
"""

import math

import numpy as np
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.mixture import GaussianMixture

FITTED = 10_000
"""Training rows that a mixture and an imputer are fitted to, at most."""
COMPONENTS = (1, 2, 3, 5, 8, 12, 16)


class Table:
    """A data set as the peers take it.

    - `train`, `test`: float64 [rows, columns]: standardised numbers, then codes; NaN where missing.
    - `volume`: of each test row, log |du/dx| of its known numbers: nats of u less this are those
      of x.
    """

    def __init__(self, data, model):
        from zoo.evaluation import imputation

        columns = [data.schema.columns[place] for place in model.likelihood.order]
        self.numbers = sum(column.is_number for column in columns)
        self.words = [len(column.words) for column in columns[self.numbers :]]
        self.counts = np.array([column.kind == "count" for column in columns[: self.numbers]])
        raw = data.test.examples(np.arange(len(data.test)))
        self.train, self.test = (
            imputation.standardised(model, part.examples(np.arange(len(part)))).astype(np.float64)
            for part in (data.train, data.test)
        )
        scale = np.array([column.scale for column in columns[: self.numbers]])
        log = np.array([column.log for column in columns[: self.numbers]])
        slope = np.zeros((len(raw), self.numbers)) - np.log(scale)
        slope -= np.where(log, np.log(np.where(log, raw[:, : self.numbers], 1.0)), 0.0)
        self.volume = np.nansum(slope, axis=1)


def independent(table):
    """Mean test NLL of a normal law a number and a frequency a word, each column for itself."""
    nats = -table.volume
    for place in range(table.numbers):
        known = table.train[:, place][~np.isnan(table.train[:, place])]
        mean, scale = known.mean(), known.std()
        u = (table.test[:, place] - mean) / scale
        nats = nats + np.nan_to_num(0.5 * u**2 + np.log(scale) + 0.5 * math.log(2 * math.pi))
    for place, words in enumerate(table.words, table.numbers):
        log_p = np.log(_frequencies(table.train[:, place], words, np.ones(len(table.train))))
        known = ~np.isnan(table.test[:, place])
        nats = nats - np.where(known, log_p[np.nan_to_num(table.test[:, place]).astype(int)], 0.0)
    return float(nats.mean())


def mixture(table, seed=0):
    """(mean test NLL, components) of a mixture of full normals of the numbers.

    Within a component words are independent of everything. The number of components is that of the
    best likelihood of a held-out fifth of the training rows without missing numbers, to which it is
    then fitted. Missing values are integrated out.
    """
    numbers = table.train[:, : table.numbers]
    whole = np.flatnonzero(~np.isnan(numbers).any(axis=1))[:FITTED]
    order = np.random.default_rng(seed).permutation(whole)
    held, rest = order[: len(order) // 5], order[len(order) // 5 :]
    reached = {}
    for count in COMPONENTS:
        if len(rest) < 10 * count:
            continue
        fitted = _fit(table.train[rest], table, count, seed)
        reached[count] = _log_p(fitted, table.train[held], table).mean()
    best = max(reached, key=reached.get)
    fitted = _fit(table.train[order], table, best, seed)
    return float(np.mean(-_log_p(fitted, table.test, table) - table.volume)), best


def _fit(rows, table, count, seed):
    """(mixture, [log P(word | component) of each column of words])."""
    numbers = rows[:, : table.numbers]
    found = GaussianMixture(count, reg_covar=1e-2, random_state=seed, max_iter=200).fit(numbers)
    share = found.predict_proba(numbers)
    words = [
        np.log([_frequencies(rows[:, place], size, share[:, k]) for k in range(count)])
        for place, size in enumerate(table.words, table.numbers)
    ]
    return found, words


def _log_p(fitted, rows, table):
    """log p of each row, whose missing values are integrated out."""
    found, words = fitted
    count = len(found.weights_)
    by_component = np.zeros((len(rows), count)) + np.log(found.weights_)
    known = ~np.isnan(rows[:, : table.numbers])
    patterns, which = np.unique(known, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        chosen = np.flatnonzero(which.ravel() == number)
        if not pattern.any():
            continue
        u = rows[np.ix_(chosen, np.flatnonzero(pattern))]
        for k in range(count):
            factor = np.linalg.cholesky(found.covariances_[k][np.ix_(pattern, pattern)])
            scaled = np.linalg.solve(factor, (u - found.means_[k][pattern]).T)
            constant = np.log(np.diag(factor)).sum() + 0.5 * len(factor) * math.log(2 * math.pi)
            by_component[chosen, k] -= 0.5 * (scaled**2).sum(axis=0) + constant
    for place, log_p in enumerate(words, table.numbers):
        codes = np.nan_to_num(rows[:, place]).astype(int)
        by_component += np.where(np.isnan(rows[:, place])[:, None], 0.0, log_p[:, codes].T)
    return np.logaddexp.reduce(by_component, axis=1)


def _frequencies(codes, words, weight):
    """Of each word, one added to each count."""
    known = ~np.isnan(codes)
    counts = np.bincount(codes[known].astype(int), weight[known], minlength=words) + 1.0
    return counts / counts.sum()


def iterative(table, gone, seed=0):
    """What scikit-learn's IterativeImputer fills in: [rows, columns] as the table's.

    It is fitted to the training rows, numbers beside words one-hot; a word is the largest.
    """
    imputer = IterativeImputer(random_state=seed, max_iter=10)
    imputer.fit(_one_hot(table.train[:FITTED], table))
    filled = imputer.transform(_one_hot(np.where(gone, np.nan, table.test[: len(gone)]), table))
    parts, begin = [filled[:, : table.numbers]], table.numbers
    for words in table.words:
        parts.append(filled[:, begin : begin + words].argmax(axis=1, keepdims=True))
        begin += words
    return np.concatenate(parts, axis=1)


def _one_hot(rows, table):
    parts = [rows[:, : table.numbers]]
    for place, words in enumerate(table.words, table.numbers):
        codes = rows[:, place : place + 1]
        parts.append(np.where(np.isnan(codes), np.nan, codes == np.arange(words)))
    return np.concatenate(parts, axis=1)
