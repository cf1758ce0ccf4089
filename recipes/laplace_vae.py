"""Train a VAE whose latents are Laplace instead of normal, and export it.

Run:       python recipes/laplace_vae.py                 (embedded digits)
           python recipes/laplace_vae.py --dataset mnist
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import options


@dataclass(frozen=True)
class Config(options.Activation, options.VAE):
    """Options of the Laplace VAE."""

    latent: int = 50
    """Size of the latent vector."""
    posterior: options.Posterior = "laplace"
    """Of the latents given x; the prior is that of its family."""
    units: tuple[int, ...] = (512, 512)
    """Widths of the encoder's layers; the decoder mirrors them."""


if __name__ == "__main__":
    recipe.main(Config, "laplace_vae", __file__)
