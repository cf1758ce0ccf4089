"""What a model must beat to have learned anything: laws of each value by itself, and PCA.

Both are fitted to the training split, or to evenly spaced examples of it where it is large, and
measured on the test split. A condition, such as a label, they do not know.
"""

import math
from typing import NamedTuple

import keras
import numpy as np
from sklearn.decomposition import PCA

from zoo.evaluation import chunks
from zoo.evaluation.compilation import compiled_method

EXAMPLES = 2**16  # of the training split that are fitted to, at most
VALUES = 2**25  # of these examples together, at most
SCORED = 2**22  # values a call
HELD_OUT = 10  # one of so many decides between laws
COVARIANCE = 1024  # values of an event up to which PCA is by their covariance


class Independent(NamedTuple):
    """How well each value is explained by itself.

    Args:
        nats: -log p(x) of each test example, float64 [n].
        law: in words, whom it is of among them.
        examples: that it was fitted to.
        known: -log p(x) of each of the training examples that were asked for, or None.
    """

    nats: np.ndarray
    law: str
    examples: int
    known: np.ndarray | None = None


def independent(model, data, known=None):
    """An `Independent` of the likelihood's family; None where the likelihood states no law.

    Of several laws it is the one that explains examples best that were held out of the training
    split; it is then fitted to these too.

    Args:
        model: a model; its likelihood and its conditions alone are looked at.
        data: what `zoo.datasets.binarize` gives.
        known: some of its training examples, a split, whose nats are wanted besides.
    """
    laws = model.likelihood.independent(math.prod(model.event_shape))
    if not laws:
        return None
    x, counted = flat_examples(model, data.train, fitted_rows(data.train, model.event_shape))
    law = _likeliest(laws, x, counted)
    parameters = law.fit(x, counted)

    def nats_of(split):
        nats = np.empty(len(split))
        for rows in chunks.of(len(split), _chunk(model.event_shape)):
            given, given_counted = flat_examples(model, split, rows)
            nats[rows] = -np.asarray(law.log_prob(given, *parameters, given_counted))
        return nats

    of_known = None if known is None else nats_of(known)
    return Independent(nats_of(data.test), law.sentence, len(x), of_known)


def _likeliest(laws, x, counted):
    """The law that explains every tenth example best, fitted to the others."""
    held_out = np.arange(len(x)) % HELD_OUT == HELD_OUT - 1
    if len(laws) == 1 or not held_out.any():
        return laws[0]

    def part(rows):
        return x[rows], None if counted is None else counted[rows]

    def reached(law):
        parameters, (rest, rest_counted) = law.fit(*part(~held_out)), part(held_out)
        total = 0.0
        for rows in chunks.of(len(rest), _chunk(x.shape[1:])):
            weight = None if rest_counted is None else rest_counted[rows]
            total += float(np.sum(law.log_prob(rest[rows], *parameters, weight)))
        return total if math.isfinite(total) else -math.inf

    return max(laws, key=reached)


class Components(NamedTuple):
    """Reconstruction by principal components of the training split.

    Args:
        mse: mean squared error of a value as networks are given it, over the test split.
        components: how many there are.
    """

    mse: float
    components: int


def principal_components(model, data, counts, seed=0):
    """([`Components` of each of the counts, or of as many as there are], examples fitted to).

    The best linear autoencoder (Pearson 1901). Randomised (Halko et al. 2011) where an event has
    many values. Values are those of `Likelihood.network_input`, standardised, say: of columns of
    different units the largest would else be all that counts. Past a sequence's end nothing does:
    there examples are 0.
    """
    x, counted = flat_examples(model, data.train, fitted_rows(data.train, model.event_shape))
    x = _as_networks_take(model, x)
    x = x if counted is None else x * counted
    counts = [min(count, len(x) - 1, x.shape[1]) for count in counts]
    solver = "covariance_eigh" if x.shape[1] <= COVARIANCE else "randomized"
    with np.errstate(invalid="ignore"):  # of a share of no variance, where examples are all alike
        pca = PCA(max(counts), svd_solver=solver, random_state=seed).fit(x)

    def error(count):
        def reconstruct(test, rows):
            return pca.mean_ + pca.transform(test)[:, :count] @ pca.components_[:count]

        return _squared_error(model, data.test, reconstruct)

    return [Components(error(count), count) for count in counts], len(x)


def reconstruction_mse(model, split):
    """The mean squared error of a value of what `reconstruct` gives, over a split.

    Of a value of `Likelihood.network_input`, of x and of its reconstruction.
    """
    answer = compiled_method(model, "reconstruct")

    def reconstruct(test, rows):
        x_mean = answer(*split.inputs(rows, model.conditions))["x_mean"]
        return _as_networks_take(model, x_mean.reshape(len(rows), -1))

    return _squared_error(model, split, reconstruct, chunks.examples(model))


def has_reconstruction_error(model):
    """Whether `reconstruct` answers values whose squared distance from those of x says something.

    It does not where values are codes of words, or are missing.
    """
    if model.likelihood.network_value is None:
        return False
    outputs = model.endpoints()["reconstruct"].outputs
    return any(t.name == "x_mean" and tuple(t.shape[1:]) == model.event_shape for t in outputs)


def _squared_error(model, split, reconstruct, most=500):
    """The mean over what counts, of at most so many examples at a time.

    `reconstruct` takes (x [k, values], rows) and answers like x.
    """
    total, count = 0.0, 0.0
    for rows in chunks.of(len(split), min(most, _chunk(model.event_shape))):
        x, counted = flat_examples(model, split, rows)
        x = _as_networks_take(model, x)
        weight = np.float32(1.0) if counted is None else counted
        squared = np.square(x - reconstruct(x * weight, rows)) * weight
        total += np.sum(squared, dtype=np.float64)
        count += x.size if counted is None else np.sum(counted, dtype=np.float64)
    return float(total / max(count, 1.0))


def _as_networks_take(model, x):
    """`Likelihood.network_input` of flattened examples [n, values]: as x."""
    shaped = np.asarray(x, np.float32).reshape(-1, *model.event_shape)
    taken = keras.ops.convert_to_numpy(
        model.likelihood.network_input(keras.ops.convert_to_tensor(shaped))
    )
    return taken.reshape(x.shape)


def fitted_rows(split, event_shape):
    """Evenly spaced rows of a split, as many as are fitted to."""
    most = max(2, min(EXAMPLES, VALUES // math.prod(event_shape), len(split)))
    return np.unique(np.linspace(0, len(split) - 1, most).astype(int))


def flat_examples(model, split, rows):
    """(x [n, values] float32, 1 where a value counts and 0 past a sequence's end, or None)."""
    x = split.examples(rows)
    if "length" not in model.conditions:
        return x.reshape(len(x), -1), None
    inside = np.arange(x.shape[1])[None] < split.condition("length")[rows][:, None]
    counted = np.ones(x.shape, np.float32) * inside.reshape(*inside.shape, *[1] * (x.ndim - 2))
    return x.reshape(len(x), -1), counted.reshape(len(x), -1)


def _chunk(event_shape):
    """Rows of a split at a time."""
    return max(1, min(500, SCORED // math.prod(event_shape)))
