"""Train the plain autoencoder, the VAE's ancestor, and export it.

Run:       python recipes/dense_ae.py                 (embedded digits)
           python recipes/dense_ae.py --dataset mnist
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

import zoo
from zoo import options, recipe


@dataclass(frozen=True)
class Config(options.Model):
    """Options of the plain autoencoder."""

    latent: int = 16
    """Size of the latent vector."""
    units: tuple[int, ...] = (512, 512)
    """Widths of the encoder's layers; the decoder mirrors them."""


def build(config, data):
    """The model that a configuration describes."""
    return zoo.catalog.dense_ae(data.event_shape, **options.network(config))


if __name__ == "__main__":
    recipe.main(Config, build, __file__)
