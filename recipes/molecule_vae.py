"""Train a VAE on strings, token by token: molecules, names, peptides. Export it.

Run:       python recipes/molecule_vae.py                 (molecules that come with RDKit)
           python recipes/molecule_vae.py --dataset mine.smi
           python recipes/molecule_vae.py --dataset names.txt --decoder convolutional
"""

from dataclasses import dataclass
from typing import Literal

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import options


@dataclass(frozen=True)
class Config(options.VAE):
    """Options of the VAE of strings."""

    data_options = ("tokenizer", "column", "steps", "properties")
    details = ("flow_layers", "flow_units", "context", "width", "blocks", "cell")
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
    flow_layers: int = 8
    """Of a flow prior."""
    flow_units: tuple[int, ...] = (96,)
    """Widths of the hidden layers of each flow layer's network."""
    decoder: Literal["recurrent", "convolutional"] = "recurrent"
    """What gives each token from those before it."""
    units: int | None = None
    """Width of a recurrent decoder; unless given 256."""
    context: tuple[int, ...] | None = None
    """Widths of what tells every step of a recurrent decoder of z; unless given 64."""
    width: int | None = None
    """Channels of a convolutional decoder; unless given 80."""
    blocks: int | None = None
    """Of a convolutional decoder; unless given as many as let each token see all before it."""
    encoder_units: int = 128
    """Width of each direction of the encoder's recurrent layer."""
    cell: Literal["gru", "lstm"] = "gru"
    """Of the encoder and of a recurrent decoder."""
    teacher_dropout: float = 0.1
    """Share of the tokens before that training hides from the decoder."""


if __name__ == "__main__":
    recipe.main(Config, "molecule_vae", __file__, recipe.properties.head)
