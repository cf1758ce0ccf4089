"""Independent normal latents."""

import keras

from zoo.distributions import normal
from zoo.latents.posteriors.independent import Independent


@keras.saving.register_keras_serializable(package="zoo.posteriors")
class Normal(Independent):
    """The diagonal normal posterior (Kingma & Welling 2014): `mean` and `log_var`."""

    family = "normal"
    standard = "standard normal"
    kl_by_latent = True
    distribution = normal
    spread = "log_var"
    kind = "normal"
