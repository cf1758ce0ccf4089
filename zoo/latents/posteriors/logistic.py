"""Independent logistic latents."""

import keras

from zoo.distributions import logistic
from zoo.latents.posteriors.independent import Independent


@keras.saving.register_keras_serializable(package="zoo.posteriors")
class Logistic(Independent):
    """The logistic posterior: `mean` and `log_scale`. No prior has an exact KL to it."""

    family = "logistic"
    distribution = logistic
