"""Train a VAE whose encoder and decoder take a label besides, and export it.

Run:       python recipes/conditional_vae.py                 (embedded digits)
           python recipes/conditional_vae.py --dataset mnist
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import datasets, options, recipe


@dataclass(frozen=True)
class Config(options.Activation, options.VAE):
    """Options of the conditional VAE."""

    filters: tuple[int, ...] = (16, 32)
    """Filters of the strided convolutions; each halves height and width."""
    dense: int = 256
    """Width of the dense layer between convolutions and latents."""


def facts(config, data):
    """What the model takes of the data: how many labels there are."""
    return {"classes": datasets.label_count(data)}


if __name__ == "__main__":
    recipe.main(Config, "conditional_vae", __file__, facts)
