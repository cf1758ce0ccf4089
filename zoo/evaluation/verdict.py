"""What a trained model's users must know before they trust it: sentences, with what to do."""

import math

import keras
import numpy as np
from keras import ops

BATCH = 256
STEPS = 200  # of fitting a constant
RATE = 0.3  # at which Adam begins: far enough for a scale a million times as large as the first
EXAMPLES = 4096  # of the training split that it is fitted to, at most
VALUES = 2**24  # of these examples together, at most


def warnings(metrics, baseline=None):
    """Sentences about a model that has diverged, is dead, or has learned nothing; [] if it is well.

    Args:
        metrics: of `zoo.evaluation.Report`.
        baseline: what `constant_log_p` gives; None: unknown.
    """
    return [*_diverged(metrics), *_worse_than_a_constant(metrics, baseline), *_dead(metrics)]


def is_finite(metrics):
    """Whether every metric is a number: otherwise the model has diverged."""
    return all(math.isfinite(value) for value in metrics.values())


def _diverged(metrics):
    names = [name for name, value in metrics.items() if not math.isfinite(value)]
    if names:
        shown = ", ".join(f"{name} is {metrics[name]}" for name in names)
        yield (
            f"The model has diverged: {shown}. It is of no use: train it again with --restart and "
            "a smaller --learning-rate (a third, say), or look for extreme values in the data."
        )


def _worse_than_a_constant(metrics, baseline):
    name = "elbo" if "elbo" in metrics else "reconstruction"
    reached = metrics[name] if name == "elbo" else -metrics[name]
    if baseline is None or not math.isfinite(reached) or reached > baseline:
        return
    what = "The ELBO" if name == "elbo" else "log p(x|z)"
    yield (
        f"{what} of {reached:.2f} nats is no better than the {baseline:.2f} nats of the best "
        "constant, one output for every x: the model has learned nothing of what tells examples "
        "apart. Train it for more --epochs or with another --learning-rate, or give it a larger "
        "network."
    )


def _dead(metrics):
    if metrics.get("active_units") == 0:
        yield (
            "No latent is active: the encoder gives (nearly) the same posterior for every x, and "
            "what is generated does not depend on z as it should. Train a VAE with --anneal "
            "linear, --objective free_bits or a smaller --beta; an autoencoder with another "
            "--learning-rate."
        )
    if metrics.get("codes_used") == 1:
        yield (
            "One code stands for everything: the codebook has collapsed. Train with a larger "
            "--restart-below or another --learning-rate."
        )


def constant_log_p(model, data):
    """The mean log p(x) over the test split of a decoder that gives one output for every x, nats.

    That output, and the likelihood's own scale where it learns one, is fitted to the training split
    by gradient, whatever the likelihood: from 0, from the training mean, or from its logits,
    whichever explains the training data best. It is a bound from below on what the best constant
    reaches: at most `EXAMPLES` examples, `STEPS` steps. A latent that is of no use costs 0 nats of
    KL, so that this is what a dead VAE's ELBO comes to.
    """
    constant = Constant(model)
    size = math.prod(model.event_shape)
    most = max(1, min(EXAMPLES, VALUES // size, len(data.train)))
    rows = np.unique(np.linspace(0, len(data.train) - 1, most).astype(int))
    x, counted = _examples(model, data.train, rows)
    constant.start(x, counted)
    begun = constant.mean_log_p(model, data.test)
    constant.learn(x, counted)
    return max(begun, constant.mean_log_p(model, data.test))


def _examples(model, split, rows):
    """(x [n, *event], how often each value counts [n, *event]): steps past an end count 0 times."""
    x, *conditions = split.inputs(rows, model.conditions)
    counted = np.ones_like(x)
    if "length" in model.conditions:
        length = conditions[list(model.conditions).index("length")]
        inside = np.arange(x.shape[1])[None] < length[:, None]
        counted *= inside.reshape(*inside.shape, *[1] * (x.ndim - 2))
    return x, counted


class Constant(keras.Model):
    """log p(x) of one raw output for all: x and counts [batch, *event] -> [batch], nats."""

    def __init__(self, model):
        super().__init__()
        likelihood = type(model.likelihood).from_config(model.likelihood.get_config())
        likelihood.build((None, *model.event_shape))
        self.likelihood = likelihood
        self.event_shape = model.event_shape
        shape = likelihood.raw_shape(model.event_shape)
        self.raw = self.add_weight(name="raw", shape=tuple(shape), initializer="zeros")
        self.built = True
        schedule = keras.optimizers.schedules.CosineDecay(RATE, STEPS)
        self.compile(
            keras.optimizers.Adam(schedule, beta_1=0.5, beta_2=0.5),  # forgets the first gradients
            loss=lambda _, log_p: -log_p,
            jit_compile=keras.backend.backend() == "jax",
        )

    def call(self, inputs):
        x, counted = inputs
        raw = ops.broadcast_to(self.raw[None], (ops.shape(x)[0], *self.raw.shape))
        return self.likelihood.log_prob(x, raw, counted)

    def start(self, x, counted):
        """Sets the raw output to the likeliest of a few that are made of the mean of x."""
        mean = (x * counted).sum(0) / np.maximum(counted.sum(0), 1.0)
        candidates = [np.zeros(self.raw.shape, np.float32)]
        if mean.shape == tuple(self.raw.shape):
            inside = np.clip(mean, 0.5 / (len(x) + 1), 1.0 - 0.5 / (len(x) + 1))
            candidates += [mean, np.log(inside / (1.0 - inside))]
        reached = []
        for candidate in candidates:
            self.raw.assign(candidate)
            reached.append(self._mean(x, counted))
        finite = [each if math.isfinite(each) else -math.inf for each in reached]
        self.raw.assign(candidates[int(np.argmax(finite))])

    def learn(self, x, counted):
        """Fits the raw output, and a scale that the likelihood learns."""
        batch = min(BATCH, len(x))
        for step in range(STEPS):
            rows = np.arange(step * batch, (step + 1) * batch) % len(x)
            self.train_on_batch([x[rows], counted[rows]], np.zeros(batch, np.float32))

    def mean_log_p(self, model, split):
        """The mean over a split, nats."""
        chunk = max(1, min(BATCH, VALUES // math.prod(self.event_shape)))
        total = 0.0
        for first in range(0, len(split), chunk):
            rows = np.arange(first, min(first + chunk, len(split)))
            total += len(rows) * self._mean(*_examples(model, split, rows))
        return total / len(split)

    def _mean(self, x, counted):
        """The mean over arrays, nats; by batches of one size, for which alone it is compiled."""
        total = 0.0
        for first in range(0, len(x), BATCH):
            rows = np.arange(first, first + BATCH) % len(x)
            used = min(BATCH, len(x) - first)
            total += float(np.sum(self.predict_on_batch([x[rows], counted[rows]])[:used]))
        return total / len(x)
