"""Likelihoods p(x|z): what a decoder's raw output means, one likelihood a file.

A likelihood is a small Keras layer, since some of them learn (a scale); the maths itself lies in
`zoo.distributions`. `zoo.likelihoods.base` says what each states: the data that it describes, so
that a model and data which do not belong together are refused before training, the raw output that
it takes of a decoder, and what `decode` answers.
"""

from zoo.errors import InputError
from zoo.likelihoods.base import Likelihood
from zoo.likelihoods.bernoulli import Bernoulli
from zoo.likelihoods.categorical import Categorical
from zoo.likelihoods.continuous_bernoulli import ContinuousBernoulli
from zoo.likelihoods.discretized_logistic import DiscretizedLogistic
from zoo.likelihoods.laplace import Laplace
from zoo.likelihoods.negative_binomial import NegativeBinomial
from zoo.likelihoods.normal import Normal

NAMES = {
    "bernoulli": Bernoulli,
    "continuous_bernoulli": ContinuousBernoulli,
    "normal": Normal,
    "laplace": Laplace,
    "discretized_logistic": DiscretizedLogistic,
    "categorical": Categorical,
    "negative_binomial": NegativeBinomial,
}


def get(likelihood, event_shape=None):
    """A likelihood from its name, or the likelihood itself.

    "auto" is what suits images of this event shape: normal for several channels, whose values
    are not probabilities of anything, else Bernoulli.
    """
    if isinstance(likelihood, Likelihood):
        return likelihood
    if likelihood == "auto" and event_shape is not None:
        likelihood = "normal" if len(event_shape) == 3 and event_shape[-1] > 1 else "bernoulli"
    if likelihood not in NAMES:
        raise InputError(f"likelihood {likelihood!r} is unknown; there are {', '.join(NAMES)}.")
    return NAMES[likelihood]()
