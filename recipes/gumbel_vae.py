"""Train a VAE with discrete latents by Gumbel-softmax, and export it.

Training draws relaxed samples, at a temperature that falls; evaluation and the artifact draw hard
ones, and the nats are those of the discrete model (Jang et al. 2017, Maddison et al. 2017).

Run:       python recipes/gumbel_vae.py                 (embedded digits)
           python recipes/gumbel_vae.py --posterior bernoulli --latent 100
           python recipes/gumbel_vae.py --dataset mnist
"""

from dataclasses import dataclass
from typing import Literal

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import options


@dataclass(frozen=True)
class Config(options.Activation, options.VAE):
    """Options of the Gumbel-softmax VAE."""

    latent: int = 20
    """How many discrete latents."""
    posterior: Literal["categorical", "bernoulli"] = "categorical"
    """Of the latents given x; the prior gives every class the same probability."""
    classes: int = 10
    """Of each categorical latent."""
    temperature: float = 1.0
    """Of the relaxation at the first step."""
    final_temperature: float = 0.5
    """After `temperature_steps`, and from there on."""
    temperature_steps: int = 1000
    """Steps over which the temperature falls."""
    units: tuple[int, ...] = (512, 512)
    """Widths of the encoder's layers; the decoder mirrors them."""


if __name__ == "__main__":
    recipe.main(Config, "gumbel_vae", __file__)
