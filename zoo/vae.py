"""The variational autoencoder: two networks, a prior, a likelihood and an objective, held together.

Source: Kingma & Welling 2014, "Auto-Encoding Variational Bayes".
"""

import keras
import numpy as np
from keras import ops

from zoo import noise
from zoo.distributions import normal
from zoo.errors import InputError
from zoo.latent_model import STEPS, LatentModel, repeat
from zoo.objectives import ELBO, Terms
from zoo.priors import StandardNormal


@keras.saving.register_keras_serializable(package="zoo")
class VAE(LatentModel):
    """Variational autoencoder with a diagonal normal posterior.

    Final: pass another encoder, decoder, prior, likelihood or objective; do not subclass.

    Trained as `LatentModel` says; what the objective makes of the KL enters through `add_loss`. The
    progress bar shows `elbo`, `reconstruction` (-log p(x|z)) and `kl`, with
    elbo = -(reconstruction + kl) whatever the objective makes of the two, and for an objective with
    several draws its `bound`.

    Args:
        encoder: [batch, *event] -> {"mean", "log_var"}, each [batch, latent].
        decoder: [batch, latent] -> the likelihood's raw output, `parameters` of each value.
        prior: p(z); a standard normal unless given.
        likelihood: p(x|z), or its name, one of `zoo.likelihoods.NAMES`.
        objective: what is done with the two terms; the ELBO itself unless given.
        conditions: as in `LatentModel`.
        seed: of the noise that training draws.
    """

    parts = ("encoder", "decoder", "prior", "likelihood", "objective")
    outputs_of_encoder = ("mean", "log_var")
    nats = ("elbo", "reconstruction", "kl")
    score_samples = 16  # K of the `score` endpoint

    def __init__(
        self,
        encoder,
        decoder,
        prior=None,
        likelihood="bernoulli",
        objective=None,
        conditions=None,
        seed=0,
        **kwargs,
    ):
        super().__init__(encoder, decoder, likelihood, conditions, **kwargs)
        self.prior = prior or StandardNormal()
        self.objective = objective or ELBO()
        self.seed = seed
        self._check_objective()
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.elbo_tracker = keras.metrics.Mean(name="elbo")
        self.kl_tracker = keras.metrics.Mean(name="kl")
        if self.monitor == "bound":
            self.bound_tracker = keras.metrics.Mean(name="bound")
        self.step = None
        if self.objective.scheduled:
            self.step = self.add_weight(name="step", dtype="int32", trainable=False)
        self._kl = None
        self.build()

    @property
    def latent_facts(self):
        """What a manifest says of the latents."""
        return {"size": self.latent, "posterior": "normal", "prior": self.prior.family}

    @property
    def draws(self):
        """Posterior samples of an example in training."""
        return self.objective.draws

    @property
    def monitor(self):
        """The metric by which the best epoch is chosen."""
        return self.objective.monitor

    def _check_objective(self):
        if self.objective.by_latent and not hasattr(self.prior, "kl_by_latent"):
            raise InputError(
                f"{type(self.objective).__name__} needs the KL of each latent, which the "
                f"{self.prior.family} prior does not have: take another objective, such as ELBO."
            )

    def build(self, input_shape=None):
        """Builds what is not yet built; the networks arrive built."""
        if not self.prior.built:
            self.prior.build((None, self.latent))
        super().build(input_shape)

    def call(self, inputs, training=None):
        """[batch, *event] (and conditions) -> raw output of `draws` posterior samples an example.

        [batch * draws, *event], the draws of an example side by side.
        """
        x, condition = self.split(inputs)
        posterior = self.encoder(self.beside(x, condition), training=training)
        rows, draws = ops.shape(x)[0], self.draws
        drawn = keras.random.normal((rows * draws, self.latent), seed=self.seed_generator)
        repeated = {name: repeat(value, draws) for name, value in posterior.items()}
        z = normal.sample(**repeated, noise=drawn)
        xs, conditions = repeat(x, draws), tuple(repeat(c, draws) for c in condition)
        reweigh = self.objective.gradient_weights
        if reweigh is not None:
            # The path's weights depend on what is decoded: hence a first pass without a gradient.
            repeated = {name: ops.stop_gradient(value) for name, value in repeated.items()}
            first = self.raw(z, conditions, xs, training=training)
            log_weight = self._log_weight(first, z, repeated, xs, conditions, draws)
            share = ops.reshape(ops.stop_gradient(reweigh(log_weight)), (-1, 1))
            held = ops.stop_gradient(z)
            z = held + share * (z - held)
        output = self.raw(z, conditions, xs, training=training)
        step = None if self.step is None else self.step + 0  # a value: the variable itself goes on
        if self.step is not None and training:
            self.step.assign(step + 1)
        terms = Terms(
            posterior=posterior,
            z=z,
            step=step,
            kl_of=lambda: self.prior.kl_by_latent(posterior),
            kl_sum_of=lambda: self.prior.kl(posterior),
            log_p_of=lambda: self._log_p(output, xs, conditions, draws),
            log_ratio_of=lambda: self._log_ratio(z, repeated, draws),
        )
        self._kl = terms.kl
        self.add_loss(self.objective.regulariser(terms))
        return output

    # --- the endpoints of the artifact contract that the base does not have ------------------

    def generate(self, seed, *condition):
        """int64 [batch] -> {"x_mean", "z"}: one sample of the prior a seed, decoded.

        Row i depends on seed[i] alone. z is the same to the last bit in every runtime. An
        autoregressive decoder draws each step from the same seed and feeds it back; `x_mean` are
        the means given the steps drawn before. Its binary steps come out differently in another
        runtime where the noise lies between the two runtimes' probabilities: see `margin`.
        """
        z = self.prior.sample(noise.normal(seed, (self.latent,)))
        if not self.autoregressive:
            return {**self.decode(z, *condition), "z": z}
        drawn = self.likelihood.noise(seed, self.event_shape, STEPS)
        output = self.decoder.unroll(self.beside(z, condition), self.likelihood.sample, drawn)
        return {"x_mean": self.mean(output, condition), "z": z}

    def generate_from_words(self, low, high, *condition):
        """`generate` of seeds in two words each, see `noise.words`: JAX has no int64 by default."""
        return self.generate((low, high), *condition)

    def score(self, x, *condition):
        """[batch, *event] -> {"elbo", "reconstruction", "kl"}, each [batch], nats.

        Deterministic: -log p(x|z) is averaged over the same `score_samples` noise draws for
        every example. -elbo is an anomaly score.
        """
        draws = noise.normal(np.arange(self.score_samples), (self.latent,))[None]
        terms = self.terms(x, draws, *condition)
        return {"elbo": -(terms["reconstruction"] + terms["kl"]), **terms}

    # --- densities, per example, for evaluation ----------------------------------------------

    def terms(self, x, noise, *condition):
        """Both terms of the bound: x [batch, *event], noise [batch, samples, latent] -> nats.

        Noise [1, samples, latent] is the same for every example.
        {"reconstruction": -E_q[log p(x|z)], estimated by the noise's samples, "kl": exact}, each
        [batch]; the ELBO is minus their sum.
        """
        posterior = self.encode(x, *condition)
        log_p, _, _, _ = self._sampled(x, posterior, noise, condition)
        return {"reconstruction": -ops.mean(log_p, axis=1), "kl": self.prior.kl(posterior)}

    def log_weight(self, x, noise, *condition):
        """log p(x, z) - log q(z|x) of z drawn by `noise`: importance weights, Burda et al. 2016.

        x [batch, *event] and noise [batch, samples, latent] -> [batch, samples], nats.
        """
        posterior = self.encode(x, *condition)
        log_p, z, repeated, samples = self._sampled(x, posterior, noise, condition)
        return log_p + self._log_ratio(z, repeated, samples)

    def _sampled(self, x, posterior, noise, condition):
        """log p(x|z) [batch, samples]; z and the posterior, rows = batch * samples; samples."""
        samples = ops.shape(noise)[1]
        wide = {name: ops.expand_dims(value, 1) for name, value in posterior.items()}
        z = ops.reshape(normal.sample(**wide, noise=noise), (-1, self.latent))
        repeated = {name: repeat(value, samples) for name, value in posterior.items()}
        xs, conditions = repeat(x, samples), tuple(repeat(c, samples) for c in condition)
        output = self.raw(z, conditions, xs)
        return self._log_p(output, xs, conditions, samples), z, repeated, samples

    def _log_p(self, output, xs, conditions, draws):
        """log p(x|z): rows = batch * draws -> [batch, draws]."""
        log_p = self.likelihood.log_prob(xs, output, self.weight(conditions))
        return ops.reshape(log_p, (-1, draws))

    def _log_ratio(self, z, repeated, draws):
        """log p(z) - log q(z|x): rows = batch * draws -> [batch, draws]."""
        log_ratio = self.prior.log_prob(z) - normal.log_prob(z, **repeated)
        return ops.reshape(log_ratio, (-1, draws))

    def _log_weight(self, output, z, repeated, xs, conditions, draws):
        return self._log_p(output, xs, conditions, draws) + self._log_ratio(z, repeated, draws)

    # --- training ----------------------------------------------------------------------------

    def track(self, loss, reconstruction, examples):
        """Updates the metrics with the means over a batch, nats."""
        super().track(loss, reconstruction, examples)
        # `call` ran in the same trace, just before: its KL is still at hand.
        kl, self._kl = ops.mean(self._kl), None
        self.elbo_tracker.update_state(-(reconstruction + kl), sample_weight=examples)
        self.kl_tracker.update_state(kl, sample_weight=examples)
        if self.monitor == "bound":
            self.bound_tracker.update_state(-loss, sample_weight=examples)

    def count_params(self):
        """Parameters of the model; a schedule's step counts for none."""
        return super().count_params() - (self.step is not None)

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}
