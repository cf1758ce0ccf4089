"""The variational autoencoder: networks, posterior, prior, likelihood, objective, held together.

Source: Kingma & Welling 2014, "Auto-Encoding Variational Bayes".
"""

import keras
import numpy as np
from keras import ops

from zoo import noise
from zoo.errors import InputError
from zoo.latents import posteriors, priors
from zoo.models.latent_model import STEPS, LatentModel, repeat
from zoo.objectives import ELBO, Terms, bound


@keras.saving.register_keras_serializable(package="zoo.models")
class VAE(LatentModel):
    """Variational autoencoder.

    Final: pass another encoder, decoder, posterior, prior, likelihood or objective; do not
    subclass.

    Trained as `LatentModel` says; what the objective makes of the KL enters through `add_loss`. The
    progress bar shows `elbo`, `reconstruction` (-log p(x|z)) and `kl`, with
    elbo = -(reconstruction + kl) whatever the objective makes of the two, and for an objective with
    several draws its `bound`. The KL is exact where posterior and prior have an exact one, else
    sampled: log q(z|x) - log p(z).

    Args:
        encoder: [batch, *event] -> the posterior's parameters, its `outputs`, by name.
        decoder: [batch, latent] -> the likelihood's raw output, `parameters` of each value.
        posterior: q(z|x), or its name, one of `zoo.latents.posteriors.NAMES`; diagonal normal
            unless given.
        prior: p(z), or its name, one of `zoo.latents.priors.NAMES`; the posterior's standard one
            unless given.
        likelihood: p(x|z), or its name, one of `zoo.likelihoods.NAMES`.
        objective: what is done with the two terms; the ELBO itself unless given.
        conditions: as in `LatentModel`.
        seed: of the noise that training draws.

    Raises:
        InputError: for parts that do not fit each other.
    """

    parts = ("encoder", "decoder", "posterior", "prior", "likelihood", "objective")
    nats = ("elbo", "reconstruction", "kl")
    score_samples = 16  # K of the `score` endpoint

    def __init__(
        self,
        encoder,
        decoder,
        posterior="normal",
        prior="standard",
        likelihood="bernoulli",
        objective=None,
        conditions=None,
        seed=0,
        **kwargs,
    ):
        posterior = posteriors.get(posterior)
        super().__init__(encoder, decoder, likelihood, conditions, posterior=posterior, **kwargs)
        self.prior = priors.get(prior, posterior, self.event_shape)
        self.objective = objective or ELBO()
        self.seed = seed
        self._check_pair()
        self._check_objective()
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.elbo_tracker = keras.metrics.Mean(name="elbo")
        self.kl_tracker = keras.metrics.Mean(name="kl")
        if self.monitor == "bound":
            self.bound_tracker = keras.metrics.Mean(name="bound")
        self.step = None
        if self.objective.scheduled or posterior.scheduled:
            self.step = self.add_weight(name="step", dtype="int32", trainable=False)
        self._kl = self._bound = None
        self.build()

    @property
    def outputs_of_encoder(self):
        """{name: width} of the posterior's parameters."""
        return self.posterior.outputs(self.latent)

    @property
    def latent_facts(self):
        """What a manifest says of the latents."""
        return {
            "size": self.latent,
            "posterior": self.posterior.family,
            "prior": self.prior.family,
            "exact_bits": self.prior.exact_bits,
            **self.posterior.facts(self.latent),
        }

    @property
    def draws(self):
        """Posterior samples of an example in training."""
        return self.objective.draws

    @property
    def monitor(self):
        """The metric by which the best epoch is chosen."""
        return self.objective.monitor

    @property
    def exact_kl(self):
        """Whether the KL of posterior and prior is known, and not sampled."""
        return self.posterior.standard == self.prior.family

    def _check_pair(self):
        """Refuses a posterior and a prior that do not belong together."""
        q, p = self.posterior, self.prior
        if q.support != p.support:
            raise InputError(
                f"A {q.family} posterior has samples of the kind {q.support!r}, the {p.family} "
                f"prior is over {p.support!r} ones. Take prior='standard', or a posterior that "
                "fits it."
            )
        if q.relaxed and not self.exact_kl:
            raise InputError(
                f"A {q.family} posterior is trained on relaxed samples, of which the {p.family} "
                f"prior knows no density, and their KL has no closed form. Take the "
                f"{q.standard} prior."
            )
        if getattr(q, "classes", None) != getattr(p, "classes", None):
            raise InputError(
                f"The posterior's latents have {q.classes} classes, the prior's {p.classes}: both "
                "must be the same."
            )
        if p.encodes and (q.family != "normal" or self.conditions):
            raise InputError(
                f"The {p.family} prior is made of normal encodings of what it has learned: the "
                f"posterior must be normal, it is {q.family}, and the model can take no "
                f"conditions, it takes {', '.join(self.conditions) or 'none'}."
            )
        if p.encodes and p.event_shape != self.event_shape:
            raise InputError(
                f"The {p.family} prior learns inputs of shape {p.event_shape}, the encoder takes "
                f"{self.event_shape}: give the prior that event_shape."
            )

    def _check_objective(self):
        q, objective = self.posterior, self.objective
        name = type(objective).__name__
        if objective.by_latent and not (self.exact_kl and q.kl_by_latent):
            raise InputError(
                f"{name} needs the KL of each latent, which a {q.family} posterior and the "
                f"{self.prior.family} prior do not have: take another objective, such as ELBO."
            )
        if objective.of_normal and q.family != "normal":
            raise InputError(
                f"{name} is computed from the densities of a normal posterior; this one is "
                f"{q.family}: take another objective, such as ELBO."
            )
        if objective.weighs and q.relaxed:
            raise InputError(
                f"{name} weighs samples by their densities, which relaxed samples of a {q.family} "
                "posterior do not have under the discrete model: take another objective."
            )
        if objective.gradient_weights is not None and not q.has_density:
            raise InputError(
                f"The doubly reparameterized gradient asks for the density of any z, which a "
                f"{q.family} posterior does not give: pass doubly_reparameterized=False."
            )

    def build(self, input_shape=None):
        """Builds what is not yet built; the networks arrive built."""
        for part in (self.posterior, self.prior):
            if not part.built:
                part.build((None, self.latent))
        super().build(input_shape)

    def call(self, inputs, training=None):
        """[batch, *event] (and conditions) -> raw output of `draws` posterior samples an example.

        [batch * draws, *event], the draws of an example side by side.
        """
        x, condition = self.split(inputs)
        posterior = self.encoder(self.beside(x, condition), training=training)
        rows, draws = ops.shape(x)[0], self.draws
        step = None if self.step is None else self.step + 0  # a value: the variable itself goes on
        drawn = noise.draw_afresh(
            self.posterior.noise(self.latent), rows * draws, self.seed_generator
        )
        repeated = {name: repeat(value, draws) for name, value in posterior.items()}
        z, log_q = self.posterior.draw(repeated, drawn, training=bool(training), step=step)
        xs, conditions = repeat(x, draws), tuple(repeat(c, draws) for c in condition)
        reweigh = self.objective.gradient_weights
        if reweigh is not None:
            # The path's weights depend on what is decoded: hence a first pass without a gradient.
            repeated = {name: ops.stop_gradient(value) for name, value in repeated.items()}
            first = self.raw(z, conditions, xs, training=training)
            log_p = self._log_p(first, xs, conditions, draws)
            log_ratio = self._log_ratio(z, self.posterior.log_prob(z, repeated), draws)
            share = ops.stop_gradient(reweigh(log_p, log_ratio, step))
            share = ops.reshape(share, (-1, 1))
            held = ops.stop_gradient(z)
            z = held + share * (z - held)
            log_q = self.posterior.log_prob(z, repeated)
        output = self.raw(z, conditions, xs, training=training)
        if self.step is not None and training:
            self.step.assign(step + 1)
        terms = Terms(
            posterior=posterior,
            z=z,
            step=step,
            kl_of=lambda: self.posterior.kl_to_standard_by_axis(posterior),
            kl_sum_of=lambda: self._kl_of(posterior, z, log_q, draws),
            log_p_of=lambda: self._log_p(output, xs, conditions, draws),
            log_ratio_of=lambda: self._log_ratio(z, log_q, draws),
        )
        self._kl = terms.kl
        self._bound = bound(terms.log_weight) if self.monitor == "bound" else None
        self.add_loss(self.objective.regulariser(terms))
        return output

    # --- the endpoints of the artifact contract that the base does not have ------------------

    def generate(self, seed, *condition):
        """int64 [batch] -> {"x_mean", "z"}: one sample of the prior a seed, decoded.

        Row i depends on seed[i] alone. The noise is the same to the last bit in every runtime, and
        so is z where the prior has `exact_bits`. An autoregressive decoder draws each step from the
        same seed and feeds it back; `x_mean` are the means given the steps drawn before. Its binary
        steps come out differently in another runtime where the noise lies between the two runtimes'
        probabilities: see `margin`.
        """
        drawn = noise.draw(self.prior.noise(self.latent), seed)
        z = self.prior.sample(drawn, self._encode_normal)
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
        kinds = self.posterior.noise(self.latent)
        draws = noise.draw(kinds, np.arange(self.score_samples))[None]
        terms = self.terms(x, draws, *condition)
        return {"elbo": -(terms["reconstruction"] + terms["kl"]), **terms}

    # --- densities, per example, for evaluation ----------------------------------------------

    def represent(self, x, *condition):
        """[batch, *event] -> [batch, latent]: the one point that stands for x."""
        return self.posterior.point(self.encode(x, *condition))

    def terms(self, x, noise, *condition):
        """Both terms of the bound: x [batch, *event], noise [batch, samples, count] -> nats.

        Noise [1, samples, count] is the same for every example; its kinds are those of
        `posterior.noise`. {"reconstruction": -E_q[log p(x|z)], estimated by the noise's samples,
        "kl": exact, or estimated by the same samples}, each [batch]; the ELBO is minus their sum.
        """
        posterior = self.encode(x, *condition)
        log_p, z, log_q, samples = self._sampled(x, posterior, noise, condition)
        kl = self._kl_of(posterior, z, log_q, samples)
        return {"reconstruction": -ops.mean(log_p, axis=1), "kl": kl}

    def log_weight(self, x, noise, *condition):
        """log p(x, z) - log q(z|x) of z drawn by `noise`: importance weights, Burda et al. 2016.

        x [batch, *event] and noise [batch, samples, count] -> [batch, samples], nats.
        """
        posterior = self.encode(x, *condition)
        log_p, z, log_q, samples = self._sampled(x, posterior, noise, condition)
        return log_p + self._log_ratio(z, log_q, samples)

    def _sampled(self, x, posterior, noise, condition):
        """log p(x|z) [batch, samples]; z and log q(z|x), rows = batch * samples; samples."""
        samples = ops.shape(noise)[1]
        # As many rows as examples; asking for their number would leave a computed shape in graphs.
        of_each = ops.sum(next(iter(posterior.values())), axis=1, keepdims=True)
        noise = noise + 0.0 * ops.expand_dims(of_each, 1)
        repeated = {name: repeat(value, samples) for name, value in posterior.items()}
        z, log_q = self.posterior.draw(repeated, ops.reshape(noise, (-1, noise.shape[-1])))
        xs, conditions = repeat(x, samples), tuple(repeat(c, samples) for c in condition)
        output = self.raw(z, conditions, xs)
        return self._log_p(output, xs, conditions, samples), z, log_q, samples

    def _log_p(self, output, xs, conditions, draws):
        """log p(x|z): rows = batch * draws -> [batch, draws]."""
        log_p = self.likelihood.log_prob(xs, output, self.weight(conditions))
        return ops.reshape(log_p, (-1, draws))

    def _log_ratio(self, z, log_q, draws):
        """log p(z) - log q(z|x): rows = batch * draws -> [batch, draws]."""
        log_ratio = self.prior.log_prob(z, self._encode_normal) - log_q
        return ops.reshape(log_ratio, (-1, draws))

    def _kl_of(self, posterior, z, log_q, draws):
        """KL(q(z|x) || p(z)): [batch], exact or the mean of the draws."""
        if self.exact_kl:
            return self.posterior.kl_to_standard(posterior)
        return -ops.mean(self._log_ratio(z, log_q, draws), axis=1)

    def _encode_normal(self, x):
        """What a prior asks that `encodes`: x [n, *event] -> {"mean", "log_var"}."""
        return self.encoder(x, training=False)

    # --- training ----------------------------------------------------------------------------

    def track(self, loss, reconstruction, examples):
        """Updates the metrics with the means over a batch, nats."""
        super().track(loss, reconstruction, examples)
        # `call` ran in the same trace, just before: its KL is still at hand.
        kl, reached, self._kl, self._bound = ops.mean(self._kl), self._bound, None, None
        self.elbo_tracker.update_state(-(reconstruction + kl), sample_weight=examples)
        self.kl_tracker.update_state(kl, sample_weight=examples)
        if reached is not None:
            # Of the model, as the ELBO is: whatever weight the objective gives the KL for now.
            self.bound_tracker.update_state(ops.mean(reached), sample_weight=examples)

    def count_params(self):
        """Parameters of the model; a schedule's step counts for none."""
        return super().count_params() - (self.step is not None)

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}
