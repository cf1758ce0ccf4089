"""The standard prior of each family: nothing to learn, sampled to the same bits everywhere."""

import math

import keras
from keras import ops

from zoo.distributions import laplace, logistic, normal, von_mises_fisher
from zoo.distributions.relaxed import categorical_hard_sample
from zoo.errors import InputError
from zoo.latents.priors.base import Prior


@keras.saving.register_keras_serializable(package="zoo.priors")
class StandardNormal(Prior):
    """Independent standard normal latents."""

    family = "standard normal"
    exact_bits = True

    def log_prob(self, z, pseudo=None):
        return normal.log_prob(z, 0.0, 0.0)

    def sample(self, noise, pseudo=None):
        return noise


@keras.saving.register_keras_serializable(package="zoo.priors")
class StandardLaplace(Prior):
    """Independent Laplace latents of scale 1."""

    family = "standard Laplace"
    exact_bits = True

    def noise_kinds(self, latent):
        return (("laplace", latent),)

    def log_prob(self, z, pseudo=None):
        return laplace.log_prob(z, 0.0, 0.0)

    def sample(self, noise, pseudo=None):
        return noise


@keras.saving.register_keras_serializable(package="zoo.priors")
class StandardLogistic(Prior):
    """Independent logistic latents of scale 1."""

    family = "standard logistic"
    exact_bits = True

    def noise_kinds(self, latent):
        return (("logistic", latent),)

    def log_prob(self, z, pseudo=None):
        return logistic.log_prob(z, 0.0, 0.0)

    def sample(self, noise, pseudo=None):
        return noise


@keras.saving.register_keras_serializable(package="zoo.priors")
class UniformSphere(Prior):
    """Uniform on the unit sphere: a normal vector over its length, which runtimes round each."""

    family = "uniform on the sphere"
    support = "sphere"

    def log_prob(self, z, pseudo=None):
        return von_mises_fisher.uniform_log_prob(z)

    def sample(self, noise, pseudo=None):
        return von_mises_fisher.uniform_sample(noise)


@keras.saving.register_keras_serializable(package="zoo.priors")
class FairBernoulli(Prior):
    """Independent latents, 0 or 1 with a half each."""

    family = "fair Bernoulli"
    support = "binary"
    exact_bits = True

    def noise_kinds(self, latent):
        return (("uniform", latent),)

    def log_prob(self, z, pseudo=None):
        return ops.zeros_like(z[:, 0]) - z.shape[-1] * math.log(2.0)

    def sample(self, noise, pseudo=None):
        return ops.cast(noise < 0.5, "float32")


@keras.saving.register_keras_serializable(package="zoo.priors")
class UniformCategorical(Prior):
    """Independent one-hot latents side by side, each of `classes` equally likely ones."""

    family = "uniform categorical"
    support = "one-hot"
    exact_bits = True

    def __init__(self, classes=10, **kwargs):
        super().__init__(**kwargs)
        if not (isinstance(classes, int) and classes >= 2):
            raise InputError(f"classes={classes!r}: give the classes of a latent, 2 or more.")
        self.classes = classes

    def noise_kinds(self, latent):
        return (("gumbel", latent),)

    def log_prob(self, z, pseudo=None):
        return ops.zeros_like(z[:, 0]) - z.shape[-1] // self.classes * math.log(self.classes)

    def sample(self, noise, pseudo=None):
        by_class = ops.reshape(noise, (-1, noise.shape[-1] // self.classes, self.classes))
        return ops.reshape(categorical_hard_sample(by_class, 0.0), (-1, noise.shape[-1]))

    def get_config(self):
        return {**super().get_config(), "classes": self.classes}
