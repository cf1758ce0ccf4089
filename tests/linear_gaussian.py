"""A VAE so small that its evidence and ELBO are known, and its gradients are quick to average."""

import keras
import numpy as np
from keras import layers
from scipy import stats

from zoo import likelihoods
from zoo.models.vae import VAE
from zoo.networks.output_layers import normal_posterior

SCALE = 0.7


def model(latent=2, size=3, **options):
    """x = W z + b + noise, so that x ~ N(b, W W' + scale^2): [batch, size], linear encoder."""
    keras.utils.set_random_seed(1)
    x = keras.Input((size,))
    encoder = keras.Model(x, normal_posterior(x, latent))
    z = keras.Input((latent,))
    decoder = keras.Model(z, layers.Dense(size, kernel_initializer="normal", name="output")(z))
    decoder.layers[-1].kernel.assign(np.random.default_rng(0).normal(size=(latent, size)))
    return VAE(encoder, decoder, likelihood=likelihoods.Normal(scale=SCALE), **options)


def evidence(vae, x):
    """log p(x), exact: [batch]."""
    kernel, bias = _weights(vae)
    covariance = kernel.T @ kernel + SCALE**2 * np.eye(len(bias))
    return stats.multivariate_normal(bias, covariance).logpdf(x)


def elbo(vae, x):
    """The evidence lower bound, exact: [batch]."""
    kernel, bias = _weights(vae)
    posterior = vae.encode(x)
    mean, var = np.asarray(posterior["mean"]), np.exp(np.asarray(posterior["log_var"]))
    spread = var @ np.sum(kernel**2, axis=1)  # E|W z - W mean|^2
    squared = np.sum((x - mean @ kernel - bias) ** 2, axis=1) + spread
    log_p = -0.5 * squared / SCALE**2 - 0.5 * len(bias) * np.log(2 * np.pi * SCALE**2)
    return log_p - 0.5 * np.sum(var + mean**2 - 1 - np.log(var), axis=1)


def _weights(vae):
    return (np.asarray(w, np.float64) for w in vae.decoder.layers[-1].weights)
