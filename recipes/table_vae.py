r"""Train the VAE of tables: columns of any kind, values missing or not.

Run:       python recipes/table_vae.py                          (wine, embedded)
           python recipes/table_vae.py --dataset sales.csv
Cost:      half a minute to 1 of training on two busy cores
Expected:  test NLL, K=500, as `python benchmarks/tables.py` measures it: wine 18.41 nats
           (independent columns 23.45, n=36), breast_cancer -38.40 (-2.52, n=114), diabetes 32.89
           (37.40, n=88): see benchmarks/tables.md, and what a mixture of normals reaches
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import options


@dataclass(frozen=True)
class Config(options.Activation, options.VAE):
    """Options of the VAE of tables."""

    data_options = ("columns", "label", "unseen")
    dataset: str = "wine"
    """A .csv, .tsv or .parquet, an .npz of columns, or `wine`, `breast_cancer` or `diabetes`
    (embedded)."""
    latent: int = 8
    """Size of the latent vector."""
    units: tuple[int, ...] = (128,)
    """Widths of the encoder's layers; the decoder mirrors them."""
    hidden: float = 0.1
    """Share of the known values that training hides from the encoder, so that it learns to do
    without, and any may be missing where it is used; up to 1/4. 0 costs no density, and fills no
    gaps."""
    dropout: float = 0.0
    """Share of the features of each layer that training drops. It hides how tightly columns of real
    numbers hang together; words alone take some well."""
    learning_rate: float = 5e-3
    """Peak of Adam's learning rate, which warms up and then decays along a cosine to 0."""
    weight_decay: float = 0.1
    """Share of its weights that Adam takes off a step, times the learning rate (AdamW)."""
    steps_per_epoch: int | None = 50
    """Steps from one validation to the next, however many passes over a small table they are."""
    validation_share: float | None = 0.15
    """Share of the training data held out to choose the best weights."""


if __name__ == "__main__":
    recipe.main(Config, "table_vae", __file__)
