"""What all distributions share: the sum over an example's own axes."""

from keras import ops


def sum_event(values, weight=None):
    """Sums every axis but the first: [batch, *event] -> [batch]. [batch] stays as it is.

    `weight`, where given, broadcasts against the values: 0 leaves padding out.
    """
    values = values if weight is None else values * weight
    axes = tuple(range(1, len(values.shape)))
    return ops.sum(values, axis=axes) if axes else values
