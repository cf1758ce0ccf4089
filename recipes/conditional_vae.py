"""Train a VAE whose encoder and decoder take a label besides, and export it.

Run:       python recipes/conditional_vae.py                 (embedded digits)
           python recipes/conditional_vae.py --dataset mnist
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

import zoo
from zoo import options, recipe


@dataclass(frozen=True)
class Config(options.VAE):
    """Options of the conditional VAE."""

    filters: tuple[int, ...] = (16, 32)
    """Filters of the strided convolutions; each halves height and width."""
    dense: int = 256
    """Width of the dense layer between convolutions and latents."""


def build(config, data):
    """The model that a configuration describes."""
    return zoo.catalog.conditional_vae(
        data.event_shape,
        zoo.datasets.label_count(data),
        objective=options.objective(config),
        seed=config.seed,
        **options.network(config),
    )


if __name__ == "__main__":
    recipe.main(Config, build, __file__)
