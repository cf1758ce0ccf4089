"""Laws of each value by itself: that they are what they say, fitted to whatever counts."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from zoo import likelihoods
from zoo.likelihoods import independent, independent_counts, independent_levels

RNG = np.random.default_rng(0)
COUNTED = np.ones((400, 3), np.float32)
COUNTED[::3, 1] = 0.0
COUNTED[:, 2] = 0.0
COUNTED[7, 2] = 1.0
"""The second value counts in some examples, the third in one."""


def nats(law, x, counted=None):
    return -np.asarray(law.log_prob(x, *law.fit(x, counted), counted))


def test_a_bernoulli_law_is_laplace_s_rule_of_succession():
    x = np.array([[1, 0], [1, 0], [0, 0]], np.float32)
    (law,) = likelihoods.Bernoulli().independent(2)
    p = np.array([3 / 5, 1 / 5])
    wanted = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1)
    np.testing.assert_allclose(nats(law, x), wanted, rtol=1e-5)


def test_normal_laws_have_the_means_and_their_own_variances_or_one():
    x = RNG.normal([0.0, 50.0, -3.0], [1.0, 10.0, 0.1], (400, 3)).astype(np.float32)
    own, one = likelihoods.Normal().independent(3)
    mean, scale = x.mean(0), x.std(0)
    wanted = -stats.norm.logpdf(x, mean, scale).sum(axis=1)
    np.testing.assert_allclose(nats(own, x), wanted, rtol=1e-4)
    wanted = -stats.norm.logpdf(x, mean, math.sqrt((scale**2).mean())).sum(axis=1)
    np.testing.assert_allclose(nats(one, x), wanted, rtol=1e-4)


@pytest.mark.parametrize("still", [0.0, 1000.0])
def test_a_value_that_never_varies_has_no_density_without_bound(still):
    x = RNG.normal(size=(400, 3)).astype(np.float32)
    x[:, 1] = still
    own, _ = likelihoods.Normal().independent(3)
    common = x.var(axis=0).mean()
    _, log_var = own.fit(x)
    assert log_var[1] == pytest.approx(math.log(common), abs=1e-3)


def test_a_laplace_law_has_medians_and_one_scale():
    x = RNG.laplace([0.0, 5.0, -3.0], 0.3, (400, 3)).astype(np.float32)
    law, *normals = likelihoods.Laplace().independent(3)
    median = np.median(x, axis=0)
    wanted = -stats.laplace.logpdf(x, median, np.abs(x - median).mean()).sum(axis=1)
    np.testing.assert_allclose(nats(law, x), wanted, rtol=1e-4)
    assert all(nats(each, x).mean() > nats(law, x).mean() for each in normals)


def test_a_continuous_bernoulli_law_is_the_likeliest():
    x = RNG.beta([0.5, 2.0, 9.0], [2.0, 2.0, 1.0], (400, 3)).astype(np.float32)
    (law,) = likelihoods.ContinuousBernoulli().independent(3)

    def mean_nats(t, values):  # of the density exp(t x) t / (exp(t) - 1)
        return math.log(math.expm1(t) / t) - t * values.mean()

    best = [
        optimize.minimize_scalar(mean_nats, (-5.0, 6.0), args=(values.astype(float),)).fun
        for values in x.T
    ]
    assert nats(law, x).mean() == pytest.approx(sum(best), abs=1e-3)


def test_negative_binomial_laws_find_the_dispersion_by_moments():
    mean, dispersion = np.array([2.0, 20.0, 7.0]), np.array([0.5, 4.0, 4.0])
    x = RNG.negative_binomial(dispersion, dispersion / (dispersion + mean), (40000, 3))
    own, one = likelihoods.NegativeBinomial().independent(3)
    log_mean, log_dispersion = own.fit(x.astype(np.float32))
    np.testing.assert_allclose(np.exp(log_mean), mean, rtol=0.05)
    np.testing.assert_allclose(np.exp(log_dispersion), dispersion, rtol=0.1)
    wanted = stats.nbinom.logpmf(x, dispersion, dispersion / (dispersion + mean)).sum(1).mean()
    x = x.astype(np.float32)
    assert -nats(own, x).mean() == pytest.approx(wanted, rel=2e-3)
    assert nats(own, x).mean() < nats(one, x).mean()


def test_counts_that_vary_less_than_poisson_s_are_taken_for_poisson_s():
    x = np.tile(np.array([[3.0], [4.0], [5.0]], np.float32), (100, 1))
    own, one = likelihoods.NegativeBinomial().independent(1)
    wanted = -stats.poisson.logpmf(x[:, 0], 4.0)
    for law in (own, one):
        np.testing.assert_allclose(nats(law, x), wanted, rtol=1e-3)


def test_frequencies_of_codes_are_laplace_s_rule_of_succession():
    x = np.array([[0, 2], [0, 1], [1, 2], [0, 2]], np.float32)
    known = np.array([[1, 1], [1, 0], [1, 1], [0, 1]], np.float32)
    law = independent_levels.frequencies([2, 4])
    first, second = np.array([3, 2]) / 5, np.array([1, 1, 4, 1]) / 7
    wanted = np.log(first[[0, 0, 1, 0]]) * known[:, 0] + np.log(second[[2, 1, 2, 2]]) * known[:, 1]
    np.testing.assert_allclose(nats(law, x, known), -wanted, rtol=1e-6)


def test_laws_of_standardised_values_are_densities_of_the_values_themselves():
    center, scale = [5.0, -40.0], [0.1, 100.0]
    x = RNG.normal(center, scale, (300, 3, 2)).astype(np.float32)
    likelihood = likelihoods.Standardized("normal", center, scale)
    own, one = likelihood.independent(6)
    assert own.sentence == "a normal distribution of each value by itself"
    u, volume = (x - center) / scale, 3.0 * np.log(scale).sum()
    wanted = -stats.norm.logpdf(x, x.mean(0), x.std(0)).sum((1, 2))
    np.testing.assert_allclose(nats(own, x.reshape(300, 6)), wanted, rtol=1e-4)
    common = np.sqrt(u.var(axis=0).mean())
    wanted = volume - stats.norm.logpdf(u, u.mean(0), common).sum((1, 2))
    np.testing.assert_allclose(nats(one, x.reshape(300, 6)), wanted, rtol=1e-4)
    counted = np.ones((300, 3, 2), np.float32)
    counted[:, 2] = 0.0
    wanted = -stats.norm.logpdf(x, x.mean(0), x.std(0))[:, :2].sum((1, 2))
    shorter = nats(own, x.reshape(300, 6), counted.reshape(300, 6))
    np.testing.assert_allclose(shorter, wanted, rtol=1e-4)


def test_a_histogram_mixes_a_value_s_frequencies_with_those_of_all():
    x = np.array([[0, 2], [0, 2], [1, 2], [0, 0]], np.float32)
    law = independent_levels.histogram(levels=3, spacing=1.0, strength=2.0)
    common = 2.0 * (np.array([4, 1, 3]) + 1) / 11  # of all 8 values, each level once more
    first = (np.array([3, 1, 0]) + common) / 6
    second = (np.array([1, 0, 3]) + common) / 6
    wanted = [-math.log(first[int(a)] * second[int(b)]) for a, b in x]
    np.testing.assert_allclose(nats(law, x), wanted, rtol=1e-6)
    (log_mass,) = law.fit(x)
    np.testing.assert_allclose(np.exp(log_mass).sum(axis=1), 1.0, rtol=1e-6)


def test_laws_of_8_bit_values_know_their_levels():
    x = (RNG.integers(0, 256, (3000, 2)) / 255).astype(np.float32)
    *histograms, own, one = likelihoods.DiscretizedLogistic().independent(2)
    assert len(histograms) == 3
    for law in (*histograms, own, one):  # 8 bits a value are the least
        assert 2 * math.log(256) - 0.2 < nats(law, x).mean() < 2 * math.log(256) + 0.5
    still = np.full((50, 2), 7 / 255, np.float32)
    assert nats(own, still).mean() < 2 * 0.7  # most of the mass is in that bin


def test_a_histogram_of_too_many_cells_is_left_out():
    values = independent_levels.LARGEST_TABLE // 256
    assert len(likelihoods.DiscretizedLogistic().independent(values)) == 5
    assert len(likelihoods.DiscretizedLogistic().independent(values + 1)) == 2


@pytest.mark.parametrize("name", sorted({*likelihoods.NAMES} - {"strokes"}))  # its steps count
def test_what_does_not_count_changes_nothing(name):
    likelihood = likelihoods.get(name)
    x = RNG.integers(0, 2, (400, 3)).astype(np.float32)
    other = np.where(COUNTED > 0, x, 1.0 - x)
    for law in likelihood.independent(3):
        one, two = (nats(law, each, COUNTED) for each in (x, other))
        assert np.isfinite(one).all()
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)
        none = np.zeros_like(COUNTED)
        np.testing.assert_array_equal(nats(law, x, none), 0.0)


def test_long_data_is_read_in_chunks(monkeypatch):
    x = RNG.integers(0, 3, (400, 3)).astype(np.float32)
    names = ("normal", "negative_binomial", "library_negative_binomial")
    of_each = [*map(likelihoods.get, names), likelihoods.Categorical(3)]
    laws = [law for each in of_each for law in each.independent(3)]
    whole = [nats(law, x, COUNTED) for law in laws]
    for room in (independent, independent_counts, independent_levels):
        monkeypatch.setattr(room, "CHUNK", 21)
    for law, wanted in zip(laws, whole, strict=True):
        np.testing.assert_allclose(nats(law, x, COUNTED), wanted, rtol=1e-5)
