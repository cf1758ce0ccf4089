"""What is done with the two terms of the bound. An objective is a value; it changes no model.

The training loss is the compiled reconstruction term plus what an objective's `regulariser`
returns, which enters through `add_loss`. An objective that is no weighted sum of the two terms,
such as the importance-weighted bound, returns what the reconstruction lacks to be minus that bound.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
from keras import ops

from zoo.distributions import normal
from zoo.errors import InputError
from zoo.schedules import at, require_at_least


@dataclass
class Terms:
    """What a model hands its objective of one batch, nats; computed when looked at.

    Args:
        posterior: the posterior's parameters, each [batch, latent].
        z: [batch * draws, latent], the draws of an example side by side.
        step: steps of training so far, a scalar; None unless the objective has a schedule.
        kl_of: () -> [batch, latent], the KL of each latent, where the prior knows one.
        kl_sum_of: () -> [batch].
        log_p_of: () -> [batch, draws], log p(x|z).
        log_ratio_of: () -> [batch, draws], log p(z) - log q(z|x).
    """

    posterior: dict
    z: object
    step: object
    kl_of: Callable
    kl_sum_of: Callable
    log_p_of: Callable
    log_ratio_of: Callable

    @functools.cached_property
    def kl(self):
        """[batch]."""
        return self.kl_sum_of()

    @functools.cached_property
    def kl_by_latent(self):
        """[batch, latent]."""
        return self.kl_of()

    @functools.cached_property
    def log_p(self):
        """[batch, draws]."""
        return self.log_p_of()

    @functools.cached_property
    def log_ratio(self):
        """log p(z) - log q(z|x): [batch, draws]."""
        return self.log_ratio_of()

    @property
    def log_weight(self):
        """log p(x, z) - log q(z|x): [batch, draws]."""
        return self.log_p + self.log_ratio


class Objective:
    """Abstract: what the model adds to the reconstruction term."""

    draws = 1  # posterior samples an example in training
    monitor = "elbo"  # the metric by which the best epoch is chosen
    by_latent = False  # whether it needs the KL of each latent
    of_normal = False  # whether it is computed from the densities of a normal posterior
    weighs = False  # whether it weighs draws by their densities
    gradient_weights = None  # of the path through z: log p(x|z), log ratio, step -> [batch, draws]

    def regulariser(self, terms):
        """What `add_loss` receives: `Terms` -> scalar, averaged over the batch only, nats."""
        raise NotImplementedError

    @property
    def scheduled(self):
        """Whether something in it depends on the step."""
        return any(hasattr(value, "smallest") for value in vars(self).values())

    def get_config(self):
        """Every constructor argument; schedules serialized."""
        return {
            name: keras.saving.serialize_keras_object(value) if callable(value) else value
            for name, value in vars(self).items()
        }

    def __repr__(self):
        shown = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({shown})"

    @classmethod
    def from_config(cls, config):
        return cls(
            **{
                name: keras.saving.deserialize_keras_object(value)
                if isinstance(value, dict)
                else value
                for name, value in config.items()
            }
        )


@keras.saving.register_keras_serializable(package="zoo.objectives")
class ELBO(Objective):
    """The evidence lower bound, its KL weighted by `beta` (Higgins et al. 2017, equation 4).

    Args:
        beta: weight of the KL term, >= 0, or a schedule (`Linear`, `Cyclical`); 1 trains the bound
            itself (Kingma & Welling 2014).
    """

    def __init__(self, beta=1.0):
        require_at_least("beta", beta, 0.0)
        self.beta = beta

    def regulariser(self, terms):
        return at(self.beta, terms.step) * ops.mean(terms.kl)


@keras.saving.register_keras_serializable(package="zoo.objectives")
class FreeBits(Objective):
    """Each latent's KL costs nothing up to `nats` (Kingma et al. 2016, equation 15).

    The minimum is taken of the mean over the batch, one group a latent. 0 is the ELBO.

    Args:
        nats: free nats a latent, >= 0.
    """

    by_latent = True

    def __init__(self, nats):
        require_at_least("nats", nats, 0.0)
        self.nats = nats

    def regulariser(self, terms):
        return ops.sum(ops.maximum(ops.mean(terms.kl_by_latent, axis=0), self.nats))


@keras.saving.register_keras_serializable(package="zoo.objectives")
class Capacity(Objective):
    """gamma * |KL - capacity| (Burgess et al. 2018, equation 8).

    Args:
        capacity: nats that the latents may carry, >= 0; a `Linear` schedule grows it.
        gamma: weight of the distance, > 0.
    """

    def __init__(self, capacity, gamma=10.0):
        require_at_least("capacity", capacity, 0.0)
        if not gamma > 0.0:
            raise InputError(f"gamma={gamma!r}: the weight of the distance must be > 0.")
        self.capacity = capacity
        self.gamma = gamma

    def regulariser(self, terms):
        return self.gamma * ops.abs(ops.mean(terms.kl) - at(self.capacity, terms.step))


@keras.saving.register_keras_serializable(package="zoo.objectives")
class TotalCorrelation(Objective):
    """KL + (beta - 1) times the latents' total correlation: the beta-TCVAE, 1 being the ELBO.

    Chen et al. 2018, equation 4 with alpha = gamma = 1. TC = KL(q(z) || prod_k q(z_k)) is estimated
    on the batch, log q(z) by log 1/M sum_j q(z|x_j): their minibatch-weighted estimate for a data
    set that is the batch. The data set's size would enter as a constant only.

    Args:
        beta: weight of the total correlation, >= 0.
    """

    of_normal = True

    def __init__(self, beta):
        require_at_least("beta", beta, 0.0)
        self.beta = beta

    def regulariser(self, terms):
        tc = total_correlation(terms.z, **terms.posterior)
        return ops.mean(terms.kl) + (at(self.beta, terms.step) - 1.0) * tc


@keras.saving.register_keras_serializable(package="zoo.objectives")
class ImportanceWeighted(Objective):
    """The importance-weighted bound L_K (Burda et al. 2016, equation 8).

    Args:
        samples: K >= 1 draws an example; L_1 is the ELBO, its KL sampled.
        doubly_reparameterized: the gradient estimator of Tucker et al. 2019 (DReG, equation 8) for
            the encoder: the same expectation, whose signal does not drown in noise as K grows;
            costs a second pass through the decoder.
        beta: weight of log p(z) - log q(z|x) within each log weight, >= 0, or a schedule; 1 trains
            the bound. At K = 1 it is the `beta` of `ELBO`.
    """

    monitor = "bound"
    weighs = True

    def __init__(self, samples, doubly_reparameterized=False, beta=1.0):
        if not (isinstance(samples, int) and samples >= 1):
            raise InputError(
                f"samples={samples!r}: an importance-weighted bound takes K >= 1 draws, a whole "
                "number."
            )
        require_at_least("beta", beta, 0.0)
        self.samples = samples
        self.doubly_reparameterized = doubly_reparameterized
        self.beta = beta

    @property
    def draws(self):
        return self.samples

    @property
    def gradient_weights(self):
        return self._weights_of_the_path if self.doubly_reparameterized else None

    def _weights_of_the_path(self, log_p, log_ratio, step):
        """What DReG multiplies d log w / dz by, beside v = w / sum w: [batch, draws].

        The score of -beta log q, written as a path through z, is -beta (v - v^2) d log w / dz.
        Beside the path's own v it leaves v (1 - beta + beta v), at beta = 1 the v^2 of Tucker et
        al. 2019, equation 8.
        """
        beta = at(self.beta, step)
        return 1.0 - beta + beta * normalized(log_p + beta * log_ratio)

    def regulariser(self, terms):
        log_weight = terms.log_p + at(self.beta, terms.step) * terms.log_ratio
        if self.doubly_reparameterized:
            # Weights held fixed: the gradient is their sum of each draw's, times `gradient_weights`
            # once more where it passes through z. The value is put right without a gradient.
            weights = ops.stop_gradient(normalized(log_weight))
            surrogate = ops.mean(ops.sum(weights * log_weight, axis=1))
            value = ops.mean(bound(log_weight))
            reached = surrogate + ops.stop_gradient(value - surrogate)
        else:
            reached = ops.mean(bound(log_weight))
        return -reached + ops.mean(terms.log_p)


def bound(log_weight):
    """L_K = log mean_k w_k: [batch, K] -> [batch], nats."""
    return ops.logsumexp(log_weight, axis=1) - math.log(log_weight.shape[1])


def normalized(log_weight):
    """w_k / sum_j w_j: [batch, K] -> [batch, K]."""
    return ops.softmax(log_weight, axis=1)


def total_correlation(z, mean, log_var):
    """KL(q(z) || prod_k q(z_k)), q(z) the mixture of a batch: [batch, latent] thrice -> scalar."""
    # [batch of z, batch of x, latent]
    log_q = normal.log_prob_by_axis(z[:, None], mean[None], log_var[None])
    count = ops.log(ops.cast(ops.shape(z)[0], "float32"))
    joint = ops.logsumexp(ops.sum(log_q, axis=2), axis=1) - count
    marginal = ops.sum(ops.logsumexp(log_q, axis=1) - count, axis=1)
    return ops.mean(joint - marginal)
