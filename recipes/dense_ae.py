"""Train the plain autoencoder, the VAE's ancestor, and export it.

Trained by cross-entropy, which is one thing under two names. Of an event that is a distribution,
x_i >= 0 with sum 1, it is -sum_i x_i ln d(e(x))_i, d a softmax: the categorical form. Of an event
of separate values in [0, 1], such as pixels, each pixel is a distribution over ink and none, and
the sum has both terms,

    -sum_i [x_i ln d(e(x))_i + (1 - x_i) ln(1 - d(e(x))_i)],  d a sigmoid: the Bernoulli form.

The first term alone would do for no image: the answer "ink everywhere" makes it 0. The likelihood
here is the Bernoulli; of binarized pixels the sum is exactly -log p(x|z), nats.

What is wrong with it: it has no prior, so that nothing says where in its latent space images are;
between its codes are holes; and wide networks on few images learn these by heart. The report's
`reconstruction_train` beside `reconstruction` shows the last; docs/latent_space.md shows all three,
measured against a VAE, PCA and t-SNE by `python benchmarks/latent_space.py`.

Run:       python recipes/dense_ae.py                 (embedded digits)
           python recipes/dense_ae.py --dataset mnist

exports/dense_ae-mnist:
           KERAS_BACKEND=jax python recipes/dense_ae.py --dataset mnist --epochs 40 --units 128 128
           reconstruction 63.00 nats of a test image, 63.17 of a training image (n=10,000, dynamic
           binarization drawn once with seed 0); three minutes on one CPU core
"""

from dataclasses import dataclass

import prepare  # noqa: F401  names what to install where something is missing

from zoo import recipe
from zoo.recipe import options


@dataclass(frozen=True)
class Config(options.Activation, options.Model):
    """Options of the plain autoencoder."""

    latent: int = 16
    """Size of the latent vector."""
    units: tuple[int, ...] = (512, 512)
    """Widths of the encoder's layers; the decoder mirrors them."""


if __name__ == "__main__":
    recipe.main(Config, "dense_ae", __file__)
