r"""Train the convolutional VAE, evaluate it in nats, export it and prove the export.

Run:       python recipes/conv_vae.py                  (embedded digits, about a minute)
           python recipes/conv_vae.py --dataset mnist
Cost:      MNIST, 70 epochs: 47 CPU minutes with the evaluation, on 2 cores. Measured while the
           project's tests ran beside it: 31 minutes of training, 11 of evaluation by the clock
Expected:  MNIST: test NLL 84.64 nats (K=1000, n=10,000, dynamic binarization drawn once with
           seed 0), ELBO -88.69, KL 26.57, 23 of 32 latents active

Photographs of more than 32 pixels a side have latents that keep their places, beside a VampPrior:
           python benchmarks/photographs.py 64 crops64
           python recipes/conv_vae.py --dataset crops64
           300 crops of 64x64: 5.76 bits per dimension (n=60, K=1000), 256 of 256 latents active, an
           artifact of 9.3 MiB; of 128x128: 6.14 bits, 512 of 512, 24.0 MiB; 15 and 36 minutes of
           training on two cores with ten other programs. How that looks: benchmarks/photographs.md

exports/conv_vae-mnist:
           python recipes/conv_vae.py --dataset mnist --epochs 80 --prior vampprior \
               --anneal linear --anneal-steps 10000 --dense 128
           test NLL 83.72 nats (protocol as above), ELBO -87.53, 29 of 32 latents active; 39
           minutes of training and 9 of evaluation on one busy CPU core. With a standard normal
           prior, 70 epochs and no annealing, the same network: NLL 85.89, ELBO -89.89, 18 active
"""

from dataclasses import dataclass
from typing import Literal

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import choices, options


@dataclass(frozen=True)
class Config(options.Activation, options.VAE):
    """Options of the convolutional VAE."""

    filters: tuple[int, ...] | None = None
    """Filters of the strided convolutions, each of which halves height and width; unless given as
    many as bring the image to 8x8 or below, 16 and 32 for 28x28."""
    dense: int | None = None
    """Width of the dense layer between convolutions and latents; 0: none, latents keep the places
    that they have in the picture. Unless given 512, of 8-bit pictures of more than 32 pixels 0."""
    latent: int | None = None
    """Size of the latent vector; unless given 32, without a dense layer 4 for each place that a
    picture of 64x64 is strided down to, 8 for 128x128."""
    prior: Literal["auto", *options.PRIORS] = "auto"
    """Of the latents; `auto` is `standard`, and `vampprior` of latents that keep their places. See
    `zoo.latents.priors`."""


settle = choices.convolutional

if __name__ == "__main__":
    recipe.main(Config, "conv_vae", __file__, settle=settle)
