"""Train a VAE on drawings, step by step of the pen, and export it.

Run:       python recipes/stroke_vae.py                 (embedded outlines of letters)
           python recipes/stroke_vae.py --dataset cat.npz   (as sketch-rnn and Quick, Draw! have it)
Cost:      5,000 kanji, 24 epochs: 6 minutes on two busy cores with evaluation and export
Expected:  of these: ELBO -191.14 nats (n=269), KL 15.65, 32 of 32 latents active; what that costs
           and gives is in benchmarks/kanji.md
"""

from dataclasses import dataclass
from typing import Literal

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import options


@dataclass(frozen=True)
class Config(options.VAE):
    """Options of the VAE of strokes."""

    data_options = ("steps",)
    dataset: str = "glyphs"
    """`glyphs` (embedded), or an .npz of drawings as sketch-rnn has them: train, valid and test,
    arrays [steps, (dx, dy, pen)] of several lengths."""
    samples: int = 100
    """K of the importance-sampled log p(x)."""
    prior: options.Prior = "flow"
    """Of the latents; as free bits let encodings lie where they like, one that learns where."""
    objective: options.Objective = "free_bits"
    """See `zoo.objectives`. A decoder that is told the steps before does without latents while they
    cost anything: free bits keep them alive."""
    free_bits: float = 16.0
    """Nats that cost nothing (free_bits)."""
    free_bits_together: bool = True
    """Whether these are nats of all latents together, or else of each (free_bits)."""
    units: int = 128
    """Width of the recurrent layers."""
    cell: Literal["gru", "lstm"] = "lstm"
    """Of encoder and decoder."""
    bidirectional: bool = True
    """Let the encoder read the steps backwards, too."""
    teacher_dropout: float = 0.1
    """Share of the steps before that training hides from the decoder."""


def facts(config, data):
    """What the model takes of the data: whether its sequences have lengths of their own."""
    return {"lengths": data.train.lengths is not None}


if __name__ == "__main__":
    recipe.main(Config, "stroke_vae", __file__, facts)
