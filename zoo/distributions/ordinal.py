"""The cumulative logit law over categories from the least to the most.

A logistic variable around a location falls between two thresholds of those that part the line:
P(c <= k) = sigmoid(threshold_k - location). Source: McCullagh 1980, "Regression models for ordinal
data", section 2, the proportional odds model.
"""

from keras import ops

LEAST_GAP = 1e-3
"""Between two thresholds, so that each category has some probability."""


def thresholds(first, gaps=None):
    """Increasing thresholds [C - 1]: the first, [], and raw gaps [C - 2] to the others."""
    first = ops.reshape(first, (1,))
    if gaps is None:
        return first
    return ops.concatenate([first, first + ops.cumsum(_gap(gaps))])


def log_probabilities(location, first, gaps=None):
    """log P(c) of every category: [rows] -> [rows, C]; thresholds as above, no gaps if C is 2.

    With a = threshold_(k-1) - location below b = threshold_k - location, sigmoid(b) - sigmoid(a) is
    sigmoid(b) (1 - sigmoid(a)) (1 - exp(a - b)), of which no factor loses its digits.
    """
    steps = ops.expand_dims(thresholds(first, gaps), 0) - ops.expand_dims(location, -1)
    below, above = -ops.softplus(-steps), -ops.softplus(steps)  # log P(c <= k), log P(c > k)
    if gaps is None:
        return ops.concatenate([below, above], axis=-1)
    width = ops.log(1.0 - ops.exp(-_gap(gaps)))
    between = below[:, 1:] + above[:, :-1] + width
    return ops.concatenate([below[:, :1], between, above[:, -1:]], axis=-1)


def _gap(raw):
    return ops.softplus(raw) + LEAST_GAP
