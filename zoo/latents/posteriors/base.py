"""What every posterior states, and what several share."""

import keras

from zoo.distributions.events import sum_event


class Posterior(keras.layers.Layer):
    """Abstract: q(z|x), whose parameters an encoder gives. Rows are examples, or draws of them.

    - `family`: its name. `support`: where its samples lie, one of "real", "sphere", "binary" and
      "one-hot"; a prior of another support measures nothing.
    - `standard`: the family of the prior to which its KL is exact; None: there is none.
    - `kl_by_latent`: whether that KL is a sum over latents.
    - `has_density`: whether `log_prob` takes any z, and not only what `draw` drew.
    - `relaxed`: whether training draws points between those of the support.
    """

    family = None
    support = "real"
    standard = None
    kl_by_latent = False
    has_density = True
    relaxed = False
    scheduled = False  # whether something in it depends on the step of training
    classes = None  # of each latent, where latents are classes

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def width(self, latents):
        """Values of z that so many latents take."""
        return latents

    def outputs(self, latent):
        """{name: width} of the parameters, each [batch, width], that an encoder must give."""
        raise NotImplementedError

    def noise_kinds(self, latent):
        """What `draw` takes, as (kind, count) pairs: see `zoo.noise.draw`."""
        return (("normal", latent),)

    def draw(self, parameters, noise, training=False, step=None):
        """(z, log q(z|x)): [rows, latent] and [rows], nats; None for a relaxed draw's density."""
        z = self.sample(parameters, noise)
        return z, self.log_prob(z, parameters)

    def sample(self, parameters, noise):
        """z [rows, latent], differentiable in the parameters; `noise` may broadcast."""
        raise NotImplementedError

    def log_prob(self, z, parameters):
        """log q(z|x): [rows], nats."""
        raise NotImplementedError

    def kl_to_standard(self, parameters):
        """KL(q(z|x) || the `standard` prior): [batch], nats."""
        return sum_event(self.kl_to_standard_by_axis(parameters))

    def kl_to_standard_by_axis(self, parameters):
        """The same before the sum over latents, where `kl_by_latent`: [batch, latents], nats."""
        raise NotImplementedError

    def point(self, parameters):
        """The one z that stands for x, within the support: [batch, latent]."""
        return parameters["mean"]

    def build(self, input_shape=None):
        """Makes the weights of a posterior that has some; `input_shape` is (None, latent)."""
        self.built = True

    def facts(self, latent):
        """What a manifest says of it besides its family and the latents' size."""
        return {}
