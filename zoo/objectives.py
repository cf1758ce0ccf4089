"""What is done with the two terms of the bound. An objective is a value; it changes no model."""

import keras
from keras import ops

from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class ELBO:
    """The evidence lower bound, its KL weighted by `beta` (Higgins et al. 2017, equation 4).

    Args:
        beta: weight of the KL term, >= 0; 1 trains the bound itself (Kingma & Welling 2014).
    """

    def __init__(self, beta=1.0):
        if not beta >= 0.0:
            raise InputError(f"beta={beta!r}: the weight of the KL term must be >= 0.")
        self.beta = beta

    def penalty(self, kl):
        """What `add_loss` receives: kl [batch], nats -> scalar, averaged over the batch only."""
        return self.beta * ops.mean(kl)

    def get_config(self):
        return {"beta": self.beta}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
