"""What scipy knows of each family of latents, and quadrature over where its samples lie.

A law's functions take z [n, latent] and the parameters of one row by the names that its posterior
gives them, [1, width] each, all in float64. A standard prior is the law of its `standard`.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import special, stats

from zoo.latents import posteriors, priors
from zoo.networks.output_layers import UnitVector

CLASSES = 3


@dataclass(frozen=True)
class Law:
    """A family.

    Args:
        posterior: () -> the posterior.
        prior: () -> its standard prior.
        parameters: some of the posterior's, one row.
        log_density: (z, **parameters) -> [n], nats.
        standard: the parameters with which it is its standard prior.
        uniforms: (z, **parameters) -> [n, latent or fewer], independent uniform numbers if z is
            distributed so; None for a discrete family.
        heads: {parameter: layer} that keep a parameter in its range.
    """

    posterior: Callable
    prior: Callable
    parameters: dict
    log_density: Callable
    standard: dict
    uniforms: Callable | None = None
    heads: dict = field(default_factory=dict)

    @property
    def latent(self):
        """Values of z."""
        return next(iter(self.parameters.values())).shape[-1]


def row(*values):
    return np.array([values], np.float64)


def by_axis(family, scale):
    """(log density, uniforms) of independent latents of a location-scale family of scipy."""

    def log_density(z, mean, **spread):
        return family.logpdf(z, mean, scale(**spread)).sum(axis=1)

    def uniforms(z, mean, **spread):
        return family.cdf(z, mean, scale(**spread))

    return log_density, uniforms


def covariance_factor(log_var, below):
    factor = np.diag(np.exp(log_var[0] / 2))
    factor[np.tril_indices(len(factor), -1)] = below[0]
    return factor


def full_normal_log_density(z, mean, log_var, below):
    factor = covariance_factor(log_var, below)
    return np.atleast_1d(stats.multivariate_normal(mean[0], factor @ factor.T).logpdf(z))


def full_normal_uniforms(z, mean, log_var, below):
    return stats.norm.cdf(np.linalg.solve(covariance_factor(log_var, below), (z - mean).T).T)


def sphere_log_density(z, direction, kappa):
    """In three dimensions, where the normalizer is elementary: kappa / (4 pi sinh kappa)."""
    cosine = z @ (direction / np.linalg.norm(direction))[0]
    normalizer = 2 * np.pi * -np.expm1(-2 * kappa) / kappa
    return (kappa * (cosine - 1) - np.log(normalizer))[0]


def sphere_uniforms(z, direction, kappa):
    """Of the cosine to the direction, and of the angle around it."""
    unit = (direction / np.linalg.norm(direction))[0]
    across = np.linalg.svd(unit[None])[2][1:]
    cosine = np.clip(z @ unit, -1, 1)
    around = np.arctan2(z @ across[0], z @ across[1]) / (2 * np.pi) + 0.5
    return np.stack([np.expm1(kappa[0] * (cosine + 1)) / np.expm1(2 * kappa[0]), around], axis=1)


def bernoulli_log_density(z, logits):
    return stats.bernoulli.logpmf(np.round(z), special.expit(logits)).sum(axis=1)


def categorical_log_density(z, logits):
    log_p = special.log_softmax(logits.reshape(-1, CLASSES), axis=1)
    return (z.reshape(len(z), -1, CLASSES) * log_p).sum(axis=(1, 2))


def log_scale(log_scale):
    return np.exp(log_scale)


def _real(name, prior, family, spread, scale):
    parameters = {"mean": row(0.6, -1.1), spread: row(-0.8, 0.5)}
    standard = {"mean": row(0, 0), spread: row(0, 0)}
    log_density, uniforms = by_axis(family, scale)
    return Law(posteriors.NAMES[name], prior, parameters, log_density, standard, uniforms)


LAWS = {
    "normal": _real(
        "normal", priors.StandardNormal, stats.norm, "log_var", lambda log_var: np.exp(log_var / 2)
    ),
    "full_normal": Law(
        posteriors.FullNormal,
        priors.StandardNormal,
        {"mean": row(0.6, -1.1), "log_var": row(-0.8, 0.5), "below": row(0.9)},
        full_normal_log_density,
        {"mean": row(0, 0), "log_var": row(0, 0), "below": row(0)},
        full_normal_uniforms,
    ),
    "laplace": _real("laplace", priors.StandardLaplace, stats.laplace, "log_scale", log_scale),
    "logistic": _real("logistic", priors.StandardLogistic, stats.logistic, "log_scale", log_scale),
    "von_mises_fisher": Law(
        posteriors.VonMisesFisher,
        priors.UniformSphere,
        {"direction": row(2, -1, 2) / 3, "kappa": row(4)},
        sphere_log_density,
        {"direction": row(1, 0, 0), "kappa": row(1e-9)},
        sphere_uniforms,
        {"direction": UnitVector()},
    ),
    "bernoulli": Law(
        posteriors.Bernoulli,
        priors.FairBernoulli,
        {"logits": row(0.7, -1.2, 0.1)},
        bernoulli_log_density,
        {"logits": row(0, 0, 0)},
    ),
    "categorical": Law(
        lambda: posteriors.Categorical(CLASSES),
        lambda: priors.UniformCategorical(CLASSES),
        {"logits": row(0.7, -1.2, 0.1, -0.4, 0.9, 0.3)},
        categorical_log_density,
        {"logits": row(0, 0, 0, 0, 0, 0)},
    ),
}


def single(parameters):
    """Parameters as float32, which is what an encoder gives."""
    return {name: np.float32(value) for name, value in parameters.items()}


def quadrature(law, parameters):
    """(z [n, latent], weights [n]): integrals over the support, sharp for the law itself.

    Discrete supports are enumerated.
    """
    support = law.posterior().support
    if support == "sphere":
        return _sphere()
    if support == "binary":
        points = list(itertools.product((0.0, 1.0), repeat=law.latent))
    elif support == "one-hot":
        each = itertools.product(np.eye(CLASSES), repeat=law.latent // CLASSES)
        points = [np.concatenate(classes) for classes in each]
    else:
        return _plane(parameters)
    return np.array(points), np.ones(len(points))


def _plane(parameters):
    """Gauss-Legendre by pieces, with borders at 0 and at the means: densities may kink there."""
    spread = next(value for name, value in parameters.items() if name.startswith("log_"))
    reach = np.array([1, 2, 4, 8, 16, 40])
    axes = []
    for mean, scale in zip(parameters["mean"][0], np.exp(np.maximum(spread[0], 0.1)), strict=True):
        borders = np.concatenate([mean - scale * reach, [mean, 0.0], mean + scale * reach])
        axes.append(_pieces(np.unique(borders)))
    (x, by_x), (y, by_y) = axes
    first, second = np.meshgrid(x, y, indexing="ij")
    return np.stack([first.ravel(), second.ravel()], axis=1), np.outer(by_x, by_y).ravel()


def _pieces(borders):
    nodes, weights = np.polynomial.legendre.leggauss(14)
    half = np.diff(borders)[:, None] / 2
    return (borders[:-1, None] + half * (nodes + 1)).ravel(), (half * weights).ravel()


def _sphere():
    cosine, by_cosine = np.polynomial.legendre.leggauss(64)
    around = (np.arange(64) + 0.5) / 64 * 2 * np.pi
    t, a = (each.ravel() for each in np.meshgrid(cosine, around, indexing="ij"))
    sine = np.sqrt(1 - t**2)
    weights = np.repeat(by_cosine, 64) * 2 * np.pi / 64
    return np.stack([sine * np.cos(a), sine * np.sin(a), t], axis=1), weights


def assert_distributed(z, law, parameters):
    """Samples z [n, latent] are the law's, by Kolmogorov-Smirnov and chi-square tests."""
    if law.uniforms is None:
        points, _ = quadrature(law, parameters)
        found = (z[:, None] == points[None]).all(axis=2).sum(axis=0)
        assert found.sum() == len(z)  # each sample is one of the support's points
        expected = len(z) * np.exp(law.log_density(points, **parameters))
        assert stats.chisquare(found, expected).pvalue > 1e-4
        return
    u = law.uniforms(np.float64(z), **parameters)
    for column in u.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-4
    together, _, _ = np.histogram2d(*u.T, bins=12, range=[(0, 1), (0, 1)])
    assert stats.chisquare(together.ravel()).pvalue > 1e-4
