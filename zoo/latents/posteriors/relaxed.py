"""Discrete latents, relaxed while they are trained: Bernoulli and categorical.

Training draws points between those of the support, at a temperature that a schedule lowers, so that
gradients pass (Maddison et al. 2017; Jang et al. 2017, whose KL, that of the discrete
distributions, is taken here). Everything else, evaluation and exports, draws hard points: the bound
is that of the discrete model.
"""

import keras
from keras import ops

from zoo.distributions import bernoulli, relaxed
from zoo.distributions.events import sum_event
from zoo.distributions.inverse_cdf import require_positive
from zoo.errors import InputError
from zoo.latents.posteriors.base import Posterior
from zoo.schedules import Linear, Schedule, at


class Relaxed(Posterior):
    """Abstract. `temperature`: > 0, or a schedule of the training step; 1 to 1/2 unless given."""

    kl_by_latent = True
    relaxed = True

    def __init__(self, temperature=None, **kwargs):
        super().__init__(**kwargs)
        self.temperature = Linear(1.0, 0.5, 1000) if temperature is None else temperature
        scheduled = isinstance(self.temperature, Schedule)
        require_positive(
            "temperature", self.temperature.smallest if scheduled else self.temperature
        )

    @property
    def scheduled(self):
        """Whether the temperature depends on the step of training."""
        return isinstance(self.temperature, Schedule)

    def draw(self, parameters, noise, training=False, step=None):
        if training:
            return self.soft(parameters["logits"], at(self.temperature, step), noise), None
        z = self.sample(parameters, noise)
        return z, self.log_prob(z, parameters)

    def soft(self, logits, temperature, noise):
        """Relaxed samples [rows, latent], differentiable in the logits."""
        raise NotImplementedError

    def outputs(self, latent):
        return {"logits": latent}

    def get_config(self):
        temperature = keras.saving.serialize_keras_object(self.temperature)
        return {**super().get_config(), "temperature": temperature}

    @classmethod
    def from_config(cls, config):
        temperature = keras.saving.deserialize_keras_object(config["temperature"])
        return cls(**config | {"temperature": temperature})


@keras.saving.register_keras_serializable(package="zoo.posteriors")
class Bernoulli(Relaxed):
    """Independent latents of 0 or 1, of given `logits`."""

    family = "Bernoulli"
    support = "binary"
    standard = "fair Bernoulli"

    def noise_kinds(self, latent):
        return (("uniform", latent),)

    def soft(self, logits, temperature, noise):
        return ops.sigmoid(relaxed.bernoulli_sample(logits, temperature, noise))

    def sample(self, parameters, noise):
        return relaxed.bernoulli_hard_sample(parameters["logits"], noise)

    def log_prob(self, z, parameters):
        return bernoulli.log_prob(z, parameters["logits"])

    def kl_to_standard_by_axis(self, parameters):
        return relaxed.bernoulli_kl_to_uniform_by_axis(parameters["logits"])

    def point(self, parameters):
        return ops.cast(parameters["logits"] > 0.0, "float32")


@keras.saving.register_keras_serializable(package="zoo.posteriors")
class Categorical(Relaxed):
    """Independent latents of one class out of `classes`, one-hot, side by side.

    z and `logits` are [rows, latents * classes].

    Args:
        classes: >= 2.
        temperature: as in `Relaxed`.
    """

    family = "categorical"
    support = "one-hot"
    standard = "uniform categorical"

    def __init__(self, classes=10, temperature=None, **kwargs):
        super().__init__(temperature, **kwargs)
        if not (isinstance(classes, int) and classes >= 2):
            raise InputError(
                f"classes={classes!r}: a categorical latent tells 2 classes or more apart."
            )
        self.classes = classes

    def width(self, latents):
        return latents * self.classes

    def outputs(self, latent):
        if latent % self.classes:
            raise InputError(
                f"{latent} values are no multiple of {self.classes} classes: the decoder of "
                f"categorical latents takes latents * classes values, such as "
                f"{max(1, latent // self.classes) * self.classes}."
            )
        return super().outputs(latent)

    def noise_kinds(self, latent):
        return (("gumbel", latent),)

    def soft(self, logits, temperature, noise):
        by_class, noise = self.by_class(logits), self.by_class(noise)
        return flat(ops.exp(relaxed.categorical_sample(by_class, temperature, noise)))

    def sample(self, parameters, noise):
        by_class = self.by_class(parameters["logits"] + noise)
        return flat(relaxed.categorical_hard_sample(by_class, 0.0))

    def log_prob(self, z, parameters):
        log_p = ops.log_softmax(self.by_class(parameters["logits"]), axis=-1)
        return sum_event(log_p * self.by_class(z))

    def kl_to_standard_by_axis(self, parameters):
        return relaxed.categorical_kl_to_uniform_by_axis(self.by_class(parameters["logits"]))

    def point(self, parameters):
        return self.sample(parameters, 0.0)

    def by_class(self, values):
        """[..., latents * classes] -> [rows, latents, classes]."""
        return ops.reshape(values, (-1, values.shape[-1] // self.classes, self.classes))

    def facts(self, latent):
        return {"latents": latent // self.classes, "classes": self.classes}

    def get_config(self):
        return {**super().get_config(), "classes": self.classes}


def flat(by_class):
    """[rows, latents, classes] -> [rows, latents * classes]."""
    return ops.reshape(by_class, (-1, by_class.shape[-2] * by_class.shape[-1]))
