"""A hierarchical VAE of two groups: that the interface of latents asks nothing of a model.

The lower group is drawn given the upper one, in the posterior and in the prior (Sønderby et al.
2016). Everything that is particular to it lies in this file; `VAE`, evaluation and export know the
interface alone.
"""

import keras
from keras import layers, ops

from zoo.distributions import normal
from zoo.latents.base import Draw, Latents, repeat
from zoo.models import VAE

TOP, BOTTOM = 2, 3
SHAPE = (8, 8, 1)


@keras.saving.register_keras_serializable(package="tests")
class TwoGroups(Latents):
    """z = (top, bottom): p(top) p(bottom | top), q(top | x) q(bottom | top, x), all normal."""

    family = "top-down normal"
    prior_family = "top-down normal"

    def __init__(self, features=6, **kwargs):
        super().__init__(**kwargs)
        self.features = features
        self.of_top = layers.Dense(2 * TOP, dtype="float32", name="posterior_top")
        self.of_bottom = layers.Dense(2 * BOTTOM, dtype="float32", name="posterior_bottom")
        self.prior_bottom = layers.Dense(2 * BOTTOM, dtype="float32", name="prior_bottom")
        self.of_top.build((None, features))
        self.of_bottom.build((None, features + TOP))
        self.prior_bottom.build((None, TOP))
        self.built = True

    @property
    def groups(self):
        return {"top": (TOP,), "bottom": (BOTTOM,)}

    @property
    def feature_shapes(self):
        return {"high": (self.features,), "low": (self.features,)}

    @property
    def state_shape(self):
        return (TOP + BOTTOM,)

    @property
    def encoded(self):
        return {
            "mean_top": TOP,
            "log_var_top": TOP,
            "mean_bottom": BOTTOM,
            "log_var_bottom": BOTTOM,
        }

    def noise_kinds(self):
        return (("normal", TOP + BOTTOM),)

    prior_noise_kinds = noise_kinds

    def infer(self, features, noise, draws=1, training=False, step=None, pseudo=None):
        high, low = (repeat(features[name], draws) for name in ("high", "low"))
        mean, log_var = _halves(self.of_top(high))
        top = normal.sample(mean, log_var, noise[:, :TOP])
        kl_top = normal.kl_to_standard(mean, log_var)
        ratio = normal.log_prob(top, 0.0, 0.0) - normal.log_prob(top, mean, log_var)
        q, p = self._below(low, top), _halves(self.prior_bottom(top))
        bottom = normal.sample(*q, noise[:, TOP:])
        ratio = ratio + normal.log_prob(bottom, *p) - normal.log_prob(bottom, *q)
        z = ops.concatenate([top, bottom], axis=-1)
        kl = {"top": kl_top, "bottom": _kl(*q, *p)}
        return Draw(
            z,
            z,
            self.encode(features),
            {name: ops.mean(ops.reshape(value, (-1, draws)), axis=1) for name, value in kl.items()},
            ops.reshape(ratio, (-1, draws)),
        )

    def _below(self, low, top):
        return _halves(self.of_bottom(ops.concatenate([low, top], axis=-1)))

    def encode(self, features):
        mean, log_var = _halves(self.of_top(features["high"]))
        below = self._below(features["low"], mean)
        return dict(zip(self.encoded, (mean, log_var, *below), strict=True))

    def point(self, features):
        encoded = self.encode(features)
        return ops.concatenate([encoded["mean_top"], encoded["mean_bottom"]], axis=-1)

    def generate(self, noise, pseudo=None):
        top = noise[:, :TOP]
        bottom = normal.sample(*_halves(self.prior_bottom(top)), noise[:, TOP:])
        z = ops.concatenate([top, bottom], axis=-1)
        return z, z

    def place(self, z):
        return z

    def get_config(self):
        return {**super().get_config(), "features": self.features}


def model(event_shape=SHAPE, features=6, **options):
    """The VAE: an encoder that gives features of two heights, a decoder of both groups."""
    x = keras.Input(event_shape, name="image")
    h = layers.Dense(12, activation="silu")(layers.Flatten()(x))
    low = layers.Dense(features, activation="tanh", name="low")(h)
    high = layers.Dense(features, activation="tanh", name="high")(low)
    encoder = keras.Model(x, {"high": high, "low": low}, name="encoder")
    z = keras.Input((TOP + BOTTOM,), name="z")
    h = layers.Dense(12, activation="silu")(z)
    h = layers.Dense(event_shape[0] * event_shape[1], name="output")(h)
    decoder = keras.Model(z, layers.Reshape(event_shape)(h), name="decoder")
    return VAE(encoder, decoder, TwoGroups(features), name="top_down", **options)


def _halves(raw):
    mean, log_var = ops.split(raw, 2, axis=-1)
    return mean, ops.clip(log_var, -30.0, 20.0)


def _kl(mean, log_var, other_mean, other_log_var):
    """KL of one diagonal normal to another: [rows, n] four times -> [rows], nats."""
    apart = ops.square(mean - other_mean) * ops.exp(-other_log_var)
    ratio = log_var - other_log_var
    return 0.5 * ops.sum(ops.exp(ratio) - 1.0 - ratio + apart, axis=-1)
