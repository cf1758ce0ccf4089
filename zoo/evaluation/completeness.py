"""Whether what a latent space decodes to is like the data: a judge, and the share it accepts."""

from typing import NamedTuple

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.metrics import pairwise_distances_argmin_min
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from zoo.errors import InputError

ACCEPTED = 0.95
"""Share of real images, held out from the judge's training, that it is calibrated to accept."""


class Verdict(NamedTuple):
    """Of each image: whether it is accepted, is too far from the data, the class it is likest to.

    What is refused and not far lies between classes, or is faint.
    """

    accepted: np.ndarray
    far: np.ndarray
    classes: np.ndarray


class Judge:
    """Accepts an image that is plainly of one class and no farther from the data than real ones.

    Two checks, since each is blind to what the other sees:

    - A support vector classifier on principal components with calibrated probabilities must be
      confident of one class. It knows a class more than there are, of averages of two to six
      training images and of images dimmed to below half (outlier exposure, Hendrycks et al. 2019);
      without it, it named a class for most of them. Means of an image and its nearest of the same
      class belong to that class: decoded means are smooth, and smoothness is not what is judged.
      Alone the classifier would not do: noise gets a class too.
    - The nearest training image must not be too far. This refuses noise and debris. Alone it would
      not do: a blurred mean of many digits is nearer to each of them than they are to one another.

    Each check is put on one scale: the share of held-out real images that look no better. The worse
    of the two must exceed a threshold which `ACCEPTED` of the held-out images exceed. These are
    training images that neither the classifier nor the neighbours hold; the share of test images
    that is accepted is therefore a measurement, and belongs beside every other share. It cannot see
    that an image is copied from the training data, or somewhat blurred.

    Args:
        images: training images, [n, *event], in [0, 1].
        labels: int [n].
        seed: of which images are used and which of them are held out.
        examples: images used, at most.
    """

    def __init__(self, images, labels, seed=0, examples=5000):
        if labels is None:
            raise InputError(
                "A judge learns classes, and this data has no labels: give data with labels."
            )
        chosen = np.random.default_rng(seed).permutation(len(images))[:examples]
        held_out, known = np.split(chosen, [len(chosen) // 5])
        counts = np.unique(np.asarray(labels)[known], return_counts=True)[1]
        if len(counts) < 2 or counts.min() < 5 or len(held_out) < 20:
            raise InputError(
                f"{len(chosen)} labelled images of {len(counts)} classes: a judge is calibrated on "
                "at least 2 classes, with 5 images each and 100 images in all."
            )
        self.images = _flat(images[known])
        self.names, classes = np.unique(np.asarray(labels)[known], return_inverse=True)
        size = min(40, self.images.shape[1], len(known) // 2)
        others = np.concatenate(
            [
                blends(self.images, classes, len(known) // 2, seed),
                dimmed(self.images, len(known) // 20, seed),
            ]
        )
        smooth = local_means(self.images, classes, seed)
        self.classifier = CalibratedClassifierCV(
            make_pipeline(PCA(size, random_state=seed), SVC(C=10.0)), cv=3, ensemble=False
        ).fit(
            np.concatenate([self.images, smooth, others]),
            np.concatenate([classes, classes, np.full(len(others), len(self.names))]),
        )
        confidence, distance, _ = self._measure(images[held_out])
        self.confidences, self.distances = np.sort(confidence), np.sort(distance)
        worse = np.minimum(*self._ranks(confidence, distance))
        self.threshold = float(np.quantile(worse, 1.0 - ACCEPTED))

    def accepts(self, images):
        """[n, *event] -> bool [n]."""
        return self.judge(images).accepted

    def judge(self, images):
        """[n, *event] -> `Verdict`."""
        confidence, distance, named = self._measure(images)
        confident, near = (rank >= self.threshold for rank in self._ranks(confidence, distance))
        return Verdict(confident & near, ~near, self.names[named])

    def _ranks(self, confidence, distance):
        """The share of held-out images that look no better, by either check: [n] each."""
        count = len(self.confidences)
        confident = np.searchsorted(self.confidences, confidence, side="right") / count
        return confident, 1.0 - np.searchsorted(self.distances, distance, side="left") / count

    def _measure(self, images):
        """Confidence in the likeliest class, distance to the nearest known image, that class."""
        flat = _flat(images)
        if flat.shape[1] != self.images.shape[1]:
            raise InputError(
                f"Images of {flat.shape[1]} values; this judge knows such of "
                f"{self.images.shape[1]}: give images of the data it was made from."
            )
        probabilities = self.classifier.predict_proba(flat)[:, : len(self.names)]
        named = probabilities.argmax(axis=1)
        distance = pairwise_distances_argmin_min(flat, self.images)[1]
        return probabilities.max(axis=1), distance, named


def completeness(judge, images):
    """Yields `accepted` and `far`, shares, and `classes`, what the accepted are spread over.

    `far` are images farther from the data than real ones: holes proper. `classes` is the
    exponential of the entropy of the classes named: 0 where nothing is accepted, 1 for a decoder
    that knows one image, however well, 10 where ten classes are equally frequent.

    Args:
        judge: a `Judge`.
        images: what samples decode to, [n, *event].
    """
    accepted, far, classes = judge.judge(images)
    yield "accepted", float(accepted.mean())
    yield "far", float(far.mean())
    if not accepted.any():
        yield "classes", 0.0
        return
    counts = np.unique(classes[accepted], return_counts=True)[1]
    share = counts / counts.sum()
    yield "classes", float(np.exp(-np.sum(share * np.log(share))))


def blends(images, labels, count, seed=0, most=6):
    """Averages of 2 to `most` images, none of whose classes has more than 0.6 of the weight.

    images [n, values], labels int [n] of two classes or more -> [count, values], float32.
    """
    rng = np.random.default_rng(seed)
    out = np.empty((0, images.shape[1]), np.float32)
    while len(out) < count:
        chosen = rng.integers(0, len(images), (count, most))
        parts = rng.integers(2, most + 1, (count, 1))
        weights = rng.exponential(size=(count, most)) * (np.arange(most) < parts)
        weights /= weights.sum(axis=1, keepdims=True)
        of_class = labels[chosen][:, None] == np.unique(labels)[None, :, None]
        mixed = np.sum(weights[:, None] * of_class, axis=2).max(axis=1) <= 0.6
        out = np.concatenate([out, _weighted(images, chosen[mixed], weights[mixed])])
    return out[:count]


def local_means(images, classes, seed=0, neighbours=5):
    """Each image averaged, by random weights, with its nearest of its class: [n, values], float32.

    Args:
        neighbours: images averaged, itself among them; fewer where the class has fewer.
    """
    rng, out = np.random.default_rng(seed), np.empty_like(images)
    for label in np.unique(classes):
        of_it = images[classes == label]
        count = min(neighbours, len(of_it))
        nearest = (
            NearestNeighbors(n_neighbors=count).fit(of_it).kneighbors(of_it, return_distance=False)
        )
        weights = rng.dirichlet(np.ones(count), len(of_it))
        out[classes == label] = _weighted(of_it, nearest, weights)
    return out


def dimmed(images, count, seed=0):
    """Images multiplied by 0 to 0.5: [n, values] -> [count, values]."""
    rng = np.random.default_rng(seed)
    brightness = rng.uniform(0.0, 0.5, (count, 1)).astype(np.float32)
    return images[rng.integers(0, len(images), count)] * brightness


def standard_normal(count, latent, seed=0):
    """Samples of the standard normal, a VAE's usual prior: float32 [count, latent]."""
    return np.random.default_rng(seed).standard_normal((count, latent), dtype=np.float32)


def fitted_normal(count, codes, seed=0):
    """Samples of a normal of the codes' mean and covariance: float32 [count, latent].

    What stands in for a prior where a model has none. Give codes of training examples.
    """
    mean, covariance = codes.mean(axis=0), np.atleast_2d(np.cov(codes, rowvar=False))
    return (
        np.random.default_rng(seed).multivariate_normal(mean, covariance, count).astype("float32")
    )


def midpoints(count, codes, seed=0):
    """Points half-way between the codes of random pairs of examples: [count, latent]."""
    one, other = np.random.default_rng(seed).integers(0, len(codes), (2, count))
    return (codes[one] + codes[other]) / 2


def _weighted(images, chosen, weights):
    """Sums of the chosen images [n, k] by weights [n, k], one of the k after another."""
    out = np.zeros((len(chosen), images.shape[1]), np.float32)
    for part, weight in zip(chosen.T, weights.T, strict=True):
        out += weight[:, None].astype(np.float32) * images[part]
    return out


def _flat(images):
    return np.asarray(images, np.float32).reshape(len(images), -1)
