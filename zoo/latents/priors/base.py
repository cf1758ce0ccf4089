"""What every prior states."""

import keras


class Prior(keras.layers.Layer):
    """Abstract: p(z), what the latents are measured against and drawn from.

    - `family`: its name. `support`: as in `zoo.latents.posteriors.base.Posterior`.
    - `exact_bits`: whether `sample` has the same bits in every runtime, as its noise always has:
      it then looks up or compares, and computes nothing that is rounded.

    `pseudo` below is what the encoder makes of the prior's `pseudo_inputs`, {name: [n, width]}, for
    the one prior that has some (VampPrior); others ignore it.
    """

    family = None
    support = "real"
    exact_bits = False
    learns_inputs = False  # whether it has pseudo-inputs
    components = 1  # densities that `log_prob` is a mixture of
    classes = None  # of each latent, where latents are classes

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def pseudo_inputs(self):
        """Inputs whose encodings it is made of, [n, *event]; None: there are none."""
        return None

    def start_from(self, x):
        """Lets the first len(x) pseudo-inputs begin at examples; without any, nothing happens."""

    def noise_kinds(self, latent):
        """What `sample` takes, as (kind, count) pairs: see `zoo.noise.draw`."""
        return (("normal", latent),)

    def log_prob(self, z, pseudo=None):
        """log p(z): [rows, latent] -> [rows], nats."""
        raise NotImplementedError

    def sample(self, noise, pseudo=None):
        """z [rows, latent] of noise [rows, count]."""
        raise NotImplementedError

    def build(self, input_shape=None):
        """Makes the weights of a prior that has some; `input_shape` is (None, latent)."""
        self.built = True
