"""Priors p(z): what the latents are measured against and drawn from.

`standard` are those that learn nothing, one for each family of posteriors; the others learn.
"""

from zoo.errors import InputError
from zoo.priors.base import Prior
from zoo.priors.standard import (
    FairBernoulli,
    StandardLaplace,
    StandardLogistic,
    StandardNormal,
    UniformCategorical,
    UniformSphere,
)

STANDARD = {
    "Bernoulli": FairBernoulli,
    "Laplace": StandardLaplace,
    "logistic": StandardLogistic,
    "von Mises-Fisher": UniformSphere,
}
"""By the posterior's family, where it is not the standard normal."""


def get(prior, posterior, event_shape=None):
    """A prior from its name, or the prior itself.

    Args:
        prior: "standard" is that of the posterior's family.
        posterior: the `Posterior` that it stands beside.
        event_shape: of x, for a prior that learns pseudo-inputs.

    Raises:
        InputError: for an unknown name.
    """
    if isinstance(prior, Prior):
        return prior
    if prior == "standard":
        if posterior.support == "one-hot":
            return UniformCategorical(posterior.classes)
        return STANDARD.get(posterior.family, StandardNormal)()
    raise InputError(f"prior {prior!r} is unknown; there are standard.")
