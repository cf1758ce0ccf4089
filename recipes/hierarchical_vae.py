r"""Train the hierarchical VAE, evaluate it in nats, export it and prove the export.

Groups of latents at several sizes of the image, each drawn given those above it (Sønderby et al.
2016; Vahdat & Kautz 2020; Child 2021): see `zoo.latents.TopDown`.

Run:       python recipes/hierarchical_vae.py                 (embedded digits)

exports/hierarchical_vae-mnist:
           python recipes/hierarchical_vae.py --dataset mnist --epochs 80 --filters 24 48 64 \
               --channels 4 --dense 64 --anneal-steps 2000 --learning-rate 0.002 --skip-norm 2000
           test NLL 78.82 nats (K=1000, n=10,000, dynamic binarization drawn once with seed 0), ELBO
           -80.79; 176 minutes of training on one busy CPU core and 50 of evaluation on two
exports/hierarchical_vae-fashion_mnist:
           python recipes/hierarchical_vae.py --dataset fashion_mnist --epochs 40 \
               --filters 24 32 48 --channels 4 --dense 64 --anneal-steps 2000 \
               --learning-rate 0.002 --samples 200
           3.25 bits per dimension, 1766.47 nats (K=200, n=10,000, 8-bit grey), ELBO -1790.56; 87
           minutes of training and 16 of evaluation on one busy CPU core
Expected:  digits: docs/measured.md, two minutes of training
"""

from dataclasses import dataclass
from typing import Literal

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import choices, options


@dataclass(frozen=True)
class Config(options.Activation, options.GroupObjective, options.Describing):
    """Options of the hierarchical VAE."""

    groups: tuple[int, ...] | None = None
    """Groups at the top, at the coarsest size and so on down; unless given 1 2 2 1 for 28x28."""
    top: int = 16
    """Values of a group at the top, which has no places."""
    channels: int = 2
    """Values of every other group, at each of its places."""
    filters: tuple[int, ...] | None = None
    """Filters of the strided convolutions, each of which halves height and width; unless given as
    many as bring the image to 4x4 or below, 16, 32 and 48 for 28x28."""
    dense: int = 128
    """Width of what lies at the top."""
    blocks: int = 1
    """Residual blocks at each size on the way up, and after each group on the way down."""
    attention: bool = False
    """Self-attention once at each size up to 16x16, on the way up and on the way down."""
    posteriors: Literal["auto", "absolute", "relative"] = "auto"
    """Whether they are stated relative to their priors; `auto`: of ink, see `latents.TopDown`."""
    ema: float = 0.999
    """Decay a step of exponential moving averages of the weights, which are then validated, kept
    and exported in their place; 0 keeps none."""


facts, settle = choices.group_objective, choices.hierarchical

if __name__ == "__main__":
    recipe.main(Config, "hierarchical_vae", __file__, facts, settle=settle)
