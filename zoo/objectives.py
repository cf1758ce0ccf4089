"""What is done with the terms of the bound. An objective is a value; it changes no model.

What a model adds to its loss in `call` by `add_loss` is an objective's `regulariser`, which knows
the draw and not what it is compared with. The loss itself, `loss`, knows both; for most objectives
it is the reconstruction plus the regulariser.

An example may have a weight, which weighs all its terms: means over a batch are then weighted, and
an example of weight 0 is as if it were not there. `weight` below is [batch], None: all are equal.
"""

import math

import keras
from keras import ops

from zoo.distributions import normal
from zoo.errors import InputError
from zoo.schedules import Schedule, at, final, last_step, require_at_least

ORDERS = ("together", "from_top")
_NO_WEIGHT = 1e-20  # below which all weights of a batch together are none


def average(values, weight=None):
    """The mean over a batch: [batch] -> scalar; [batch, n] -> [n]."""
    if weight is None:
        return ops.mean(values, axis=0)
    if len(values.shape) > 1:
        weight = ops.expand_dims(weight, -1)
    return ops.sum(values * weight, axis=0) / ops.maximum(ops.sum(weight), _NO_WEIGHT)


class Objective:
    """Abstract: what training minimises, made of a draw's terms.

    - `draws`: posterior samples an example in training.
    - `additive`: whether the loss is `data_term` plus `regulariser`.
    - `monitor`: the metric of the validation split by which the best epoch is chosen.
    - `settled_step`: the step from which `monitor` measures what the objective wants in the end.
    - `needs_kl_by_latent`, `needs_normal`, `needs_density`: what it asks of the latents: the KL of
      each, a normal posterior, densities of what is drawn.
    - `group_count`: of how many groups of latents it knows; None: of any.
    - `doubly_reparameterized`: whether its gradient through z is weighted by `path_weights`.
    """

    draws = 1
    additive = True
    needs_kl_by_latent = False
    needs_normal = False
    needs_density = False
    doubly_reparameterized = False
    group_count = None

    @property
    def monitor(self):
        return "loss"

    @property
    def settled_step(self):
        return 0 if self.monitor != "loss" else self.last_step  # a bound means the same always

    @property
    def last_step(self):
        """The step from which it stays what it is."""
        return max(last_step(value) for value in vars(self).values())

    def regulariser(self, draw, step=None, weight=None):
        """What `add_loss` receives: a scalar, nats. `draw` is a `zoo.latents.Draw`."""
        raise NotImplementedError

    def data_term(self, log_p, weight=None):
        """The reconstruction of log p(x|z) [batch, draws]: a scalar, nats."""
        return -average(ops.mean(log_p, axis=1), weight)

    def loss(self, log_p, draw, step=None, weight=None):
        """What is minimised, without the draw's penalty: log p(x|z) [batch, draws] -> scalar."""
        return self.data_term(log_p, weight) + self.regulariser(draw, step, weight)

    def path_weights(self, log_p, log_ratio, step=None):
        """By what a gradient that passes through z is multiplied: [batch, draws]."""
        raise NotImplementedError

    @property
    def scheduled(self):
        """Whether something in it depends on the step."""
        return any(isinstance(value, Schedule) for value in vars(self).values())

    def get_config(self):
        """Every constructor argument; schedules serialized."""
        return {
            name: keras.saving.serialize_keras_object(value)
            if isinstance(value, Schedule)
            else value
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

    @property
    def monitor(self):
        return "elbo" if final(self.beta) == 1.0 else "loss"

    def regulariser(self, draw, step=None, weight=None):
        return at(self.beta, step) * average(draw.total_kl, weight)


@keras.saving.register_keras_serializable(package="zoo.objectives")
class FreeBits(Objective):
    """Each latent's KL costs nothing up to `nats` (Kingma et al. 2016, equation 15).

    The minimum is taken of the mean over the batch, one group a latent, or all in one. 0 is the
    ELBO, by which the best epoch is chosen: free bits are a means to it. Latents that have free
    nats each repeat one another, since it costs nothing, and what they encode then lies where the
    prior seldom draws; what all have together is worth most where they do not.

    Args:
        nats: free nats a latent, >= 0, or of all latents; a schedule lets them rise, so that
            a decoder which does without latents hands over to them little by little. The best epoch
            is then chosen by the loss, once they have risen.
        together: whether they are of all.
    """

    def __init__(self, nats, together=False):
        require_at_least("nats", nats, 0.0)
        self.nats = nats
        self.together = together

    @property
    def monitor(self):
        return "loss" if isinstance(self.nats, Schedule) else "elbo"

    @property
    def needs_kl_by_latent(self):
        return not self.together

    def regulariser(self, draw, step=None, weight=None):
        nats = at(self.nats, step)
        if self.together:
            return ops.maximum(average(draw.total_kl, weight), nats)
        return ops.sum(ops.maximum(average(draw.kl_by_latent, weight), nats))


@keras.saving.register_keras_serializable(package="zoo.objectives")
class GroupFreeBits(Objective):
    """Each group's KL costs nothing up to `nats`, and what costs is weighted by `beta`.

    The minimum is taken of a group's mean over the batch, as in `FreeBits`, whose latents one by
    one a hierarchy has too many of (Kingma et al. 2016, equation 15; warm-up: Sønderby et al. 2016,
    section 2.3). 0 nats are the ELBO.

    Args:
        nats: free nats a group, >= 0; a tuple of them has one for each group, from the top down.
        beta: as in `ELBO`.
        order: "together", or "from_top": by a schedule, the weights of the groups rise one after
            the other, each in its share of the steps that all would take together.
    """

    def __init__(self, nats, beta=1.0, order="together"):
        self.nats = tuple(nats) if isinstance(nats, tuple | list) else nats
        for each in self.nats if isinstance(self.nats, tuple) else (self.nats,):
            require_at_least("nats", each, 0.0)
        require_at_least("beta", beta, 0.0)
        if order not in ORDERS:
            raise InputError(f"order={order!r}: groups warm up {' or '.join(ORDERS)}.")
        self.beta = beta
        self.order = order

    @property
    def monitor(self):
        return "elbo" if final(self.beta) == 1.0 else "loss"

    @property
    def group_count(self):
        return len(self.nats) if isinstance(self.nats, tuple) else None

    def regulariser(self, draw, step=None, weight=None):
        count, total = len(draw.kl), 0.0
        nats = self.nats if isinstance(self.nats, tuple) else (self.nats,) * count
        for number, (kl, free) in enumerate(zip(draw.kl.values(), nats, strict=True)):
            cost = ops.maximum(average(kl, weight), free)
            total = total + at(self.beta, self._step(step, number, count)) * cost
        return total

    def _step(self, step, number, count):
        """The step of the schedule at which a group is."""
        if step is None or self.order == "together":
            return step
        passed = ops.cast(step, "int32") * count - number * last_step(self.beta)
        return ops.maximum(passed, 0)


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

    def regulariser(self, draw, step=None, weight=None):
        return self.gamma * ops.abs(average(draw.total_kl, weight) - at(self.capacity, step))


@keras.saving.register_keras_serializable(package="zoo.objectives")
class TotalCorrelation(Objective):
    """KL + (beta - 1) times the latents' total correlation: the beta-TCVAE, 1 being the ELBO.

    Chen et al. 2018, equation 4 with alpha = gamma = 1. TC = KL(q(z) || prod_k q(z_k)) is estimated
    on the batch, log q(z) by log 1/M sum_j q(z|x_j): their minibatch-weighted estimate for a data
    set that is the batch. The data set's size would enter as a constant only.

    Args:
        beta: weight of the total correlation, >= 0.
    """

    needs_normal = True

    def __init__(self, beta):
        require_at_least("beta", beta, 0.0)
        self.beta = beta

    @property
    def monitor(self):
        return "elbo" if final(self.beta) == 1.0 else "loss"

    def regulariser(self, draw, step=None, weight=None):
        tc = total_correlation(draw.z, **draw.parameters, weight=weight)
        return average(draw.total_kl, weight) + (at(self.beta, step) - 1.0) * tc


@keras.saving.register_keras_serializable(package="zoo.objectives")
class ImportanceWeighted(Objective):
    """The importance-weighted bound L_K (Burda et al. 2016, equation 8).

    Its regulariser is `beta` times the KL as the draws sample it; its loss is minus the bound.

    Args:
        samples: K >= 1 draws an example; L_1 is the ELBO, its KL sampled.
        doubly_reparameterized: the gradient estimator of Tucker et al. 2019 (DReG, equation 8) for
            the encoder: the same expectation, whose signal does not drown in noise as K grows;
            costs a second pass through the decoder.
        beta: weight of log p(z) - log q(z|x) within each log weight, >= 0, or a schedule; 1 trains
            the bound. At K = 1 it is the `beta` of `ELBO`.
    """

    additive = False
    needs_density = True

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
    def monitor(self):
        return "bound" if final(self.beta) == 1.0 else "loss"

    def regulariser(self, draw, step=None, weight=None):
        return at(self.beta, step) * average(-ops.mean(draw.log_ratio, axis=1), weight)

    def loss(self, log_p, draw, step=None, weight=None):
        log_weight = log_p + at(self.beta, step) * draw.log_ratio
        reached = bound(log_weight)
        if self.doubly_reparameterized:
            # Weights held fixed: the gradient is their sum of each draw's, times `path_weights`
            # once more where it passes through z. The value is put right without a gradient.
            weights = ops.stop_gradient(normalized(log_weight))
            surrogate = ops.sum(weights * log_weight, axis=1)
            reached = surrogate + ops.stop_gradient(reached - surrogate)
        return -average(reached, weight)

    def path_weights(self, log_p, log_ratio, step=None):
        """What DReG multiplies d log w / dz by, beside v = w / sum w: [batch, draws].

        The score of -beta log q, written as a path through z, is -beta (v - v^2) d log w / dz.
        Beside the path's own v it leaves v (1 - beta + beta v), at beta = 1 the v^2 of Tucker et
        al. 2019, equation 8.
        """
        beta = at(self.beta, step)
        return 1.0 - beta + beta * normalized(log_p + beta * log_ratio)


def bound(log_weight):
    """L_K = log mean_k w_k: [batch, K] -> [batch], nats."""
    return ops.logsumexp(log_weight, axis=1) - math.log(log_weight.shape[1])


def normalized(log_weight):
    """w_k / sum_j w_j: [batch, K] -> [batch, K]."""
    return ops.softmax(log_weight, axis=1)


def total_correlation(z, mean, log_var, weight=None):
    """KL(q(z) || prod_k q(z_k)), q(z) the mixture of a batch: [batch, latent] thrice -> scalar.

    An example of `weight` [batch] has that share of the mixture; None: all have the same.
    """
    # [batch of z, batch of x, latent]
    log_q = normal.log_prob_by_axis(z[:, None], mean[None], log_var[None])
    weight = ops.ones_like(mean[:, 0]) if weight is None else weight
    share = weight / ops.maximum(ops.sum(weight), _NO_WEIGHT)
    log_share = ops.log(ops.maximum(share, 1e-30))
    joint = ops.logsumexp(ops.sum(log_q, axis=2) + log_share, axis=1)
    marginal = ops.sum(ops.logsumexp(log_q + log_share[:, None], axis=1), axis=1)
    return ops.sum(share * (joint - marginal))
