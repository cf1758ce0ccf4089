"""The law of each column of a table by itself: what a model of their dependence must beat."""

import numpy as np
from keras import ops

from zoo.likelihoods.independent import Law


def law(likelihood):
    """A `Law` of rows as a `Columns` likelihood has them, NaN where a value is missing.

    Each part of the likelihood brings the law of its own columns: a missing value has 0 nats, and
    the nats are of the same densities and probabilities as the model's.
    """

    def parts(x, counted):
        """(the law, its columns of x, 1 where they are known) of each part."""
        known = ops.convert_to_numpy(likelihood.known(x))
        known = known if counted is None else known * counted
        filled = ops.convert_to_numpy(likelihood.filled(x))
        for part, places in zip(likelihood.laws, likelihood.places, strict=True):
            yield part.independent(), filled[:, places], known[:, places]

    def fit(x, counted=None):
        return tuple(own.fit(values, known) for own, values, known in parts(x, counted))

    def log_prob(x, *parameters):
        *fitted, counted = parameters
        nats = np.zeros(len(x))
        for (own, values, known), found in zip(parts(x, counted), fitted, strict=True):
            nats += np.asarray(own.log_prob(values, *found, known))
        return nats

    return Law(_name(likelihood), fit, log_prob, "column")


def _name(likelihood):
    """In words: what there is of these."""
    names = list(dict.fromkeys(part.independent().name for part in likelihood.laws))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
