"""Train a VAE of dilated convolutions over windows of series, and export it.

Run:       python recipes/series_vae.py              (made-up oscillations, 64 steps of 2 features)
           python recipes/series_vae.py --dataset pumps.csv --time when --entity pump
           python recipes/series_vae.py --dataset series.npy --kind series --window 128
Cost:      TODO
Expected:  TODO
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import options


@dataclass(frozen=True)
class Config(options.Activation, options.VAE):
    """Options of the VAE over series."""

    dataset: str = "oscillations"
    """`oscillations` (made up), a long .csv with --time, or an .npz or .npy of series with --kind
    series: [n, steps, features] or [steps, features]."""
    latent: int = 16
    """Size of the latent vector."""
    width: int = 48
    """Channels of the convolutions."""
    blocks: int | None = None
    """Residual blocks, dilated by 1, 2, 4, ...; unless given as many as see the whole window."""


if __name__ == "__main__":
    recipe.main(Config, "series_vae", __file__)
