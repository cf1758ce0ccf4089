r"""Train a VAE whose encoder and decoder take a label besides, and export it.

Run:       python recipes/conditional_vae.py                 (embedded digits)
           python recipes/conditional_vae.py --dataset mnist

exports/conditional_vae-mnist:
           python recipes/conditional_vae.py --dataset mnist --epochs 100 --samples 5000 \
               --objective importance_weighted --anneal linear --anneal-steps 4000 \
               --filters 32 64 --dense 64
           test NLL 79.68 nats of p(x | label) (K=5000, n=10,000, dynamic binarization drawn once
           with seed 0), ELBO -85.72, 28 of 32 latents active; 160 minutes of training and 36 of
           evaluation on two CPU cores that other work was keeping busy
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import datasets, recipe
from zoo.recipe import options


@dataclass(frozen=True)
class Config(options.Activation, options.VAE):
    """Options of the conditional VAE."""

    filters: tuple[int, ...] | None = None
    """Filters of the strided convolutions, each of which halves height and width; unless given as
    many as bring the image to 8x8 or below, 16 and 32 for 28x28."""
    dense: int = 256
    """Width of the dense layer between convolutions and latents."""


def facts(config, data):
    """What the model takes of the data: how many labels there are."""
    return {"classes": datasets.label_count(data)}


if __name__ == "__main__":
    recipe.main(Config, "conditional_vae", __file__, facts)
