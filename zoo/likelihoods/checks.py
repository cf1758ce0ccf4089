"""What several likelihoods share."""

from keras import ops

from zoo.errors import InputError


def require_positive(what, **values):
    """Raises InputError where one of the values, by name, is given and not > 0."""
    for name, value in values.items():
        if value is not None and not value > 0.0:
            raise InputError(f"{name}={value!r}: a {what} must be > 0.")


def unstacked(output, parameters):
    """[batch, ..., channels * parameters] -> [batch, ..., channels, parameters]."""
    *inner, last = output.shape[1:]
    return ops.reshape(output, (-1, *inner, last // parameters, parameters))


def smallest(gap):
    """The smallest value of each event: [batch, *event] -> [batch]."""
    return ops.min(gap, axis=tuple(range(1, len(gap.shape))))
