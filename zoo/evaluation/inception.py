"""The features that FID is measured in: of Inception, trained on ImageNet by others."""

import os
from pathlib import Path

import keras
import numpy as np

from zoo.datasets import network
from zoo.errors import MissingDependency

SIDE, SIZE = 299, 2048
BATCH = 32
WEIGHTS = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
URL = f"https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/{WEIGHTS}"


class Inception:
    """Pictures -> the 2,048 averages of the last layer of Inception V3 (Szegedy et al. 2016).

    Final. The weights are those of `keras.applications`; the network of Heusel et al. 2017 is an
    earlier one of the same shape, so that an `fid` in these features and one of another program
    differ somewhat. Pictures of one channel are taken for grey colours.

    Args:
        schema: of the pictures.
        weights: "imagenet", downloaded the first time, or None for random ones.

    Raises:
        MissingDependency: if the weights are neither on this machine nor to be had.
    """

    distance = "fid"
    neighbours = None
    accuracy = None
    chance = None
    digest = None
    words = f"{SIZE:,} features of keras.applications' InceptionV3 at {SIDE}x{SIDE}"

    def __init__(self, schema, weights="imagenet"):
        self.range = schema.range
        if weights is not None:
            _require_weights()
        try:
            self.network = keras.applications.InceptionV3(
                include_top=False, weights=weights, pooling="avg", input_shape=(SIDE, SIDE, 3)
            )
        except Exception as error:  # whatever a download can raise
            raise MissingDependency(_unavailable(" ".join(str(error).split())[:300])) from error

    def features(self, images):
        """[n, *event] -> float64 [n, 2048]."""
        parts = [
            self.network.predict_on_batch(self.prepared(images[first : first + BATCH]))
            for first in range(0, len(images), BATCH)
        ]
        return np.concatenate(parts).astype(np.float64)

    def prepared(self, images):
        """[n, height, width, 1 or 3] -> what Inception takes: float32 [n, 299, 299, 3], [-1, 1]."""
        low, high = self.range
        light = 2.0 * np.clip((images - low) / (high - low), 0.0, 1.0) - 1.0
        light = np.broadcast_to(light, (*light.shape[:3], 3)).astype(np.float32)
        resized = keras.ops.image.resize(light, (SIDE, SIDE), interpolation="bilinear")
        return keras.ops.convert_to_numpy(resized)


def kept_at():
    """Where Keras keeps the weights."""
    home = os.environ.get("KERAS_HOME") or Path("~").expanduser() / ".keras"
    return Path(home) / "models" / WEIGHTS


def _require_weights():
    """Refuses within seconds what Keras would try for minutes."""
    if not kept_at().exists() and not network.reachable([URL]):
        raise MissingDependency(_unavailable("no network, storage.googleapis.com did not answer"))


def _unavailable(problem):
    return (
        f"FID is measured in features of keras.applications' InceptionV3, whose weights are not at "
        f"{kept_at()} and cannot be downloaded: {problem}. Put {URL} there, or leave --inception "
        "out."
    )
