"""What a model knows of its training examples and not of others."""

import numpy as np
from scipy.special import entr

from zoo.evaluation import nats


def errors(model, train, test, most=None):
    """Yields `error_train`, `error_test` and `error_gap`, the difference: nats per example.

    The error is -log p(x|z) as `score` gives it, less what no decoder can go below: of a Bernoulli
    likelihood and grey values the entropy of these values, of a normal one nothing. For Bernoulli
    it is thus KL(x || reconstruction), 0 where the reconstruction is perfect. A gap that grows with
    the model's capacity is memorisation: the same network on the same data knows more of what it
    was shown and no more, or less, of what it was not.

    Args:
        train: the examples it was trained on, a split of `zoo.datasets.binarize`.
        test: others.
        most: examples of each, at most.
    """
    error = {}
    for part, split in (("train", train), ("test", test)):
        count = min(len(split), most or len(split))
        error[part] = float(np.mean(nats.scores(model, split, most=count)["reconstruction"]))
        if model.likelihood.family == "bernoulli":
            error[part] -= grey_entropy(split.examples(np.arange(count)))
        yield f"error_{part}", error[part]
    yield "error_gap", error["test"] - error["train"]


def grey_entropy(x):
    """Mean over examples of the summed entropy of values in [0, 1] as Bernoulli means, nats."""
    x = np.asarray(x, np.float64).reshape(len(x), -1)
    return float(np.mean(np.sum(entr(x) + entr(1.0 - x), axis=1)))
