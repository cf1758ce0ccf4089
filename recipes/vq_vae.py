"""Train a vector-quantized VAE, and export it.

The latents are codes: at each place of a grid the number of the learned vector that lies nearest to
what is encoded there. A recurrent prior over the grid is trained in the same run, so that it
generates. The posterior is a single grid of codes, and the ELBO exact; it is a weaker bound on
log p(x) than that of a posterior with a spread, and `nll` is no better than it. `perplexity` says
how many codes are in use (van den Oord et al. 2017).

Run:       python recipes/vq_vae.py                 (embedded digits)
           python recipes/vq_vae.py --dataset mnist
Cost:      digits: a minute on 2 cores with evaluation and export (benchmarks/recipes.md)
Expected:  digits: test ELBO -26.64 nats (n=359, dynamic binarization drawn once with seed 0), KL
           14.04, perplexity 60 of 64 codes

exports/vq_vae-mnist:
           python recipes/vq_vae.py --dataset mnist --epochs 20 --filters 32 64 128
           test ELBO -96.99 nats, exact (n=10,000, dynamic binarization drawn once with seed 0), KL
           38.51, perplexity 53 of 64 codes; 26 minutes of training on one CPU core
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import options


@dataclass(frozen=True)
class Config(options.Activation, options.Codes):
    """Options of the vector-quantized VAE."""

    filters: tuple[int, ...] | None = None
    """Filters of the strided convolutions, each of which halves height and width of the grid;
    unless given as many as bring it to 8x8 or below, 32 and 64 for 28x28."""
    blocks: int = 0
    """Residual blocks at every size of the image."""
    prior_units: int = 64
    """Width of the recurrent prior."""


def facts(config, data):
    """What the model takes besides its own options: the seed of where dead codes are restarted."""
    return {"seed": config.seed}


if __name__ == "__main__":
    recipe.main(Config, "vq_vae", __file__, facts)
