r"""Train a VAE whose prior is learned from pseudo-inputs, and export it.

The prior is the mixture of the posteriors of so many learned inputs, which begin at training
examples (Tomczak & Welling 2018).

Run:       python recipes/vampprior_vae.py                 (embedded digits)
           python recipes/vampprior_vae.py --prior mixture
           python recipes/vampprior_vae.py --dataset mnist --components 200

exports/vampprior_vae-mnist:
           KERAS_BACKEND=jax python recipes/vampprior_vae.py --dataset mnist --epochs 200 \
               --anneal linear --anneal-steps 20000 --units 256 256
           test NLL 84.60 nats (K=1000, n=10,000, dynamic binarization drawn once with seed 0), ELBO
           -88.07, 26 of 50 latents active; 28 minutes of training and 5 of evaluation on one CPU
           core
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import options


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


def facts(config, data):
    """What the model takes of the data: within which bounds pseudo-inputs are learned."""
    return {"bounds": data.range}


if __name__ == "__main__":
    recipe.main(Config, "vampprior_vae", __file__, facts)
