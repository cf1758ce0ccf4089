"""What a VAE and a plain autoencoder share: two networks, a likelihood, a latent vector between.

A model may be conditional: its networks then take whole numbers besides, one an example, such as a
`label`, or the `length` of a sequence whose last steps are padding.
"""

import keras
from keras import ops

from zoo import likelihoods
from zoo.artifact import endpoints
from zoo.errors import InputError

LENGTH = "length"
STEPS = 1  # the stream of noise that draws the steps of an autoregressive decoder


class NegativeLogLikelihood(keras.losses.Loss):
    """-log p(x|z) in nats: summed over the event by the likelihood, averaged over the batch.

    `weight` is set by `LatentModel.compute_loss`: what counts of a padded sequence.
    """

    def __init__(self, likelihood, draws=1, name="reconstruction"):
        super().__init__(name=name, reduction="sum_over_batch_size")
        self.likelihood = likelihood
        self.draws = draws
        self.weight = None

    def call(self, x, output):
        """x [batch, *event], output [batch * draws, *event] -> [batch * draws]."""
        repeated, weight = (repeat(value, self.draws) for value in (x, self.weight))
        return -self.likelihood.log_prob(repeated, output, weight)


class LatentModel(keras.Model):
    """Abstract: encoder, decoder and likelihood. Final are `VAE`, `Autoencoder` and `VQVAE`.

    Trained by `compile(optimizer)` and `fit(x, x)`, or `fit((x, *conditions), x)`: the compiled
    loss is the reconstruction term, whatever else there is enters through `add_loss`.

    Args:
        encoder: x [batch, *event] and the conditions, in their order -> a dict of [batch, latent].
        decoder: z [batch, latent] and the conditions -> the likelihood's raw output, [batch,
            *event[:-1], event[-1] * parameters]: `parameters` of the likelihood for each value.
            One that has `unroll` is autoregressive: its call takes x besides, last, and gives each
            step from the steps before it (teacher forcing); `unroll(inputs, choose, noise)` feeds
            back what `choose(output of a step, noise of that step)` makes of its own output.
        likelihood: p(x|z), or its name.
        posterior: of a model that has one; it says what the encoder must give.
        conditions: {name: count} of int32 [batch] inputs besides x, from 0 to below `count`. Of a
            sequence of `length`, the steps from there on count for nothing and decode to 0.
    """

    parts = ("encoder", "decoder", "likelihood")
    nats = ()  # what `score` gives
    draws = 1  # decoded an example in training
    codes = None  # how many values each latent may take, where they are whole numbers

    def __init__(
        self,
        encoder,
        decoder,
        likelihood="bernoulli",
        conditions=None,
        posterior=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if posterior is not None:
            self.posterior = posterior
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihoods.get(likelihood)
        self.conditions = dict(conditions or {})
        self.event_shape = tuple(encoder.inputs[0].shape[1:])
        self.latent = decoder.inputs[0].shape[-1]
        self._check_shapes()
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")
        self.reconstruction_loss = None

    @property
    def outputs_of_encoder(self):
        """{name: width} of what the encoder gives, each [batch, width]."""
        raise NotImplementedError

    @property
    def latent_facts(self):
        """What a manifest says of the latents."""
        return {"size": self.latent}

    @property
    def generates(self):
        """Whether there is a prior to draw from."""
        return True

    @property
    def exact_kl(self):
        """Whether the KL that `score` gives is exact, and not sampled."""
        return True

    def endpoints(self):
        """The artifact contract of this model: {name: Endpoint}, see `zoo.artifact.endpoints`."""
        return endpoints.of(
            self.event_shape,
            self.latent,
            self.outputs_of_encoder,
            self.nats,
            self.conditions,
            self.generates,
            self.likelihood.mean_is_probability,
            exact_kl=self.exact_kl,
            codes=self.codes,
        )

    @property
    def autoregressive(self):
        """Whether the decoder gives each step from the steps before it."""
        return hasattr(self.decoder, "unroll")

    def _check_shapes(self):
        wanted, names = self.outputs_of_encoder, self.conditions
        given = self.encoder.output
        if isinstance(given, dict):
            given = {name: value.shape[-1] for name, value in given.items()}
        if given != wanted:
            raise InputError(
                f"The encoder gives {given}, the decoder takes {self.latent} latents: the encoder "
                f"of this {type(self).__name__} must give {wanted}."
            )
        decoded = tuple(self.decoder.output.shape[1:])
        *grid, channels = self.event_shape
        each = self.likelihood.parameters
        if decoded != (*grid, channels * each):
            wanted = "both must be the same"
            if each > 1:
                wanted = (
                    f"the {self.likelihood.family} likelihood takes {each} raw outputs a value, "
                    f"{(*grid, channels * each)}: build the decoder with parameters={each}"
                )
            raise InputError(
                f"The encoder takes events of shape {self.event_shape}, the decoder gives "
                f"{decoded}: {wanted}."
            )
        taken = len(self.encoder.inputs) - 1, len(self.decoder.inputs) - 1 - self.autoregressive
        if taken != (len(names), len(names)):
            raise InputError(
                f"Besides x the encoder takes {taken[0]} inputs, and besides z the decoder "
                f"{taken[1]}; the model's conditions are {', '.join(names) or 'none'}."
            )

    def build(self, input_shape=None):
        """Builds what is not yet built; the networks arrive built."""
        if not self.likelihood.built:
            self.likelihood.build((None, *self.event_shape))
        self.built = True

    # --- the endpoints that every model has; deterministic, no dropout -----------------------

    def encode(self, x, *condition):
        """[batch, *event] -> the encoder's outputs by name, each [batch, latent]."""
        return self.encoder(self.beside(x, condition), training=False)

    def represent(self, x, *condition):
        """[batch, *event] -> [batch, latent]: the one point that stands for x."""
        return self.encode(x, *condition)["z"]

    def decode(self, z, *condition):
        """[batch, latent] -> {"x_mean"}: the likelihood's mean, [batch, *event].

        An autoregressive decoder feeds back the likeliest value of each step.
        """
        if self.autoregressive:
            output = self.decoder.unroll(self.beside(z, condition), self.likelihood.mode)
        else:
            output = self.decoder(self.beside(z, condition), training=False)
        return {"x_mean": self.mean(output, condition)}

    def reconstruct(self, x, *condition):
        """[batch, *event] -> {"x_mean"}: what the point that stands for x decodes to."""
        return self.decode(self.represent(x, *condition), *condition)

    def margin(self, inputs, answer):
        """How little a probability must change for other steps to be fed back: [batch], or None.

        None where an endpoint feeds back nothing that could jump. `inputs` and `answer` are those
        of one call of an endpoint, by name.
        """
        if not self.autoregressive or "x_mean" not in answer:
            return None
        condition = [inputs[name] for name in self.conditions]
        z, noise, choose = inputs.get("z"), None, self.likelihood.mode
        if "seed" in inputs:
            noise = self.likelihood.noise(inputs["seed"], self.event_shape, STEPS)
            z, choose = answer["z"], self.likelihood.sample
        elif z is None:
            z = self.represent(inputs["x"], *condition)
        output = self.decoder.unroll(self.beside(z, condition), choose, noise)
        return self.likelihood.margin(output, noise)

    # --- parts -------------------------------------------------------------------------------

    def beside(self, first, condition, *last):
        """What a network takes: x or z, the conditions, and what teaches an autoregressive one."""
        if len(condition) != len(self.conditions):
            raise InputError(
                f"{self.name} takes {' and '.join(self.conditions) or 'nothing'} besides x or z; "
                f"it was given {len(condition)} of {len(self.conditions)} such inputs."
            )
        return joined(first, *condition, *last)

    def raw(self, z, condition, x, training=False):
        """The likelihood's raw output of each row of z; x teaches an autoregressive decoder."""
        teacher = (x,) if self.autoregressive else ()
        return self.decoder(self.beside(z, condition, *teacher), training=training)

    def mean(self, output, condition):
        """The likelihood's mean, 0 past a sequence's end."""
        mean, weight = self.likelihood.mean(output), self.weight(condition)
        return mean if weight is None else mean * weight

    def weight(self, condition):
        """1 at the steps of a sequence, 0 past its end: [batch, steps, 1, ...]; None: all count."""
        if LENGTH not in self.conditions:
            return None
        length = condition[list(self.conditions).index(LENGTH)]
        steps = self.event_shape[0]
        counts = ops.arange(steps, dtype="int32")[None] < ops.cast(length, "int32")[:, None]
        shape = (-1, steps, *[1] * (len(self.event_shape) - 1))
        return ops.cast(ops.reshape(counts, shape), "float32")

    # --- training ----------------------------------------------------------------------------

    def compile(self, optimizer="adam", **kwargs):
        """As `keras.Model.compile`, but for the loss, which the likelihood settles."""
        if "loss" in kwargs:
            raise InputError(
                f"A {type(self).__name__} takes no loss: pass a likelihood (and to a VAE an "
                "objective) instead."
            )
        self.reconstruction_loss = NegativeLogLikelihood(self.likelihood, self.draws)
        super().compile(optimizer=optimizer, loss=self.reconstruction_loss, **kwargs)

    def get_compile_config(self):
        if not self.compiled:
            return None
        return {"optimizer": keras.saving.serialize_keras_object(self.optimizer)}

    def compile_from_config(self, config):
        self.compile(optimizer=keras.saving.deserialize_keras_object(config["optimizer"]))
        self.optimizer.build(self.trainable_variables)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        self.reconstruction_loss.weight = self.weight(self.split(x)[1])
        loss = super().compute_loss(
            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training
        )
        reconstruction = loss - sum(self.losses)
        self.track(loss, reconstruction, examples=ops.shape(y)[0])
        return loss

    def track(self, loss, reconstruction, examples):
        """Updates the metrics with the means over a batch, nats."""
        self.reconstruction_tracker.update_state(reconstruction, sample_weight=examples)

    def split(self, inputs):
        """(x, conditions) of what `call` is given."""
        x, *condition = inputs if isinstance(inputs, tuple | list) else (inputs,)
        return x, tuple(condition)

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


def joined(first, *others):
    """What a functional network takes: a tensor, or a list of several."""
    # Keras refuses a list of tensors and arrays mixed.
    return [ops.convert_to_tensor(value) for value in (first, *others)] if others else first


def repeat(value, draws):
    """[batch, ...] -> [batch * draws, ...], each row `draws` times in succession, or None."""
    if value is None or (isinstance(draws, int) and draws == 1):
        return value
    if not isinstance(draws, int):
        return ops.repeat(value, draws, axis=0)
    # Not `ops.repeat`, whose shape TensorFlow computes as the graph runs.
    rest = tuple(value.shape[1:])
    beside = ops.tile(ops.expand_dims(value, 1), (1, draws, *[1] * len(rest)))
    return ops.reshape(beside, (-1, *rest))
