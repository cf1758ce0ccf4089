r"""Train the dense VAE, evaluate it in nats, export it and prove the export.

Run:       python recipes/dense_vae.py                 (embedded digits)
           python recipes/dense_vae.py --dataset mnist
Cost:      MNIST, 100 epochs on JAX: 34 minutes of training, 4 of evaluation on 2 busy cores
Expected:  MNIST, 100 epochs: test NLL 86.34 nats (K=1000, n=10,000, dynamic binarization drawn once
           with seed 0), ELBO -89.73, KL 24.38, 16 of 50 latents active

exports/dense_vae-mnist:
           KERAS_BACKEND=jax python recipes/dense_vae.py --dataset mnist --epochs 300 \
               --anneal linear --anneal-steps 20000 --units 256 256
           test NLL 85.90 nats (protocol as above), ELBO -89.52, 24 of 50 latents active; 36
           minutes of training and 6 of evaluation on one CPU core. Trained twice by this command:
           the same nats to two decimals
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import options


@dataclass(frozen=True)
class Config(options.Activation, options.VAE):
    """Options of the dense VAE."""

    latent: int = 50
    """Size of the latent vector."""
    units: tuple[int, ...] = (512, 512)
    """Widths of the encoder's layers; the decoder mirrors them."""


if __name__ == "__main__":
    recipe.main(Config, "dense_vae", __file__)
