"""Priors p(z): what the latents are measured against and drawn from.

`standard` are those that learn nothing, one for each family of posteriors; the others learn.
"""

from zoo.errors import InputError
from zoo.latents.priors.base import Prior
from zoo.latents.priors.flow import CouplingFlow
from zoo.latents.priors.mixture import MixtureOfNormals
from zoo.latents.priors.standard import (
    FairBernoulli,
    StandardLaplace,
    StandardLogistic,
    StandardNormal,
    UniformCategorical,
    UniformSphere,
)
from zoo.latents.priors.vampprior import VampPrior

STANDARD = {
    "Bernoulli": FairBernoulli,
    "Laplace": StandardLaplace,
    "logistic": StandardLogistic,
    "von Mises-Fisher": UniformSphere,
}
"""By the posterior's family, where it is not the standard normal."""


def standard(posterior, event_shape=None):
    """The prior of the posterior's family that learns nothing."""
    if posterior.support == "one-hot":
        return UniformCategorical(posterior.classes)
    return STANDARD.get(posterior.family, StandardNormal)()


NAMES = {
    "standard": standard,
    "mixture": lambda posterior, event_shape: MixtureOfNormals(),
    "vampprior": lambda posterior, event_shape: VampPrior(event_shape=event_shape),
    "flow": lambda posterior, event_shape: CouplingFlow(),
}
"""(posterior, event_shape) -> the prior of that name, of its default size."""


def get(prior, posterior, event_shape=None):
    """A prior from its name, or the prior itself.

    Args:
        prior: one of `NAMES`; "standard" is that of the posterior's family.
        posterior: the `Posterior` that it stands beside.
        event_shape: of x, for a prior that learns pseudo-inputs.

    Raises:
        InputError: for an unknown name.
    """
    if isinstance(prior, Prior):
        return prior
    if prior not in NAMES:
        raise InputError(f"prior {prior!r} is unknown; there are {', '.join(NAMES)}.")
    return NAMES[prior](posterior, event_shape)
