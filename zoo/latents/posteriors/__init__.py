"""Posteriors q(z|x): what an encoder's outputs mean, one posterior a file.

The maths itself lies in `zoo.distributions`; `zoo.latents.posteriors.base` says what each
states. Which prior may stand beside it, `zoo.models.vae` checks when a model is built.
"""

from zoo.errors import InputError
from zoo.latents.posteriors.base import Posterior
from zoo.latents.posteriors.flow import InverseAutoregressiveFlow
from zoo.latents.posteriors.full_normal import FullNormal
from zoo.latents.posteriors.laplace import Laplace
from zoo.latents.posteriors.logistic import Logistic
from zoo.latents.posteriors.normal import Normal
from zoo.latents.posteriors.relaxed import Bernoulli, Categorical
from zoo.latents.posteriors.von_mises_fisher import VonMisesFisher

NAMES = {
    "normal": Normal,
    "full_normal": FullNormal,
    "laplace": Laplace,
    "logistic": Logistic,
    "von_mises_fisher": VonMisesFisher,
    "bernoulli": Bernoulli,
    "categorical": Categorical,
    "flow": InverseAutoregressiveFlow,
}


def get(posterior):
    """A posterior from its name, or the posterior itself.

    Raises:
        InputError: for an unknown name.
    """
    if isinstance(posterior, Posterior):
        return posterior
    if posterior not in NAMES:
        raise InputError(f"posterior {posterior!r} is unknown; there are {', '.join(NAMES)}.")
    return NAMES[posterior]()
