"""Train the residual convolutional VAE, evaluate it in nats, export it and prove the export.

Run:       python recipes/residual_vae.py                  (embedded digits)
           python recipes/residual_vae.py --dataset mnist
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import options, recipe


@dataclass(frozen=True)
class Config(options.Activation, options.VAE):
    """Options of the residual VAE."""

    filters: tuple[int, ...] = (16, 32)
    """Filters of the strided convolutions; each halves height and width."""
    dense: int = 512
    """Width of the dense layer between convolutions and latents."""
    blocks: int = 2
    """Residual blocks at each size of the image."""


if __name__ == "__main__":
    recipe.main(Config, "residual_vae", __file__)
