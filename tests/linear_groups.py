"""Two groups whose law is linear and normal, so that the exact posterior and log p(x) are known.

z_1 ~ N(0, 1); z_2 | z_1 ~ N(A z_1, S^2); x | z_2 ~ N(B z_2, SCALE^2), numbers all.
"""

import keras
import numpy as np
from keras import layers

from zoo import likelihoods
from zoo.latents import TopDown
from zoo.models import VAE

A, S, B, SCALE = 0.8, 0.5, 1.3, 0.7


def variance():
    """Of x."""
    return B**2 * (A**2 + S**2) + SCALE**2


def exact_posterior():
    """(gain_1, var_1, gain_2, var_2): q(z_1|x) = N(gain_1 x, var_1), and
    q(z_2 | z_1, x) = N(A z_1 + gain_2 (x - B A z_1), var_2): conditioning a joint normal."""
    gain = B * A / variance()
    gain_below = B * S**2 / (B**2 * S**2 + SCALE**2)
    return gain, 1.0 - gain * B * A, gain_below, (1.0 - gain_below * B) * S**2


def model(shift=0.0):
    """The VAE with the exact posterior, or with means that are `shift` off."""
    gain, var, gain_below, var_below = exact_posterior()
    x = keras.Input((1,), name="x")
    encoder = keras.Model(x, {name: layers.Identity(name=name)(x) for name in ("high", "low")})
    decoder_in = keras.Input((1,), name="z")
    decoder = keras.Model(decoder_in, _linear("output", 1, [[B]])(decoder_in), name="decoder")
    upper = _posterior([], gain, shift, var)
    lower = _posterior([A - gain_below * B * A], gain_below, shift, var_below)
    z = keras.Input((1,), name="z")
    first = keras.Model([z], layers.Identity(name="state")(z))
    features = {"high": "high", "low": "low"}
    latents = TopDown(features, [upper, lower], [_prior()], [first, _second()])
    return VAE(encoder, decoder, latents, likelihoods.Normal(scale=SCALE), name="linear_groups")


def _posterior(of_state, of_feature, shift, var):
    given = [keras.Input((1,)) for _ in range(len(of_state) + 1)]
    both = layers.Concatenate()(given) if of_state else given[0]
    kernel = np.array([*of_state, of_feature])[:, None]
    outputs = {
        "mean": _linear("mean", len(kernel), kernel, shift)(both),
        "log_var": _linear("log_var", len(kernel), 0.0 * kernel, np.log(var))(both),
    }
    return keras.Model(given, outputs)


def _prior():
    """z_1 -> the law of z_2."""
    state = keras.Input((1,), name="state")
    mean = _linear("mean", 1, [[A]])(state)
    log_var = _linear("log_var", 1, [[0.0]], np.log(S**2))(state)
    return keras.Model([state], {"mean": mean, "log_var": log_var})


def _second():
    """[z_1, z_2] -> z_2."""
    state, z = keras.Input((1,), name="state"), keras.Input((1,), name="z")
    return keras.Model([state, z], layers.Identity(name="state_below")(z))


def _linear(name, width, kernel, bias=0.0):
    made = layers.Dense(1, name=name)
    made.build((None, width))
    made.set_weights([np.array(kernel, np.float32), np.full(1, bias, np.float32)])
    return made
