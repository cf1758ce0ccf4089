"""How well a model fills in what is missing: known values are hidden and compared.

Of a table, and of series of which values are missing, whose features are all numbers.
"""

import numpy as np
from keras import ops

from zoo.evaluation import chunks
from zoo.evaluation.compilation import compiled_method

HIDDEN = 0.2
"""The share of the known values that are hidden, each by itself."""
ROWS = 2000
"""Test rows that are looked at, at most."""
_STREAM = 12  # of the seed


def imputation(model, data, seed=0):
    """Yields how far filled values lie from those that were hidden in the first test examples.

    `imputation_rmse` is the root of the mean squared error of numbers in their standardised units,
    those of the likelihood, and `imputation_accuracy` the share of words that are right, each over
    all hidden values; `..._of_means` and `..._of_modes` are those of the training split's means and
    most frequent words. A model fills by what the point decodes to that stands for the rest of the
    example: of a table, see `Columns.typical`.

    Args:
        model: of a table or of series, without conditions.
        data: what `zoo.datasets.binarize` gives.
        seed: of what is hidden.
    """
    x = data.test.examples(np.arange(min(ROWS, len(data.test))))
    gone = hidden(x, seed)
    wanted = standardised(model, x)
    constant = usual(model, data)
    filled = fill(model, np.where(gone, np.float32(np.nan), x))
    numbers = number_count(data.schema)
    of_number, of_word = gone.copy(), gone.copy()
    of_number[..., numbers:] = of_word[..., :numbers] = False
    for name, guess in (("", filled), ("_of_means", constant)):
        if of_number.any():
            yield f"imputation_rmse{name}", root_mean_square((guess - wanted)[of_number])
    for name, guess in (("", filled), ("_of_modes", constant)):
        if of_word.any():
            yield f"imputation_accuracy{name}", np.mean(np.abs(guess - wanted)[of_word] < 0.5)


def can_be_measured(schema):
    """Whether data of that schema has values that a model knows how to do without."""
    return bool(schema.columns) or schema.missing


def number_count(schema):
    """How many columns, or features, are numbers: they come first."""
    if not schema.columns:
        return schema.shape[-1]
    return sum(column.is_number for column in schema.columns)


def hidden(x, seed):
    """Which known values of x [rows, ..., columns] are hidden: bool, drawn with the seed."""
    drawn = np.random.default_rng([seed, _STREAM]).random(x.shape) < HIDDEN
    return drawn & ~np.isnan(x)


def hidden_count(data, seed=0):
    """{"numbers": how many are hidden of the test rows that are looked at, "words": ...}."""
    gone = hidden(data.test.examples(np.arange(min(ROWS, len(data.test)))), seed)
    numbers = number_count(data.schema)
    return {"numbers": int(gone[..., :numbers].sum()), "words": int(gone[..., numbers:].sum())}


def fill(model, x):
    """Numbers, standardised, and codes in every place of x: [rows, ..., columns]."""
    if x.ndim > 2:
        reconstruct = compiled_method(model, "reconstruct")
        step = chunks.examples(model)
        parts = [reconstruct(x[rows])["x_mean"] for rows in chunks.of(len(x), step)]
        return standardised(model, np.concatenate(parts))
    z = model.point(ops.convert_to_tensor(x))
    raw = model.raw(model.state(z), (), None)
    return ops.convert_to_numpy(model.likelihood.typical(raw))


def standardised(model, x):
    """x as `fill` gives it, NaN where it is missing."""
    return ops.convert_to_numpy(model.likelihood.standardised(ops.convert_to_tensor(x)))


def usual(model, data):
    """Means of numbers, standardised, and the most frequent codes of the training split, a row.

    Of series it is the means of their features, over all steps of some windows spread evenly.
    """
    most = len(data.train) if data.schema.columns else ROWS
    rows = np.linspace(0, len(data.train) - 1, min(most, len(data.train))).astype(int)
    x = standardised(model, data.train.examples(rows))
    x, numbers = x.reshape(-1, x.shape[-1]), number_count(data.schema)
    codes = [np.bincount(column[~np.isnan(column)].astype(int)) for column in x.T[numbers:]]
    means = [float(np.nanmean(column)) for column in x.T[:numbers]]
    return np.array([means + [int(np.argmax(counts)) for counts in codes]], np.float32)


def root_mean_square(errors):
    """Of an array: a float."""
    return float(np.sqrt(np.mean(np.square(errors, dtype=np.float64))))
