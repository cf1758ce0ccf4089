"""Train a recurrent VAE, over images row by row or over sequences, and export it.

Run:       python recipes/rnn_vae.py                 (embedded digits)
           python recipes/rnn_vae.py --cell lstm --bidirectional
           python recipes/rnn_vae.py --autoregressive
           python recipes/rnn_vae.py --dataset sequences.npz   (x, and length where they differ)
Cost:      digits: one and a half minutes on 2 cores with evaluation and export
           (benchmarks/recipes.md)
Expected:  digits: test ELBO -24.35 nats (n=359, dynamic binarization drawn once with seed 0), KL
           2.64, 20 of 32 latents active; --autoregressive: ELBO -23.51, KL 1.80, 18 active, and
           with --epochs 150 --teacher-dropout 0: ELBO -22.86, KL 0.78, the decoder hardly asks z

exports/rnn_vae-mnist:
           python recipes/rnn_vae.py --dataset mnist --epochs 30
           test NLL 90.81 nats (K=1000, n=10,000, dynamic binarization drawn once with seed 0), ELBO
           -94.92, 13 of 32 latents active; 42 minutes of training and 27 of evaluation on one busy
           CPU core. An earlier training by this command, of earlier code, gave 90.99, 19 active
"""

from dataclasses import dataclass
from typing import Literal, get_args

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import choices, options


@dataclass(frozen=True)
class Config(options.VAE):
    """Options of the recurrent VAE."""

    objective: Literal["auto", *get_args(options.Objective)] = "auto"
    """See `zoo.objectives`. `auto` is the ELBO of images, and of sequences free bits, 8 nats in
    all, unless beta or anneal is given: recurrent decoders do without latents too easily."""
    units: int = 128
    """Width of the recurrent layers."""
    cell: Literal["gru", "lstm"] = "gru"
    """Of encoder and decoder."""
    bidirectional: bool = False
    """Let the encoder read the steps backwards, too."""
    autoregressive: bool = False
    """Let the decoder give each step from those before it."""
    teacher_dropout: float = 0.3
    """Share of the steps that training hides from an autoregressive decoder."""


def facts(config, data):
    """What the model takes of the data: whether its sequences have lengths, and an objective."""
    return {"lengths": data.train.lengths is not None} | choices.objective(config, data)


if __name__ == "__main__":
    recipe.main(Config, "rnn_vae", __file__, facts)
