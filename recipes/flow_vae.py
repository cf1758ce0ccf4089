"""Train a VAE whose posterior is bent by an inverse autoregressive flow, and export it.

Run:       python recipes/flow_vae.py                 (embedded digits)
           python recipes/flow_vae.py --prior flow
           python recipes/flow_vae.py --dataset mnist
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import options


@dataclass(frozen=True)
class Config(options.Activation, options.VAE):
    """Options of the VAE with a flow posterior."""

    latent: int = 50
    """Size of the latent vector."""
    posterior: options.Posterior = "flow"
    """Of the latents given x."""
    flow_layers: int = 4
    """Of a flow posterior, and of a flow prior."""
    flow_units: tuple[int, ...] = (128,)
    """Widths of the hidden layers of each flow layer's network."""
    context: int = 32
    """Values that the encoder hands the posterior's flow, besides mean and variance."""
    units: tuple[int, ...] = (512, 512)
    """Widths of the encoder's layers; the decoder mirrors them."""


if __name__ == "__main__":
    recipe.main(Config, "flow_vae", __file__)
