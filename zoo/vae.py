"""The variational autoencoder: two networks, a prior, a likelihood and an objective, held together.

Source: Kingma & Welling 2014, "Auto-Encoding Variational Bayes".
"""

import keras
import numpy as np
from keras import ops

from zoo import likelihoods, noise
from zoo.distributions import normal
from zoo.errors import InputError
from zoo.objectives import ELBO
from zoo.priors import StandardNormal


class NegativeLogLikelihood(keras.losses.Loss):
    """-log p(x|z) in nats: summed over the event by the likelihood, averaged over the batch."""

    def __init__(self, likelihood, name="reconstruction"):
        super().__init__(name=name, reduction="sum_over_batch_size")
        self.likelihood = likelihood

    def call(self, x, output):
        return -self.likelihood.log_prob(x, output)


@keras.saving.register_keras_serializable(package="zoo")
class VAE(keras.Model):
    """Variational autoencoder with a diagonal normal posterior.

    Final: pass another encoder, decoder, prior, likelihood or objective; do not subclass.

    Trained by `compile(optimizer)` and `fit(x, x)`. The loss is -ELBO in nats: the compiled loss
    is the reconstruction term, the objective's KL penalty enters through `add_loss`. The progress
    bar shows `elbo`, `reconstruction` (-log p(x|z)) and `kl`, with elbo = -(reconstruction + kl)
    whatever the objective makes of the two.

    Args:
        encoder: [batch, *event] -> {"mean", "log_var"}, each [batch, latent].
        decoder: [batch, latent] -> the likelihood's raw output, [batch, *event].
        prior: p(z); a standard normal unless given.
        likelihood: p(x|z), or its name: "bernoulli" or "normal".
        objective: what is done with the KL term; the ELBO itself unless given.
        seed: of the noise that training draws.
    """

    score_samples = 16  # K of the `score` endpoint

    def __init__(
        self,
        encoder,
        decoder,
        prior=None,
        likelihood="bernoulli",
        objective=None,
        seed=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.prior = prior or StandardNormal()
        self.likelihood = likelihoods.get(likelihood)
        self.objective = objective or ELBO()
        self.seed = seed
        self.event_shape = tuple(encoder.input_shape[1:])
        self.latent = decoder.input_shape[-1]
        self._check_shapes()
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.elbo_tracker = keras.metrics.Mean(name="elbo")
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")
        self.kl_tracker = keras.metrics.Mean(name="kl")
        self._kl = None
        self.build()

    def _check_shapes(self):
        shapes = self.encoder.compute_output_shape((None, *self.event_shape))
        latents = {name: shape[-1] for name, shape in shapes.items()}
        if latents != {"mean": self.latent, "log_var": self.latent}:
            raise InputError(
                f"The encoder gives {latents}, the decoder takes {self.latent} latents: the "
                "encoder must give `mean` and `log_var` of as many axes as the decoder takes."
            )
        if tuple(self.decoder.output_shape[1:]) != self.event_shape:
            raise InputError(
                f"The encoder takes events of shape {self.event_shape}, the decoder gives "
                f"{tuple(self.decoder.output_shape[1:])}: both must be the same."
            )

    def build(self, input_shape=None):
        """Builds what is not yet built; the networks arrive built."""
        if not self.likelihood.built:
            self.likelihood.build((None, *self.event_shape))
        if not self.prior.built:
            self.prior.build((None, self.latent))
        self.built = True

    def call(self, x, training=None):
        """[batch, *event] -> the likelihood's raw output, decoded from one posterior sample."""
        posterior = self.encoder(x, training=training)
        self._kl = self.prior.kl(posterior)
        self.add_loss(self.objective.penalty(self._kl))
        drawn = keras.random.normal(ops.shape(posterior["mean"]), seed=self.seed_generator)
        return self.decoder(normal.sample(**posterior, noise=drawn), training=training)

    # --- the endpoints of the artifact contract; deterministic, no dropout -------------------

    def encode(self, x):
        """[batch, *event] -> {"mean", "log_var"}, each [batch, latent]."""
        return self.encoder(x, training=False)

    def decode(self, z):
        """[batch, latent] -> {"x_mean"}: the likelihood's mean, [batch, *event]."""
        return {"x_mean": self.likelihood.mean(self.decoder(z, training=False))}

    def reconstruct(self, x):
        """[batch, *event] -> {"x_mean"}: what the posterior's mean decodes to."""
        return self.decode(self.encode(x)["mean"])

    def generate(self, seed):
        """int64 [batch] -> {"x_mean", "z"}: one sample of the prior a seed, decoded.

        Row i depends on seed[i] alone. z is the same to the last bit in every runtime.
        """
        z = self.prior.sample(noise.normal(seed, (self.latent,)))
        return {**self.decode(z), "z": z}

    def score(self, x):
        """[batch, *event] -> {"elbo", "reconstruction", "kl"}, each [batch], nats.

        Deterministic: -log p(x|z) is averaged over the same `score_samples` noise draws for
        every example. -elbo is an anomaly score.
        """
        draws = noise.normal(np.arange(self.score_samples), (self.latent,))[None]
        terms = self.terms(x, draws)
        return {"elbo": -(terms["reconstruction"] + terms["kl"]), **terms}

    # --- densities, per example, for evaluation ----------------------------------------------

    def terms(self, x, noise):
        """Both terms of the bound: x [batch, *event], noise [batch, samples, latent] -> nats.

        Noise [1, samples, latent] is the same for every example.
        {"reconstruction": -E_q[log p(x|z)], estimated by the noise's samples, "kl": exact}, each
        [batch]; the ELBO is minus their sum.
        """
        posterior = self.encode(x)
        log_p, _ = self._sampled(x, posterior, noise)
        return {"reconstruction": -ops.mean(log_p, axis=1), "kl": self.prior.kl(posterior)}

    def log_weight(self, x, noise):
        """log p(x, z) - log q(z|x) of z drawn by `noise`: importance weights, Burda et al. 2016.

        x [batch, *event] and noise [batch, samples, latent] -> [batch, samples], nats.
        """
        posterior = self.encode(x)
        log_p, z = self._sampled(x, posterior, noise)
        samples = ops.shape(noise)[1]
        rows = {name: ops.repeat(value, samples, axis=0) for name, value in posterior.items()}
        log_ratio = self.prior.log_prob(z) - normal.log_prob(z, **rows)
        return log_p + ops.reshape(log_ratio, ops.shape(log_p))

    def _sampled(self, x, posterior, noise):
        """log p(x|z) [batch, samples], and z [batch * samples, latent], sample by sample."""
        samples = ops.shape(noise)[1]
        wide = {name: ops.expand_dims(value, 1) for name, value in posterior.items()}
        z = ops.reshape(normal.sample(**wide, noise=noise), (-1, self.latent))
        output = self.decoder(z, training=False)
        log_p = self.likelihood.log_prob(ops.repeat(x, samples, axis=0), output)
        return ops.reshape(log_p, (-1, samples)), z

    # --- training ----------------------------------------------------------------------------

    def compile(self, optimizer="adam", **kwargs):
        """As `keras.Model.compile`, but for the loss, which the likelihood settles."""
        if "loss" in kwargs:
            raise InputError("A VAE takes no loss: pass a likelihood and an objective instead.")
        super().compile(optimizer=optimizer, loss=NegativeLogLikelihood(self.likelihood), **kwargs)

    def get_compile_config(self):
        if not self.compiled:
            return None
        return {"optimizer": keras.saving.serialize_keras_object(self.optimizer)}

    def compile_from_config(self, config):
        self.compile(optimizer=keras.saving.deserialize_keras_object(config["optimizer"]))
        self.optimizer.build(self.trainable_variables)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(
            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training
        )
        # `call` ran in the same trace, just before: its KL is still at hand.
        kl, self._kl = ops.mean(self._kl), None
        reconstruction = loss - sum(self.losses)
        weight = ops.shape(y_pred)[0]
        self.elbo_tracker.update_state(-(reconstruction + kl), sample_weight=weight)
        self.reconstruction_tracker.update_state(reconstruction, sample_weight=weight)
        self.kl_tracker.update_state(kl, sample_weight=weight)
        return loss

    def get_config(self):
        parts = ("encoder", "decoder", "prior", "likelihood", "objective")
        return {
            **super().get_config(),
            **{part: keras.saving.serialize_keras_object(getattr(self, part)) for part in parts},
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        parts = ("encoder", "decoder", "prior", "likelihood", "objective")
        return cls(
            **{
                name: keras.saving.deserialize_keras_object(value) if name in parts else value
                for name, value in config.items()
            }
        )
