"""Climbing a property in the latent space, where the prior has put what the model knows."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from zoo import noise
from zoo.errors import InputError
from zoo.evaluation import climbed_strings
from zoo.evaluation.molecules import reading

CHUNK = 256
LOOKED_AT = 2000
"""Draws of the prior that say how dense it is where it draws."""


@dataclass(frozen=True)
class Optimised:
    """Where `optimise` climbed from and to, [n, latent] each, and what is decoded there.

    `predicted` are the head's, in the property's unit, [n]; `log_prior` the prior's density there,
    [n], nats. Of a model of strings `strings` and `start_strings` are what z decodes to, greedily,
    and `molecules` says whether they are such and RDKit is there to read them.
    """

    name: str
    maximise: bool
    start: np.ndarray
    z: np.ndarray
    start_predicted: np.ndarray
    predicted: np.ndarray
    log_prior: np.ndarray
    least_log_prior: float
    start_strings: tuple[str, ...] = ()
    strings: tuple[str, ...] = ()
    molecules: bool = False

    def metrics(self, train=()):
        """(name, value) pairs of what was found: see `climbed_strings.metrics`.

        Args:
            train: strings that are known, of which nothing found is new.
        """
        yield "predicted_start", float(np.mean(self.start_predicted))
        yield "predicted", float(np.mean(self.predicted))
        yield from climbed_strings.metrics(self, train)

    def best(self, count, train=()):
        """Rows of the strings that are new, and molecules where those are read: the best first."""
        return climbed_strings.best(self, count, train)

    def draw(self, path, count=12, train=()):
        """Draws the `best` beside what they were climbed from, as a PNG: the path of it."""
        return climbed_strings.draw(self, path, count, train)


def optimise(
    model,
    name,
    start=None,
    *,
    schema=None,
    count=64,
    maximise=True,
    steps=200,
    learning_rate=0.02,
    quantile=0.1,
    seed=0,
):
    """Lets z climb what a model's property head predicts, within what the prior draws.

    By Adam, on the predicted property in standard deviations, less the nats that log p(z) lacks to
    the `quantile` of the prior's own draws: outside of where the model was taught, a head promises
    anything, and a decoder writes nonsense (Gómez-Bombarelli et al. 2018 climb a Gaussian process
    on top; Griffiths & Hernández-Lobato 2020 constrain for the same reason).

    Args:
        model: a `zoo.VAE` with a `property_head`, whose prior has a density.
        name: of the property.
        start: z to climb from, [n, latent]; None: `count` draws of the prior.
        schema: the data's, where it is of strings, which are then decoded.
        maximise: or else minimise.
        steps: of Adam.
        learning_rate: of Adam, in units of z.
        quantile: share of the prior's draws that is less dense than where z may go, in [0, 1).
        seed: of the draws.

    Returns:
        An `Optimised`.

    Raises:
        InputError: for a model without such a property or density, or a start of another shape.
    """
    _check(model, name, quantile, steps)
    place = model.properties.index(name)
    drawn = _prior_draws(model, max(LOOKED_AT, count), seed)
    density = _in_chunks(model.log_prior, drawn)
    least = float(np.quantile(density, quantile))
    start = drawn[:count] if start is None else np.asarray(start, np.float32)
    if start.ndim != 2 or start.shape[1] != model.latent or not len(start):
        raise InputError(
            f"start has the shape {list(start.shape)}; wanted is [n, {model.latent}], as encode "
            "gives."
        )
    sign = 1.0 if maximise else -1.0

    def height(z):
        short = ops.maximum(least - model.log_prior(z), 0.0)
        return sign * model.property_head(z)[:, place] - short

    z = _climbed(height, start, steps, learning_rate)

    def predicted(z):
        return model.predict_properties(z)[name]

    texts = {}
    if schema is not None and schema.vocabulary is not None:
        texts = {
            "start_strings": climbed_strings.decoded(model, start, schema),
            "strings": climbed_strings.decoded(model, z, schema),
            "molecules": reading.are_read(schema),
        }
    return Optimised(
        name,
        maximise,
        start,
        z,
        _in_chunks(predicted, start),
        _in_chunks(predicted, z),
        _in_chunks(model.log_prior, z),
        least,
        **texts,
    )


class _Climb(keras.Model):
    """z as weights, which `fit` lets climb on any backend of Keras."""

    def __init__(self, height, start):
        super().__init__(name="climb", dtype="float32")
        self.height = height
        self.z = self.add_weight(
            name="z", shape=start.shape, initializer=keras.initializers.Constant(start)
        )
        self.built = True

    def call(self, inputs):
        return self.height(self.z + 0.0)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return -ops.sum(y_pred)


def _climbed(height, start, steps, learning_rate):
    climb = _Climb(height, start)
    climb.compile(keras.optimizers.Adam(learning_rate), jit_compile=False)
    nothing = np.zeros((steps, 1), np.float32)
    climb.fit(nothing, batch_size=1, epochs=1, verbose=0, shuffle=False)
    return ops.convert_to_numpy(climb.z)


def _prior_draws(model, count, seed):
    seeds = np.random.default_rng([seed, 31]).integers(0, 2**62, count)
    drawn = noise.draw(model.latents.prior_noise_kinds(), seeds)
    z, _ = model.latents.generate(drawn, model._pseudo())
    return ops.convert_to_numpy(z)


def _in_chunks(function, z):
    parts = range(0, len(z), CHUNK)
    made = [function(ops.convert_to_tensor(z[i : i + CHUNK])) for i in parts]
    return np.concatenate([ops.convert_to_numpy(each) for each in made])


def _check(model, name, quantile, steps):
    if name not in model.properties:
        there = ", ".join(model.properties) or "none"
        raise InputError(
            f"{model.name} predicts no {name!r:.60}; its property head predicts: {there}. Train it "
            "with --properties, or build it with property_head."
        )
    if not model.latents.has_prior_density:
        raise InputError(
            f"{model.name}'s prior has no density of any z, which a climb must stay within. Take a "
            "normal posterior and any prior beside it."
        )
    if not 0.0 <= quantile < 1.0:
        raise InputError(f"quantile={quantile}: give a share from 0 to below 1.")
    if not (isinstance(steps, int) and steps >= 1):
        raise InputError(f"steps={steps!r}: give a whole number, 1 or more.")
