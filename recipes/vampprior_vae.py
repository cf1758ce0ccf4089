"""Train a VAE whose prior is learned from pseudo-inputs, and export it.

The prior is the mixture of the posteriors of so many learned inputs, which begin at training
examples (Tomczak & Welling 2018).

Run:       python recipes/vampprior_vae.py                 (embedded digits)
           python recipes/vampprior_vae.py --prior mixture
           python recipes/vampprior_vae.py --dataset mnist --components 200
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import options, recipe


@dataclass(frozen=True)
class Config(options.Activation, options.VAE):
    """Options of the VAE with a VampPrior."""

    latent: int = 50
    """Size of the latent vector."""
    prior: options.Prior = "vampprior"
    """Of the latents; `mixture` is one of as many normals."""
    components: int = 50
    """How many pseudo-inputs, or normals."""
    units: tuple[int, ...] = (512, 512)
    """Widths of the encoder's layers; the decoder mirrors them."""


if __name__ == "__main__":
    recipe.main(Config, "vampprior_vae", __file__, lambda config, data: {"bounds": data.range})
