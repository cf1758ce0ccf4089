"""Normal latents that covary."""

import keras

from zoo.distributions import full_normal
from zoo.latents.posteriors.base import Posterior


@keras.saving.register_keras_serializable(package="zoo.posteriors")
class FullNormal(Posterior):
    """The normal posterior of any covariance: `mean`, `log_var` and `below`, its Cholesky factor's.

    See `zoo.distributions.full_normal`. One latent alone covaries with nothing and has no `below`.
    """

    family = "full-covariance normal"
    standard = "standard normal"

    def outputs(self, latent):
        below = full_normal.entries_below(latent)
        return {"mean": latent, "log_var": latent} | ({"below": below} if below else {})

    def sample(self, parameters, noise):
        return full_normal.sample(**_whole(parameters), noise=noise)

    def log_prob(self, z, parameters):
        return full_normal.log_prob(z, **_whole(parameters))

    def kl_to_standard(self, parameters):
        return full_normal.kl_to_standard(**_whole(parameters))


def _whole(parameters):
    return {"below": parameters["mean"][..., :0]} | parameters
