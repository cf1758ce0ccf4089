"""Negative binomials of counts by themselves whose library is given: by moments, against scipy."""

import numpy as np
import pytest
from scipy import stats

from zoo import likelihoods

SHARES = np.array([0.4, 0.3, 0.2, 0.1])


def drawn(dispersion, rows=20_000, seed=0):
    generator = np.random.default_rng(seed)
    library = np.exp(generator.normal(5.0, 0.7, (rows, 1)))
    mean = library * SHARES
    return generator.negative_binomial(dispersion, dispersion / (dispersion + mean)).astype(
        np.float32
    )


def laws():
    return likelihoods.LibraryNegativeBinomial().independent(4)


def nats(law, x):
    return -np.asarray(law.log_prob(x, *law.fit(x), None))


def test_shares_and_the_moments_given_the_library_are_those_of_the_data():
    x = drawn(np.array([4.0, 6.0, 5.0, 2.0]))
    own, one = laws()
    library = x.sum(axis=1, keepdims=True).astype(np.float64)
    log_share, log_dispersion = own.fit(x)
    np.testing.assert_allclose(np.exp(log_share), x.sum(0) / x.sum(), rtol=1e-3)
    mean = library * np.exp(log_share)
    variance = mean + mean**2 / np.exp(log_dispersion)
    np.testing.assert_allclose(((x - mean) ** 2).sum(0), variance.sum(0), rtol=1e-3)
    size = np.exp(log_dispersion)
    wanted = -stats.nbinom.logpmf(x[:50], size, size / (size + mean[:50])).sum(axis=1)
    np.testing.assert_allclose(nats(own, x)[:50], wanted, rtol=1e-3)
    assert np.ptp(one.fit(x)[1]) == 0.0


def test_the_dispersion_of_few_shares_of_many_is_found():
    """Of features that are a small part of the library, so that knowing it changes little."""
    generator = np.random.default_rng(0)
    size = np.concatenate([np.full(50, 0.5), np.full(50, 4.0)])
    library = generator.uniform(2000.0, 8000.0, (5000, 1))
    mean = np.broadcast_to(library / 100.0, (5000, 100))
    x = generator.negative_binomial(size, size / (size + mean)).astype(np.float32)
    own, one = likelihoods.LibraryNegativeBinomial().independent(100)
    found = np.exp(own.fit(x)[1])
    np.testing.assert_allclose(found, size, rtol=0.25)
    assert nats(own, x).mean() < nats(one, x).mean()


def test_counts_around_their_share_of_the_library_are_taken_for_poisson_s():
    x = np.tile(10.0 * SHARES, (100, 1)).astype(np.float32)
    wanted = -stats.poisson.logpmf(x, x).sum(axis=1)
    for law in laws():
        np.testing.assert_allclose(nats(law, x), wanted, rtol=2e-3)


def test_an_example_of_no_counts_has_its_nats_too():
    x = np.concatenate([drawn(3.0, 100), np.zeros((1, 4), np.float32)])
    for law in laws():
        assert nats(law, x)[-1] == pytest.approx(0.0, abs=0.01)


def test_a_law_of_the_library_explains_counts_of_any_depth_better_than_one_without():
    x = drawn(20.0, 2000)
    without = min(nats(law, x).mean() for law in likelihoods.NegativeBinomial().independent(4))
    assert max(nats(law, x).mean() for law in laws()) < without - 1.0
