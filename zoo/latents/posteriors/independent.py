"""What posteriors of independent latents with a location and a scale each share."""

from zoo.latents.posteriors.base import Posterior


class Independent(Posterior):
    """Abstract: `mean` and a logarithm of the spread, one of each a latent.

    `distribution` is the module of `zoo.distributions` with its maths, `spread` the name that this
    gives to the logarithm, `kind` the noise that its `sample` turns into latents.
    """

    distribution = None
    spread = "log_scale"
    kind = "uniform"

    def outputs(self, latent):
        return {"mean": latent, self.spread: latent}

    def noise_kinds(self, latent):
        return ((self.kind, latent),)

    def sample(self, parameters, noise):
        return self.distribution.sample(**parameters, noise=noise)

    def log_prob(self, z, parameters):
        return self.distribution.log_prob(z, **parameters)

    def kl_to_standard_by_axis(self, parameters):
        return self.distribution.kl_to_standard_by_axis(**parameters)
