"""The variational autoencoder: networks, latents, likelihood, objective, held together.

Source: Kingma & Welling 2014, "Auto-Encoding Variational Bayes".
"""

import dataclasses

import keras
import numpy as np
from keras import ops

from zoo import noise
from zoo.artifact.endpoints import LIKELIHOOD_RATIO
from zoo.errors import InputError
from zoo.latents import Draw, Flat
from zoo.latents.base import repeat
from zoo.models import latents_fit, likelihood_ratio, networks_fit, sizes, training_inputs
from zoo.models.latent_model import STEPS, LatentModel
from zoo.objectives import ELBO, average, bound

SCORE_SAMPLES = 16


@keras.saving.register_keras_serializable(package="zoo.models")
class VAE(LatentModel):
    """Variational autoencoder.

    Final: pass another encoder, decoder, latents, likelihood or objective; do not subclass.

    Trained as `LatentModel` says; what the objective makes of the KL enters through `add_loss`. The
    progress bar shows `elbo`, `reconstruction` (-log p(x|z)) and `kl`, with
    elbo = -(reconstruction + kl) whatever the objective makes of the two, for an objective with
    several draws its `bound`, and whatever the latents measure besides.

    `call` gives a dict of the raw output [batch * draws, ...], the draws of an example side by
    side, and of a `zoo.latents.Draw`'s tensors.

    Args:
        encoder: [batch, *event] -> {name: features}, the latents' `feature_shapes`.
        decoder: the latents' state, [batch, *state_shape] -> the likelihood's raw output.
        latents: a `zoo.latents.Latents`; a normal posterior and a standard normal prior of as many
            values as the decoder takes unless given.
        likelihood: p(x|z), or its name, one of `zoo.likelihoods.NAMES`.
        objective: what is done with the terms of the bound; the ELBO itself unless given.
        conditions: as in `LatentModel`.
        seed: of the noise that training draws.
        prior_share: share of a batch that training decodes from a draw of the prior in place of
            x's own, in [0, 1): the mean of log p(x|z) over the prior is a bound of log p(x), too
            (Jensen). An autoregressive decoder learns what to write where the prior draws and
            nothing is encoded; what the KL and the property head are told is x's own draw.
        mean_share: share of a batch that training decodes from the one z that stands for x, its
            posterior's mean, in place of a draw, in [0, 1): what `reconstruct` does. The decoder
            learns to give x back from there, however few nats a draw carries.
        property_head: a `zoo.models.property_head.PropertyHead`: what z says of numbers that are
            known besides. The model is then trained by `fit((x, *conditions, y))`, y [batch,
            properties], NaN where unknown, whose weighted -log p(y|z) enters the loss and no nats
            of x; the progress bar shows it as `properties`.

    Raises:
        InputError: for parts that do not fit each other.
    """

    parts = ("encoder", "decoder", "latents", "likelihood", "objective", "property_head")
    nats = ("elbo", "reconstruction", "kl")
    generates = True

    def __init__(
        self,
        encoder,
        decoder,
        latents=None,
        likelihood="bernoulli",
        objective=None,
        conditions=None,
        seed=0,
        prior_share=0.0,
        mean_share=0.0,
        property_head=None,
        **kwargs,
    ):
        super().__init__(encoder, decoder, likelihood, conditions, **kwargs)
        self.latents = latents or Flat(decoder.inputs[0].shape[-1])
        self.objective = objective or ELBO()
        self.seed = seed
        self.prior_share = float(prior_share)
        self.mean_share = float(mean_share)
        self.property_head = property_head
        _check_shares(self)
        networks_fit.require(self)
        latents_fit.require(self)
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.elbo_tracker = keras.metrics.Mean(name="elbo")
        self.kl_tracker = keras.metrics.Mean(name="kl")
        if self.objective.monitor == "bound":
            self.bound_tracker = keras.metrics.Mean(name="bound")
        if property_head is not None:
            self.properties_tracker = keras.metrics.Mean(name="properties")
        self.latent_trackers = self.latents.new_metrics()
        self.step = None
        if self.objective.scheduled or self.latents.scheduled:
            self.step = self.add_weight(name="step", dtype="int32", trainable=False)
        self.build()

    # --- what the model states of itself -----------------------------------------------------

    @property
    def latent(self):
        return self.latents.size

    @property
    def encoded(self):
        return self.latents.encoded

    @property
    def feature_shapes(self):
        return self.latents.feature_shapes

    @property
    def state_shape(self):
        return tuple(self.latents.state_shape)

    @property
    def latent_facts(self):
        return self.latents.facts()

    @property
    def code_count(self):
        return self.latents.classes

    @property
    def properties(self):
        return () if self.property_head is None else self.property_head.names

    @property
    def draws(self):
        return self.objective.draws

    @property
    def monitor(self):
        return "loss" if self.properties else self.objective.monitor  # which knows of them, too

    @property
    def settled_step(self):
        return self.objective.last_step if self.properties else self.objective.settled_step

    @property
    def objective_shown(self):
        return repr(self.objective)

    @property
    def exact_kl(self):
        return self.latents.exact_kl

    @property
    def samples_posterior(self):
        return bool(self.latents.noise_kinds())

    @property
    def widest_decoding(self):
        within = [sizes.largest(network) for network in self.latents.networks]
        return max(super().widest_decoding, self.latents.widest, *within)

    @property
    def score_samples(self):
        return SCORE_SAMPLES if self.samples_posterior else None

    @property
    def ratio_groups(self):
        return self.latents.ratio_groups

    @property
    def pseudo_input_count(self):
        return self.latents.pseudo_input_count

    def start_pseudo_inputs(self, x):
        """Lets the prior's pseudo-inputs begin at examples x [n, *event], where it has some."""
        seen = self.likelihood.network_input(ops.convert_to_tensor(x, "float32"))
        self.latents.start_pseudo_inputs(ops.convert_to_numpy(seen))

    def build(self, input_shape=None):
        """Builds what is not yet built; networks and latents arrive built."""
        super().build(input_shape)

    # --- the endpoints of the artifact contract that the base does not have ------------------

    def encode(self, x, *condition):
        encoded = self.latents.encode(self.features(x, condition))
        return self._only_valid(encoded, condition, x=x)

    def point(self, x, *condition):
        return self.latents.point(self.features(x, condition))

    def represent(self, x, *condition):
        return self.latents.embedding(self.point(x, *condition))

    def state(self, z):
        return self.latents.place(z)

    def generate(self, seed, *condition):
        """int64 [batch] -> the likelihood's `outputs` and "z": one sample of the prior a seed.

        Where the likelihood says so it is `drawn` from p(x|z) by the same seed, since a mean is no
        example.

        Row i depends on seed[i] alone. The noise is the same to the last bit in every runtime, and
        so is z where the latents have `exact_bits`. An autoregressive decoder draws each step from
        the same seed and feeds it back; `x_mean` are the means given the steps drawn before. Its
        steps come out differently in another runtime where the noise lies between the two runtimes'
        probabilities, and so do codes: see `margin`. After the conditions come the likelihood's
        `covariates`, as in `decode`.
        """
        condition, covariates = self._apart(condition)
        drawn = noise.draw(self.latents.prior_noise_kinds(), seed)
        z, state = self.latents.generate(drawn, self._pseudo())
        drawn, steps = None, self.autoregressive or self.draws_generated
        if steps:
            drawn = self.likelihood.noise(seed, self.event_shape, STEPS)
        if self.autoregressive:
            raw = self._drawn(z, condition, drawn)
        else:
            raw = self.raw(state, condition, None)
        if steps:
            answer = self.likelihood.drawn(raw, drawn, self._step_weight(condition))
        else:
            answer = self._outputs(raw, condition, covariates)
        return self._only_valid({**answer, self._z_name: z}, condition)

    def generate_from_split_seed(self, low, high, *condition):
        """`generate` of seeds split by `noise.split_seed`: JAX has no int64 by default."""
        return self.generate((low, high), *condition)

    def score(self, x, *condition):
        """[batch, *event] -> {"elbo", "reconstruction", "kl"}, each [batch], nats; and `scores`.

        Deterministic: -log p(x|z) is averaged over the same `score_samples` noise draws for
        every example, and so is what the likelihood `scores` besides. -elbo is an anomaly score,
        and so is each column of "likelihood_ratio" [batch, len(ratio_groups)], where there are
        some: see `zoo.models.likelihood_ratio`.
        """
        draws, parts = None, 1 + len(self.ratio_groups)
        if self.samples_posterior:
            draws = noise.draw(self.latents.noise_kinds(), np.arange(self.score_samples))[None]
        raw, draw, samples = self._sampled(x, draws, condition, parts)
        raw, *above = ops.split(raw, parts) if parts > 1 else [raw]
        terms = self._terms(raw, draw, x, samples, condition)
        answer = {"elbo": -(terms["reconstruction"] + terms["kl"]), **terms}
        if above:
            of_each = [self._log_p(each, x, condition, samples) for each in above]
            ratio = likelihood_ratio.of(answer["elbo"], draw.kl, of_each, self.ratio_groups)
            answer[LIKELIHOOD_RATIO] = ratio
        besides = self.likelihood.scores(repeat(x, samples), raw)
        for name, value in besides.items():
            value = ops.reshape(value, (-1, samples, *value.shape[1:]))
            answer[name] = ops.mean(value, axis=1)
        return self._only_valid(answer, condition, x=x)

    def predict_properties(self, z):
        """[batch, latent] -> {property: [batch]}, each in its unit: see `PropertyHead`."""
        return self.property_head.predict(z)

    @property
    def _z_name(self):
        return "z" if self.code_count is None else "codes"

    # --- densities, per example, for evaluation ----------------------------------------------

    def terms(self, x, drawn, *condition):
        """Both terms of the bound: x [batch, *event], drawn [batch, samples, count] -> nats.

        `drawn` is noise; [1, samples, count] is the same for every example; its kinds are those of
        `latents.noise_kinds`; None where these are none. {"reconstruction": -E_q[log p(x|z)],
        estimated by the noise's samples, "kl": exact, or estimated by the same samples}, each
        [batch]; the ELBO is minus their sum.
        """
        raw, draw, samples = self._sampled(x, drawn, condition)
        return self._terms(raw, draw, x, samples, condition)

    def _terms(self, raw, draw, x, samples, condition):
        log_p = self._log_p(raw, x, condition, samples)
        return {"reconstruction": -ops.mean(log_p, axis=1), "kl": draw.total_kl}

    def log_weight(self, x, drawn, *condition):
        """log p(x, z) - log q(z|x) of z by noise drawn: importance weights, Burda et al. 2016.

        x [batch, *event] and drawn [batch, samples, count] -> [batch, samples], nats.
        """
        raw, draw, samples = self._sampled(x, drawn, condition)
        return self._log_p(raw, x, condition, samples) + draw.log_ratio

    def log_prior(self, z):
        """log p(z) of z [rows, latent], where the latents have such a density: [rows], nats."""
        return self.latents.log_prior(z, self._pseudo())

    def margin(self, inputs, answer):
        if self.code_count is None:
            return super().margin(inputs, answer)
        if "seed" in inputs:
            drawn = noise.draw(self.latents.prior_noise_kinds(), inputs["seed"])
            return self.latents.margin(noise=drawn, z=answer["codes"])
        if "x" in inputs:
            condition = [inputs[name] for name in self.conditions]
            return self.latents.margin(features=self.features(inputs["x"], condition))
        return None

    def _sampled(self, x, drawn, condition, parts=1):
        """(raw output, the draw, samples) by noise drawn, [batch or 1, samples, count].

        The rows of `parts` lie one below the other, as in `Latents.infer_above`.
        """
        features, samples = self.features(x, condition), 1
        if drawn is not None:
            samples = ops.shape(drawn)[1]
            # As many rows as examples; asking for their number would leave a computed shape in
            # graphs.
            of_each = next(iter(features.values()))
            of_each = ops.reshape(of_each, (-1, 1, int(np.prod(of_each.shape[1:]))))
            drawn = drawn + 0.0 * ops.sum(of_each, axis=2, keepdims=True)
            drawn = ops.reshape(drawn, (-1, drawn.shape[-1]))
        infer = self.latents.infer if parts == 1 else self.latents.infer_above
        draw = infer(features, drawn, samples, pseudo=self._pseudo())
        x, *condition = (repeat(each, samples) for each in (x, *condition))
        if parts > 1:
            x, *condition = (ops.concatenate([each] * parts) for each in (x, *condition))
        return self.raw(draw.state, tuple(condition), x), draw, samples

    def _pseudo(self):
        """What the encoder makes of the prior's pseudo-inputs; None where it has none."""
        learned = self.latents.pseudo_inputs()
        return None if learned is None else self._encoded(learned, ())

    # --- training ----------------------------------------------------------------------------

    def call(self, inputs, training=None):
        """[batch, *event] (and conditions) -> {"raw", "added", and a draw's tensors}."""
        (x, condition, y), training = self._split(inputs), bool(training)
        x, made = training_inputs.made(self, x)
        features, draws = self.features(x, condition, training), self.draws
        kinds = self.latents.noise_kinds()
        drawn = None
        if kinds:
            drawn = noise.draw_afresh(kinds, ops.shape(x)[0] * draws, self.seed_generator)
        step = None if self.step is None else self.step + 0  # a value: the variable itself goes on
        draw = self.latents.infer(features, drawn, draws, training, step, self._pseudo())
        if training and (self.prior_share or self.mean_share):
            draw = self._partly_replaced(draw, features)
        again = training and self.objective.doubly_reparameterized
        before = [variable + 0 for variable in self._decoder_state()] if again else ()
        raw = self._decoded(draw.state, x, condition, training)
        for variable, value in zip(self._decoder_state() if again else (), before, strict=True):
            variable.assign(value)  # what decodes once more does so with the same dropout
        if self.step is not None and training:
            self.step.assign(step + 1)
        if y is not None:
            draw = self._with_properties(draw, y)
        added = self.objective.regulariser(draw, step) + _penalty(draw)
        self.add_loss(added)
        return {"raw": raw, "added": ops.reshape(added, (1,)), **draw.to_tensors(), **made}

    def _partly_replaced(self, draw, features):
        """A draw some of whose states are the prior's, and some that of x's mean, by chance."""
        rows = ops.shape(draw.z)[0]
        chance = noise.draw_afresh((("uniform", 1),), rows, self.seed_generator)
        chance = ops.reshape(chance, (-1, *[1] * (len(draw.state.shape) - 1)))
        state = draw.state
        if self.prior_share:
            drawn = noise.draw_afresh(self.latents.prior_noise_kinds(), rows, self.seed_generator)
            _, others = self.latents.generate(drawn, self._pseudo())
            state = ops.where(chance < self.prior_share, ops.stop_gradient(others), state)
        if self.mean_share:
            mean = repeat(self.state(self.latents.point(features)), self.draws)
            state = ops.where(chance >= 1.0 - self.mean_share, mean, state)
        return dataclasses.replace(draw, state=state)

    def _with_properties(self, draw, y):
        """A draw whose penalty holds what its z says of the properties y [batch, properties]."""
        nats = self.property_head.nats(draw.z, ops.cast(repeat(y, self.draws), "float32"))
        nats = ops.mean(ops.reshape(nats, (-1, self.draws)), axis=1)
        penalty = self.property_head.weight * nats
        penalty = penalty if draw.penalty is None else draw.penalty + penalty
        return dataclasses.replace(
            draw, penalty=penalty, measured={**draw.measured, "properties": nats}
        )

    def _decoded(self, state, x, condition, training):
        repeated = tuple(repeat(each, self.draws) for each in condition)
        return self.raw(state, repeated, repeat(x, self.draws), training=training)

    def _decoder_state(self):
        """What a pass through the decoder changes: random generators, moving averages."""
        return self.decoder.non_trainable_variables

    def _taught(self, y_pred, condition, y, training):
        return self._decoded(y_pred["state"], y, condition, training)

    def _loss(self, x, condition, y_pred, weight, training):
        draw, step = Draw.from_tensors(y_pred), self._step_of_call(training)
        log_p = self._log_p(y_pred["raw"], x, condition, self.draws)
        self._track_terms(log_p, draw, weight)
        others = sum(self.losses) - y_pred["added"][0]  # such as the networks' weight penalties
        if training and self.objective.doubly_reparameterized:
            log_p, draw = self._with_weighted_path(log_p, draw, x, condition, step)
        elif weight is None and self.objective.additive:
            return self.objective.data_term(log_p) + sum(self.losses)
        loss = self.objective.loss(log_p, draw, step, weight) + _penalty(draw, weight)
        return loss * (1.0 if weight is None else ops.mean(weight)) + others

    def _step_of_call(self, training):
        """The step that `call` saw before it counted."""
        return None if self.step is None else self.step - int(bool(training))

    def _with_weighted_path(self, log_p, draw, x, condition, step):
        """The same values, their gradient through z multiplied by the objective's path weights.

        The weights depend on what is decoded: hence a second pass through the decoder.
        """
        share = self.objective.path_weights(log_p, draw.log_ratio, step)
        share = ops.reshape(ops.stop_gradient(share), (-1, 1))
        held = ops.stop_gradient(draw.z)
        z = held + share * (draw.z - held)
        fixed = {
            name: repeat(ops.stop_gradient(value), self.draws)
            for name, value in draw.parameters.items()
        }
        log_ratio = self.latents.log_ratio(z, fixed, self._pseudo())
        log_ratio = ops.reshape(log_ratio, (-1, self.draws))
        raw = self._decoded(self.state(z), x, condition, True)
        again = dataclasses.replace(draw, z=z, log_ratio=log_ratio)
        return self._log_p(raw, x, condition, self.draws), again

    def _track_terms(self, log_p, draw, weight):
        """Updates the metrics: of the model, whatever the objective makes of the terms."""
        reconstruction, kl = -ops.mean(log_p, axis=1), draw.total_kl
        self._track(self.reconstruction_tracker, reconstruction, weight)
        self._track(self.kl_tracker, kl, weight)
        self._track(self.elbo_tracker, -(reconstruction + kl), weight)
        if self.objective.monitor == "bound":
            self._track(self.bound_tracker, bound(log_p + draw.log_ratio), weight)
        if "properties" in draw.measured:
            self._track(self.properties_tracker, draw.measured["properties"], weight)
        for name, tracker in self.latent_trackers.items():
            tracker.update_state(draw.measured[name])

    def count_params(self):
        """Parameters of the model; a schedule's step counts for none."""
        return super().count_params() - (self.step is not None)

    def with_objective(self, objective, prior_share=None, mean_share=None):
        """A model of the same networks, latents and weights that trains with another objective.

        And with other shares, where they are given. The two share their weights: to train one
        trains the other.

        Raises:
            InputError: if the objective asks for what the latents do not have.
        """
        return type(self)(
            **{part: getattr(self, part) for part in self.parts} | {"objective": objective},
            conditions=self.conditions,
            seed=self.seed,
            prior_share=self.prior_share if prior_share is None else prior_share,
            mean_share=self.mean_share if mean_share is None else mean_share,
            name=self.name,
        )

    def get_config(self):
        own = {name: getattr(self, name) for name in ("seed", "prior_share", "mean_share")}
        return {**super().get_config(), **own}


def _check_shares(vae):
    shares = {"prior_share": vae.prior_share, "mean_share": vae.mean_share}
    named = ", ".join(f"{name}={share}" for name, share in shares.items())
    if not (all(0.0 <= share < 1.0 for share in shares.values()) and sum(shares.values()) < 1.0):
        raise InputError(
            f"{named}: give shares of the examples from 0 to below 1, together below 1."
        )
    if any(shares.values()) and not vae.objective.additive:
        raise InputError(
            f"{named}: an importance-weighted bound weighs x's own draws. Give 0 for both, or take "
            "another objective."
        )


def _penalty(draw, weight=None):
    return 0.0 if draw.penalty is None else average(draw.penalty, weight)
