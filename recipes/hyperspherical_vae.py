"""Train a VAE whose latents lie on the unit sphere, and export it.

Where a normal prior draws every latent towards one point, the uniform prior of the sphere has no
middle (Davidson et al. 2018, "Hyperspherical variational auto-encoders").

Run:       python recipes/hyperspherical_vae.py                 (embedded digits)
           python recipes/hyperspherical_vae.py --dataset mnist
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import options


@dataclass(frozen=True)
class Config(options.Activation, options.VAE):
    """Options of the hyperspherical VAE."""

    latent: int = 10
    """Dimensions of the space around the sphere, 2 or more."""
    posterior: options.Posterior = "von_mises_fisher"
    """Of the latents given x; the prior is uniform on the sphere."""
    units: tuple[int, ...] = (512, 512)
    """Widths of the encoder's layers; the decoder mirrors them."""


if __name__ == "__main__":
    recipe.main(Config, "hyperspherical_vae", __file__)
