"""One vector of latents: a posterior beside a prior."""

import keras
from keras import ops

from zoo.errors import InputError
from zoo.latents import posteriors, priors
from zoo.latents.base import Draw, Latents, repeat


@keras.saving.register_keras_serializable(package="zoo.latents")
class Flat(Latents):
    """A latent vector z with a posterior q(z|x) and a prior p(z) (Kingma & Welling 2014).

    The KL is exact where posterior and prior have an exact one, else sampled: the mean of
    log q(z|x) - log p(z). The features are the posterior's parameters, the state is z.

    Args:
        size: values of z.
        posterior: q(z|x), or its name, one of `zoo.latents.posteriors.NAMES`.
        prior: p(z), or its name, one of `zoo.latents.priors.NAMES`.
        event_shape: of x, for a prior by name that learns inputs.

    Raises:
        InputError: for a posterior and a prior that do not belong together.
    """

    def __init__(self, size, posterior="normal", prior="standard", event_shape=None, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(size, int) or size < 1:
            raise InputError(f"size={size!r}: a latent space has at least 1 axis.")
        self.posterior = posteriors.get(posterior)
        self.prior = priors.get(prior, self.posterior, event_shape)
        self._size = size
        self.event_shape = event_shape
        self._check_pair()
        self.build()

    def _check_pair(self):
        """Refuses a posterior and a prior that do not belong together."""
        q, p = self.posterior, self.prior
        if q.support != p.support:
            raise InputError(
                f"A {q.family} posterior has samples of the kind {q.support!r}, the {p.family} "
                f"prior is over {p.support!r} ones. Take prior='standard', or a posterior that "
                "fits it."
            )
        if q.relaxed and not self.exact_kl:
            raise InputError(
                f"A {q.family} posterior is trained on relaxed samples, of which the {p.family} "
                f"prior knows no density, and their KL has no closed form. Take the "
                f"{q.standard} prior."
            )
        if q.classes != p.classes:
            raise InputError(
                f"The posterior's latents have {q.classes} classes, the prior's {p.classes}: both "
                "must be the same."
            )
        if p.learns_inputs and not self.diagonal_normal:
            raise InputError(
                f"The {p.family} prior is made of normal encodings of what it has learned: the "
                f"posterior must be normal, it is {q.family}."
            )

    def build(self, input_shape=None):
        for part in (self.posterior, self.prior):
            if not part.built:
                part.build((None, self._size))
        self.built = True

    @property
    def groups(self):
        return {"z": (self._size,)}

    @property
    def feature_shapes(self):
        return {name: (width,) for name, width in self.encoded.items()}

    @property
    def state_shape(self):
        return (self._size,)

    @property
    def encoded(self):
        return self.posterior.outputs(self._size)

    @property
    def widest(self):
        return self.size * self.prior.components

    @property
    def family(self):
        """The posterior's."""
        return self.posterior.family

    @property
    def prior_family(self):
        """The prior's."""
        return self.prior.family

    @property
    def exact_kl(self):
        return self.posterior.standard == self.prior.family

    @property
    def exact_bits(self):
        return self.prior.exact_bits

    @property
    def has_kl_by_latent(self):
        return self.exact_kl and self.posterior.kl_by_latent

    @property
    def has_density(self):
        return self.posterior.has_density

    @property
    def has_prior_density(self):
        return self.has_density and not self.relaxed

    @property
    def relaxed(self):
        return self.posterior.relaxed

    @property
    def diagonal_normal(self):
        return self.posterior.family == "normal"

    @property
    def scheduled(self):
        return self.posterior.scheduled

    def noise_kinds(self):
        return self.posterior.noise_kinds(self._size)

    def prior_noise_kinds(self):
        return self.prior.noise_kinds(self._size)

    def pseudo_inputs(self):
        return self.prior.pseudo_inputs()

    def start_pseudo_inputs(self, x):
        self.prior.start_from(x)

    def infer(self, features, noise, draws=1, training=False, step=None, pseudo=None):
        repeated = {name: repeat(value, draws) for name, value in features.items()}
        z, log_q = self.posterior.draw(repeated, noise, training=training, step=step)
        log_ratio = by_latent = None
        if log_q is not None:
            log_ratio = ops.reshape(self.prior.log_prob(z, pseudo) - log_q, (-1, draws))
        if self.has_kl_by_latent:
            by_latent = self.posterior.kl_to_standard_by_axis(features)
            kl = ops.sum(by_latent, axis=-1)
        elif self.exact_kl:
            kl = self.posterior.kl_to_standard(features)
        else:
            kl = -ops.mean(log_ratio, axis=1)
        return Draw(z, z, features, {"z": kl}, log_ratio, by_latent)

    def log_ratio(self, z, parameters, pseudo=None):
        return self.prior.log_prob(z, pseudo) - self.posterior.log_prob(z, parameters)

    def log_prior(self, z, pseudo=None):
        return self.prior.log_prob(z, pseudo)

    def encode(self, features):
        return features

    def point(self, features):
        return self.posterior.point(features)

    def generate(self, noise, pseudo=None):
        z = self.prior.sample(noise, pseudo)
        return z, z

    def place(self, z):
        return z

    def facts(self):
        return super().facts() | self.posterior.facts(self._size)

    def get_config(self):
        return {
            **super().get_config(),
            "size": self._size,
            "event_shape": self.event_shape,
            "posterior": keras.saving.serialize_keras_object(self.posterior),
            "prior": keras.saving.serialize_keras_object(self.prior),
        }

    @classmethod
    def from_config(cls, config):
        parts = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("posterior", "prior")
        }
        return cls(**config | parts)
