"""How good samples look: their Fréchet distance to test images, their precision and recall.

What is compared is what a picture model's users see, the means that `generate` gives. They stand
for grey images: for chances of ink where images are binarized, for the values where they are not.
So they are compared with test images before any binarization. Only where the data itself has no
values but 0 and 1 are samples drawn from the means: a smooth mean is no such image. Means have none
of the noise that the likelihood adds: a model whose scale takes details for noise is found out by
samples that are too smooth.
"""

import math

import numpy as np

from zoo import noise
from zoo.errors import InputError
from zoo.evaluation import chunks
from zoo.evaluation.compilation import compiled_method
from zoo.evaluation.feature_network import feature_network
from zoo.evaluation.frechet import frechet_distance
from zoo.evaluation.precision_recall import precision_recall

FEWEST = 50
"""Test images below which nothing is measured."""
MOST = 10_000
"""Samples and test images, at most."""
VALUES = 2**21  # of test images at a time
_DRAW = 12  # a stream of noise
_CHOICE = 0  # the seed of which images are compared: the same ones for every model


def why_no_quality(model, data):
    """Why the samples of a model have no quality to be measured, a sentence; None if they have."""
    if data.schema.kind != "image":
        return (
            f"Sample quality is of images; an example of {data.name} is a {data.schema.kind} of "
            f"shape {list(data.event_shape)}."
        )
    if not model.generates:
        return f"Sample quality is of samples, and {model.name} has no prior to generate from."
    if _count(data, MOST) < FEWEST:
        return (
            f"Sample quality is not measured: {len(data.train):,} training and {len(data.test):,} "
            f"test images are fewer than {FEWEST} of each."
        )
    return None


def sample_quality(model, data, network=None, seed=0, most=MOST):
    """Measures samples against as many test images: ({name: value}, how it was measured).

    `frechet_distance` (see `zoo.evaluation.frechet_distance`), `precision` and `recall` in the
    features of a network. How: its `n`, `samples`, "means" or "draws", `real`, what as many
    training images come to in place of samples, and a `statement` of all that.

    Args:
        model: one that generates. A conditional one is given the conditions of the test images.
        data: what `zoo.datasets.binarize` gives, of images.
        network: a `FeatureNetwork` or `Inception`; None is `zoo.evaluation.feature_network(data)`.
        seed: of the samples: sample i is `generate` of `seed * n + i`.
        most: samples, at most; there are never more than test or training images.

    Raises:
        InputError: if there is nothing to measure; see `why_no_quality`.
    """
    if problem := why_no_quality(model, data):
        raise InputError(problem)
    network = network or feature_network(data)
    count = _count(data, most)
    rows = _chosen(len(data.test), count)
    real = _features(network, _images(data.test.split, rows))
    trained_on = _images(data.train.split, _chosen(len(data.train), count))
    floor = _compared(network, real, _features(network, trained_on))
    found = _compared(network, real, _features(network, _generated(model, data, rows, seed)))
    how = {
        "n": count,
        "samples": "draws" if data.schema.is_binary else "means",
        "network": network.words,
        "accuracy": network.accuracy,
        "chance": network.chance,
        "digest": network.digest,
        "k": network.neighbours,
        "real": floor,
    }
    return found, how | {"statement": _statement(found, how)}


def samples(model, data, rows, seed=0):
    """What a model generates in place of test images: float32 [len(rows), *event]."""
    return np.concatenate(list(_generated(model, data, rows, seed)))


def _generated(model, data, rows, seed):
    """`samples` in batches."""
    # Split seeds: inside a compiled call JAX has no int64.
    low, high = noise.split_seed(np.arange(seed * len(rows), (seed + 1) * len(rows)))
    conditions = [data.test.condition(name)[rows] for name in model.conditions]
    generate = compiled_method(model, "generate_from_split_seed")
    for part in _parts(len(rows), chunks.decoded(model)):
        means = generate(*(values[part] for values in (low, high, *conditions)))["x_mean"]
        yield _drawn(means, seed, part.start) if data.schema.is_binary else means


def _images(split, rows):
    """Images of a split as they are before any binarization, in batches."""
    step = max(1, min(500, VALUES // math.prod(split.images.shape[1:])))
    for part in _parts(len(rows), step):
        yield split.batch(rows[part])


def _parts(count, step):
    """Slices of `count` rows, of `step` each."""
    return [slice(first, min(first + step, count)) for first in range(0, count, step)]


def _features(network, batches):
    return np.concatenate([network.features(batch) for batch in batches])


def _drawn(means, seed, first):
    """Zeros and ones drawn with chances [n, *event], a row a counter from `first` on."""
    out = np.empty_like(means)
    for row, mean in enumerate(means):
        key = np.random.Philox(key=[seed, _DRAW], counter=[0, 0, 0, first + row])
        out[row] = np.random.Generator(key).random(mean.shape, np.float32) < mean
    return out


def _compared(network, real, features):
    """{name: value} of features against those of real images; NaN where they are no numbers."""
    names = [network.distance, *(("precision", "recall") if network.neighbours else ())]
    if not np.isfinite(features).all():
        return dict.fromkeys(names, float("nan"))
    values = [frechet_distance(real, features)]
    if network.neighbours:
        values += precision_recall(real, features, network.neighbours)
    return dict(zip(names, values, strict=True))


def _statement(found, how):
    nearest = f" (k={how['k']})" if how["k"] else ""
    floor = ", ".join(f"{value:.2f}" for value in how["real"].values())
    return (
        f"{', '.join(found)}{nearest} of n={how['n']:,} generated {how['samples']} against as many "
        f"test images, in {how['network']}; for as many training images they are {floor}"
    )


def _count(data, most):
    return min(len(data.train), len(data.test), most)


def _chosen(count, wanted):
    """`wanted` of `count` rows, in order."""
    return np.sort(np.random.default_rng(_CHOICE).permutation(count)[:wanted])
