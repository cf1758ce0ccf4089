"""Train the dense VAE on the importance-weighted bound, and export it.

Run:       python recipes/iwae.py                 (embedded digits)
           python recipes/iwae.py --dataset mnist
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import options, recipe


@dataclass(frozen=True)
class Config(options.Activation, options.VAE):
    """Options of the importance-weighted autoencoder."""

    latent: int = 50
    """Size of the latent vector."""
    objective: options.Objective = "importance_weighted"
    """See `zoo.objectives`."""
    units: tuple[int, ...] = (512, 512)
    """Widths of the encoder's layers; the decoder mirrors them."""


if __name__ == "__main__":
    recipe.main(Config, "iwae", __file__)
