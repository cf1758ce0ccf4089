"""Train a VAE on strings, token by token: molecules, names, peptides. Export it.

Run:       python recipes/molecule_vae.py                 (molecules that come with RDKit)
           python recipes/molecule_vae.py --dataset mine.smi
"""

from dataclasses import dataclass
from typing import Literal

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import options


@dataclass(frozen=True)
class Config(options.FlowPrior, options.VAE):
    """Options of the VAE of strings."""

    data_options = ("tokenizer", "column", "steps", "properties")
    details = ("free_bits", "free_bits_together", "prior_share", "mean_share", "context", "width")
    details += ("blocks", "cell")
    dataset: str = "nci"
    """`nci`, molecules that come with RDKit, `moses`, those that come with molsets, `qm9` of
    TensorFlow Datasets, or a file of strings, one a line: a .smi or a .txt, or a column of a .csv
    or .tsv; each as .gz too."""
    steps: int | None = None
    """Tokens of the longest string that is kept; unless given all, or up to the 99 % quantile."""
    samples: int = 100
    """K of the importance-sampled log p(x)."""
    latent: int = 64
    """Size of the latent vector."""
    prior: options.Prior = "flow"
    """Of the latents; a flow finds where they are encoded."""
    objective: options.Objective = "free_bits"
    """With the shares, what keeps the latents alive: see docs/molecules.md."""
    free_bits: float = 10.0
    free_bits_together: bool = True
    prior_share: float = 0.2
    mean_share: float = 0.5
    decoder: Literal["recurrent", "convolutional"] = "recurrent"
    """What gives each token from those before it."""
    units: int | None = None
    """Width of a recurrent decoder; unless given 256."""
    context: tuple[int, ...] | None = None
    """Widths of what tells every step of a recurrent decoder of z; unless given 128 and 64."""
    width: int | None = None
    """Channels of a convolutional decoder; unless given 80."""
    blocks: int | None = None
    """Of a convolutional decoder; unless given as many as let each token see all before it."""
    encoder_units: int = 128
    """Width of each direction of the encoder's recurrent layer."""
    cell: Literal["gru", "lstm"] = "gru"
    """Of the encoder and of a recurrent decoder."""
    teacher_dropout: float = 0.0
    """Share of the tokens before that training hides from the decoder."""


if __name__ == "__main__":
    recipe.main(Config, "molecule_vae", __file__, recipe.properties.head)
