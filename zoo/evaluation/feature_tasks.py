"""What a network of features learns: the classes of labels, or how a picture was mirrored.

A task gives batches of pictures, and with each the number of what is to be told of it.
"""

import numpy as np

FEWEST = 20
"""Training images a class, on average, from which classes are learned."""


def task_of(data):
    """The task for what `zoo.datasets.binarize` gives: `Classes` where there are such labels."""
    train, test = data.train.labels, data.test.labels
    if train is not None and test is not None:
        if 2 <= len(np.unique(train)) <= len(train) / FEWEST:
            return Classes(train)
    return Mirrorings()


class Classes:
    """Which class a picture is of, by its label; final.

    Args:
        labels: int [n] of the training split.
    """

    def __init__(self, labels):
        self.names = np.unique(labels)
        self.count = len(self.names)
        self.words = f"the {self.count} classes"

    def batch(self, split, rows, generator):
        """Pictures [k, *event] of a `zoo.datasets.Split`, and the classes that they are of [k].

        A class that the training split does not have is -1, which no answer is.
        """
        labels = split.labels[rows]
        places = np.minimum(np.searchsorted(self.names, labels), self.count - 1)
        return split.batch(rows), np.where(self.names[places] == labels, places, -1)


class Mirrorings:
    """How a picture was mirrored: not at all, left and right, upside down, or both; final.

    What tells the four apart is what things look like and how they lie. Of what needs no labels it
    has the features that order pictures most as those of classes do, samples and worse and worse
    ones together, where a network that learns distortions sees blur before all else; see
    benchmarks/feature_tasks.md.
    """

    count = 4
    words = "four mirrorings of a picture"

    def batch(self, split, rows, generator):
        """Pictures [k, *event] of a `zoo.datasets.Split`, each mirrored at random, and how [k]."""
        x = split.batch(rows)
        how = generator.integers(0, self.count, len(x))
        chosen = how[:, None, None, None]
        x = np.where(chosen % 2 == 1, x[:, :, ::-1], x)
        return np.where(chosen >= 2, x[:, ::-1], x), how
