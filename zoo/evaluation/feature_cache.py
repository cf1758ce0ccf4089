"""Keeps a trained network of features in a file of the folder that datasets are kept in."""

import hashlib
import json
import os
import sys
import zipfile

import numpy as np

from zoo.atomic_write import make_folders, whole
from zoo.datasets.storage import cache_folder


class File:
    """`features-<digest>.npz`: written whole or not at all, read only if nothing in it changed.

    Args:
        data: what `zoo.datasets.binarize` gives; the digest is of every example of both splits.
        version: of what makes the network, part of the digest too.
        cache_dir: its folder; None is $VAE_ZOO_CACHE or ~/.cache/vae-zoo.
    """

    def __init__(self, data, version, cache_dir=None):
        of = [version, data.train.fingerprint(), data.test.fingerprint()]
        digest = hashlib.sha256(json.dumps(of).encode()).hexdigest()[:32]
        self.path = cache_folder(cache_dir) / f"features-{digest}.npz"

    def read(self, shapes):
        """(weights, scale, accuracy) for weights of these shapes; None where there are none.

        A zip file has a checksum of each member, which is compared when it is read.
        """
        if not os.path.lexists(self.path):
            return None
        try:
            with np.load(self.path, allow_pickle=False) as file:
                weights = [file[f"weight_{i}"] for i in range(len(shapes))]
                scale, accuracy = float(file["scale"]), float(file["accuracy"])
            if [each.shape for each in weights] != [tuple(shape) for shape in shapes]:
                raise ValueError("weights of other shapes")
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile):
            print(f"{self.path} is damaged: the network in it is trained anew.", file=sys.stderr)
            return None
        return weights, scale, accuracy

    def write(self, weights, **numbers):
        """Keeps a network; where that cannot be, says so and goes on."""
        named = {f"weight_{i}": weight for i, weight in enumerate(weights)}
        try:
            make_folders(self.path.parent)
            with whole(self.path) as file:
                np.savez(file, **named, **numbers)
        except OSError as error:
            print(
                f"The network is not kept, and is trained again next time: {self.path} cannot be "
                f"written ({error.strerror or error}). VAE_ZOO_CACHE chooses another folder.",
                file=sys.stderr,
            )
