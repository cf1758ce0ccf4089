"""Train the residual convolutional VAE, evaluate it in nats, export it and prove the export.

Run:       python recipes/residual_vae.py                  (embedded digits)
           python recipes/residual_vae.py --dataset mnist
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

import zoo
from zoo import options, recipe


@dataclass(frozen=True)
class Config(options.VAE):
    """Options of the residual VAE."""

    filters: tuple[int, ...] = (16, 32)
    """Filters of the strided convolutions; each halves height and width."""
    dense: int = 512
    """Width of the dense layer between convolutions and latents."""
    blocks: int = 2
    """Residual blocks at each size of the image."""


def build(config, data):
    """The model that a configuration describes."""
    return zoo.catalog.residual_vae(
        data.event_shape,
        objective=options.objective(config),
        seed=config.seed,
        **options.network(config),
    )


if __name__ == "__main__":
    recipe.main(Config, build, __file__)
