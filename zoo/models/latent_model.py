"""What a VAE and a plain autoencoder share: two networks and a likelihood, and how they train.

A model may be conditional: its networks then take whole numbers besides, one an example, such as a
`label`, or the `length` of a sequence whose last steps are padding.
"""

import keras
from keras import ops

from zoo import likelihoods
from zoo.errors import InputError
from zoo.latents.base import repeat
from zoo.models import contract, precision, sizes, steps, training_inputs, validity
from zoo.objectives import average

LENGTH, PROPERTIES = "length", "properties"
TEACHER = "x"  # name of the decoder's input that an autoregressive one is taught by
STEPS = 1  # the stream of noise that draws the steps of an autoregressive decoder


class LatentModel(keras.Model):
    """Abstract: encoder, decoder and likelihood. Final are `VAE` and `Autoencoder`.

    Trained by `compile(optimizer)` and `fit(x)`; `fit((x, *conditions))` where it is conditional;
    `fit(x, y)` where what is to be reconstructed is another than what is encoded (denoising).
    `call` returns a dict of tensors, of which `compute_loss` makes the loss: the likelihood settles
    what the reconstruction costs. A `sample_weight` [batch] weighs all terms of its example.

    In the endpoints, a row whose label, length or code is none of those that there are, or whose x
    is none that the likelihood takes for possible, is answered by NaN (by -1 where whole numbers
    are answered), in every runtime, and harms no other row.

    A dtype policy of mixed precision is the networks'; everything of this class is float32.

    Args:
        encoder: x [batch, *event] and the conditions, in their order -> {name: features}.
        decoder: what the latents give and the conditions -> the likelihood's raw output. One whose
            last input is called `x` is autoregressive: it gives each step from the steps of x
            before it (teacher forcing), `unroll(inputs, choose, noise)` feeds back what
            `choose(output of a step, noise of that step)` makes of its own output, and
            `step(inputs, last, state)` gives one step, of a state of sum(`state_sizes`) values.
        likelihood: p(x|z), or its name.
        conditions: {name: count} of int32 [batch] inputs besides x, from 0 to below `count`. Of a
            sequence of `length`, the steps from there on count for nothing and decode to 0.

    Raises:
        InputError: for parts that do not fit each other, or a dtype policy that is none of float32,
            mixed_bfloat16 and mixed_float16.
    """

    parts = ("encoder", "decoder", "likelihood")
    nats = ()  # what `score` gives
    draws = 1  # decoded an example in training
    code_count = None  # how many values each latent may take, where they are whole numbers
    generates = False  # whether there is a prior to draw from
    samples_posterior = False  # whether log p(x) can be estimated by importance sampling
    exact_kl = True  # whether the KL that `score` gives is exact, and not sampled
    score_samples = None  # K of `score`, where it averages over fixed draws
    ratio_groups = ()  # k of each likelihood ratio that `score` gives, see `Latents`
    settled_step = 0  # of training, from which `monitor` measures what is wanted in the end
    properties = ()  # names of what z predicts, which training then takes after the conditions
    objective_shown = "-"  # what is done with the terms of the bound, for people
    feed = None  # in `fit` by `zoo.training`: makes x of dicts, of examples that lie on the device
    step_of_many = None  # there, too: (train_step, *its arguments), where an item holds many steps
    pseudo_input_count = 0  # examples that `start_pseudo_inputs` takes at most

    def __init__(self, encoder, decoder, likelihood="bernoulli", conditions=None, **kwargs):
        precision.require_supported(encoder, decoder)
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihoods.get(likelihood)
        self.conditions = dict(conditions or {})
        self.network_shape = tuple(encoder.inputs[0].shape[1:])
        if self.network_shape[0] is None:  # it takes fewer steps, too; the decoder says how many
            steps = decoder.event_shape[0] if self.autoregressive else decoder.outputs[0].shape[1]
            self.network_shape = (steps, *self.network_shape[1:])
        self.event_shape = self.likelihood.event_shape(self.network_shape)
        self.loss_weight = 1.0
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")

    # --- what a model states of itself -------------------------------------------------------

    @property
    def latent(self):
        """Values of z."""
        raise NotImplementedError

    @property
    def monitor(self):
        """The metric of the validation split by which the best epoch is chosen."""
        raise NotImplementedError

    @property
    def encoded(self):
        """{name: width} of what `encode` gives, each [batch, width]."""
        raise NotImplementedError

    @property
    def feature_shapes(self):
        """{name: shape} of what the encoder must give, without the batch axis."""
        raise NotImplementedError

    @property
    def state_shape(self):
        """Of what the decoder takes first, without the batch axis."""
        raise NotImplementedError

    @property
    def latent_facts(self):
        """What a manifest says of the latents."""
        raise NotImplementedError

    @property
    def score_rows(self):
        """Rows that `score` decodes an example."""
        return (self.score_samples or 1) * (1 + len(self.ratio_groups))

    @property
    def widest_encoding(self):
        """Values of the largest tensor that encoding an example makes."""
        return sizes.largest(self.encoder)

    @property
    def widest_decoding(self):
        """Values of the largest tensor that drawing z and decoding it makes."""
        return sizes.largest(self.decoder)

    @property
    def draws_generated(self):
        """Whether `generate` answers draws from p(x|z), and not their means."""
        return self.likelihood.draws_generated

    @property
    def autoregressive(self):
        """Whether the decoder gives each step from the steps before it."""
        return self.decoder.inputs[-1].name == TEACHER

    @property
    def trained_with(self):
        """Names of what training takes besides x: the conditions, and `properties` last."""
        return (*self.conditions, *([PROPERTIES] if self.properties else []))

    @property
    def decodes_steps(self):
        """Whether there is a `decode_step`: the decoder gives token after token, of z alone."""
        tokens = self.likelihood.token_count is not None
        return self.autoregressive and tokens and not self.conditions

    @property
    def takes_fewer_steps(self):
        """Whether its networks take sequences of fewer steps than the longest."""
        networks = (self.encoder.inputs[0], self.decoder.inputs[-1])
        return self.autoregressive and all(each.shape[1] is None for each in networks)

    def endpoints(self):
        """The artifact contract of this model: {name: `zoo.artifact.endpoints.Endpoint`}."""
        return contract.of(self)

    def ask(self, endpoint, inputs):
        """What an endpoint answers, given its tensors by name: {name: tensor} -> {name: tensor}."""
        return getattr(self, endpoint)(*self.joined(inputs).values())

    def joined(self, inputs):
        """The same tensors, those of an example (see `Likelihood.example`) as the one `x`.

        First comes `x`, where it is among them, and then the others in their order.
        """
        names = [tensor.name for tensor in self.likelihood.example(self.event_shape)]
        if not {*names} & {*inputs}:
            return dict(inputs)
        others = {name: value for name, value in inputs.items() if name not in names}
        return {"x": self.likelihood.join({name: inputs[name] for name in names})} | others

    def build(self, input_shape=None):
        """Builds what is not yet built; the networks arrive built."""
        if not self.likelihood.built:
            self.likelihood.build((None, *self.event_shape))
        self.built = True

    # --- the endpoints that every model has; deterministic, no dropout -----------------------

    def encode(self, x, *condition):
        """[batch, *event] -> what stands for x, by name, each [batch, width]; see `endpoints`."""
        raise NotImplementedError

    def decode(self, z, *condition):
        """[batch, latent] -> the likelihood's `outputs`, such as {"x_mean"}, [batch, *event].

        After the conditions come the likelihood's `covariates`, float32 [batch] each. An
        autoregressive decoder feeds back the likeliest value of each step.
        """
        condition, covariates = self._apart(condition)
        known = z if self.code_count is None else validity.known(z, self.code_count)
        answer = self._outputs(self._likeliest(known, condition), condition, covariates)
        return self._only_valid(answer, condition, z)

    def decode_step(self, token, state, z):
        """One step of `decode`, of a model that `decodes_steps`: see `zoo.models.steps.step`."""
        return steps.step(self, token, state, z)

    def reconstruct(self, x, *condition):
        """[batch, *event] -> the likelihood's `outputs`: what the point that is x decodes to."""
        covariates = self.likelihood.covariates_of(x).values()
        answer = self.decode(self.point(x, *condition), *condition, *covariates)
        return self._only_valid(answer, condition, x=x)

    def point(self, x, *condition):
        """[batch, *event] -> [batch, latent]: the one z that stands for x."""
        raise NotImplementedError

    def represent(self, x, *condition):
        """[batch, *event] -> [batch, n]: x as numbers between which distances say something."""
        return self.point(x, *condition)

    def margin(self, inputs, answer):
        """How little must change for another whole number on the way to an answer: [batch].

        None where an endpoint feeds back or chooses nothing that could jump. `inputs`, `joined`,
        and `answer` are those of one call of an endpoint, by name.
        """
        if not (self.autoregressive or self.draws_generated):
            return None
        shape = self.event_shape
        decoded = (*self.likelihood.tensors(shape), *self.likelihood.drawn_tensors(shape))
        if not {tensor.name for tensor in decoded} & {*answer}:
            return None
        condition = [inputs[name] for name in self.conditions]
        if "seed" in inputs:
            noise = self.likelihood.noise(inputs["seed"], self.event_shape, STEPS)
            return self.likelihood.margin(self._drawn(answer["z"], condition, noise), noise)
        z = inputs["z"] if "z" in inputs else self.point(inputs["x"], *condition)
        return self.likelihood.margin(self._likeliest(z, condition))

    # --- parts -------------------------------------------------------------------------------

    def features(self, x, condition, training=False):
        """What the encoder makes of x: {name: [batch, *shape]}, float32."""
        training_inputs.require_event(self, "x", x, fewer_steps=training)
        seen = self.likelihood.network_input(ops.cast(x, "float32"))
        return self._encoded(seen, condition, training)

    def _encoded(self, seen, condition, training=False):
        """The same of what the networks take, [batch, *network_shape]."""
        given = self.encoder(self._joined(seen, condition), training=training)
        return {name: ops.cast(value, "float32") for name, value in given.items()}

    def state(self, z):
        """What the decoder takes of z: [rows, latent] -> [rows, *state_shape]."""
        return z

    def raw(self, state, condition, x, training=False):
        """The likelihood's raw output of each row; x teaches an autoregressive decoder. float32."""
        teacher = ()
        if self.autoregressive:
            teacher = (self.likelihood.network_input(ops.cast(x, "float32")),)
        raw = self.decoder(self._joined(state, condition, *teacher), training=training)
        return ops.cast(raw, "float32")

    def _likeliest(self, z, condition):
        """The raw output where each step that is fed back is the likeliest."""
        if self.autoregressive:
            given = self._joined(self.state(z), condition)
            return self.decoder.unroll(given, self._fed_back(self.likelihood.mode))
        return self.raw(self.state(z), condition, None)

    def _drawn(self, z, condition, noise):
        """The raw output where each step that is fed back is drawn by the noise."""
        if not self.autoregressive:
            return self.raw(self.state(z), condition, None)
        given = self._joined(self.state(z), condition)
        return self.decoder.unroll(given, self._fed_back(self.likelihood.sample), noise)

    def _fed_back(self, choose):
        """What the decoder is given of a step that was chosen of its raw output."""
        return lambda output, noise: self.likelihood.network_input(choose(output, noise))

    def _outputs(self, raw, condition, covariates):
        return self.likelihood.outputs(raw, self._step_weight(condition), *covariates)

    def _apart(self, besides):
        """(conditions, covariates of the likelihood) of what an endpoint takes beside z."""
        names = (*self.conditions, *self.likelihood.covariates)
        if len(besides) != len(names):
            raise InputError(
                f"{self.name} takes {' and '.join(names) or 'nothing'} besides x or z; it was "
                f"given {len(besides)} of {len(names)} such inputs."
            )
        return besides[: len(self.conditions)], besides[len(self.conditions) :]

    def _log_p(self, raw, x, condition, draws=1):
        """log p(x|z) of `draws` rows an example: [batch, draws], nats."""
        x = ops.cast(x, "float32")
        repeated, weight = (repeat(each, draws) for each in (x, self._step_weight(condition)))
        return ops.reshape(self.likelihood.log_prob(repeated, raw, weight), (-1, draws))

    def _step_weight(self, condition):
        """1 at the steps of a sequence, 0 past its end: [batch, steps, 1, ...]; None: all count."""
        if LENGTH not in self.conditions:
            return None
        length = condition[list(self.conditions).index(LENGTH)]
        steps = self.event_shape[0]
        counts = ops.arange(steps, dtype="int32")[None] < ops.cast(length, "int32")[:, None]
        shape = (-1, steps, *[1] * (len(self.event_shape) - 1))
        return ops.cast(ops.reshape(counts, shape), "float32")

    def _joined(self, first, condition, *last):
        """What a network takes: x or a state, the conditions, and what teaches it."""
        if len(condition) != len(self.conditions):
            raise InputError(
                f"{self.name} takes {' and '.join(self.conditions) or 'nothing'} besides x or z; "
                f"it was given {len(condition)} of {len(self.conditions)} such inputs."
            )
        condition = [
            validity.known(value, count)
            for value, count in zip(condition, self.conditions.values(), strict=True)
        ]
        others = (*condition, *last)
        # Keras refuses a list of tensors and arrays mixed.
        return [ops.convert_to_tensor(each) for each in (first, *others)] if others else first

    def _only_valid(self, answer, condition, z=None, x=None):
        """An endpoint's answer where it was given what there is; see `validity.masked`.

        The three are those that the endpoint was given.
        """
        rules = list(zip(condition, self.conditions.values(), strict=True))
        codes = () if z is None or self.code_count is None else (z, self.code_count)
        possible = None if x is None else self.likelihood.possible(x)
        return validity.masked(answer, rules, codes, possible)

    def _split(self, inputs):
        """(x, conditions, properties or None) of what `call` is given."""
        x, *besides = inputs if isinstance(inputs, tuple | list) else (inputs,)
        y = besides.pop() if self.properties and len(besides) > len(self.conditions) else None
        return x, tuple(besides), y

    # --- training ----------------------------------------------------------------------------

    def compile(self, optimizer="adam", loss_weights=None, **kwargs):
        """As `keras.Model.compile`, but for the loss, which likelihood and objective settle.

        Args:
            optimizer: as in `keras.Model.compile`.
            loss_weights: a number, or a list of one, that multiplies the loss and no metric.
        """
        if "loss" in kwargs:
            raise InputError(
                f"A {type(self).__name__} takes no loss: pass a likelihood (and to a VAE an "
                "objective) instead."
            )
        if kwargs.get("metrics") or kwargs.get("weighted_metrics"):
            raise InputError(
                f"A {type(self).__name__} measures {', '.join(self.nats)} in training; other "
                "metrics know nothing of its distributions: compute them on what `reconstruct` "
                "gives."
            )
        self.loss_weight = training_inputs.one_number("loss_weights", loss_weights)
        super().compile(optimizer=optimizer, **kwargs)

    def get_compile_config(self):
        if not self.compiled:
            return None
        return {
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "loss_weights": self.loss_weight,
        }

    def compile_from_config(self, config):
        optimizer = keras.saving.deserialize_keras_object(config["optimizer"])
        self.compile(optimizer=optimizer, loss_weights=config["loss_weights"])
        self.optimizer.build(self.trainable_variables)

    def make_train_function(self, force=False):
        """As Keras's; with a `feed`, its examples are inputs of the step where they must be."""
        if self.train_function is not None and not force:
            return
        super().make_train_function(force)
        if self.feed is not None:
            self.train_function = self.feed.carried(self.train_function)

    def train_step(self, *given):
        """As the backend's; `step_of_many` in its place where that is set."""
        if self.step_of_many is None:
            return super().train_step(*given)
        return self.step_of_many(super().train_step, *given)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The loss of a batch, a scalar, nats; updates the metrics, which are means of examples.

        Args:
            x: what `call` was given.
            y: what is to be reconstructed, [batch, *event]; None: x itself.
            y_pred: what `call` gave.
            sample_weight: [batch], of all terms of an example; the loss is the sum of the weighted
                examples over their number, the metrics are weighted means.
            training: whether the weights are being learned.
        """
        x, condition, _ = self._split(x)
        x = y_pred["x"] if isinstance(x, dict) else x
        target = x if y is None else y
        training_inputs.require_event(self, "y", target, fewer_steps=training)
        weight = training_inputs.weight_of_examples(sample_weight)
        if self.autoregressive and y is not None:  # `call` knew x alone: y is what teaches here
            y_pred = y_pred | {"raw": self._taught(y_pred, condition, y, training)}
        loss = self._loss(target, condition, y_pred, weight, training)
        return self.loss_weight * loss

    def _taught(self, y_pred, condition, y, training):
        """The raw output of the latents that were drawn, taught by y."""
        raise NotImplementedError

    def _loss(self, x, condition, y_pred, weight, training):
        """The loss before `loss_weights`; updates the metrics."""
        raise NotImplementedError

    def _track(self, tracker, values, weight):
        """Updates a metric with the mean of [batch], by as many examples as there are."""
        count = ops.shape(values)[0] if weight is None else ops.sum(weight)
        tracker.update_state(average(values, weight), sample_weight=count)

    # --- files -------------------------------------------------------------------------------

    def bare(self):
        """The same model in float32 and uncompiled: what an artifact carries."""
        with precision.float32_policy():
            bare = type(self).from_config(precision.as_float32(self.get_config()))
        for mine, theirs in zip(bare.weights, self.weights, strict=True):
            mine.assign(theirs)
        return bare

    def save_own_variables(self, store):
        """Keeps where the random generators stand, which Keras does not: noise goes on."""
        super().save_own_variables(store)
        for i, state in enumerate(self._generator_states()):
            store[f"generator_{i}"] = ops.convert_to_numpy(state)

    def load_own_variables(self, store):
        own = {name: store[name] for name in store.keys() if not name.startswith("generator_")}
        super().load_own_variables(own)
        for i, state in enumerate(self._generator_states()):
            state.assign(store[f"generator_{i}"])

    def _generator_states(self):
        weights = {id(weight) for weight in self.weights}
        return [
            variable
            for variable in self.non_trainable_variables
            if variable.name == "seed_generator_state" and id(variable) not in weights
        ]

    def get_config(self):
        return {
            **super().get_config(),
            **{
                part: keras.saving.serialize_keras_object(getattr(self, part))
                for part in self.parts
            },
            "conditions": self.conditions,
        }

    @classmethod
    def from_config(cls, config):
        return cls(
            **{
                name: keras.saving.deserialize_keras_object(value) if name in cls.parts else value
                for name, value in config.items()
            }
        )
