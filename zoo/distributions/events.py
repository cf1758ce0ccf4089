"""What all distributions share: the sum over an example's own axes."""

from keras import ops


def sum_event(values):
    """Sums every axis but the first: [batch, *event] -> [batch]. [batch] stays as it is."""
    axes = tuple(range(1, len(values.shape)))
    return ops.sum(values, axis=axes) if axes else values
