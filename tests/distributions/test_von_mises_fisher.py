import numpy as np
import pytest
from keras import ops
from reference import SIDE_BY_SIDE, assert_onnx_agrees, gradients, midpoints
from scipy import integrate, special, stats

from zoo import noise
from zoo.distributions import von_mises_fisher
from zoo.distributions.bessel import kl_and_shortfall
from zoo.distributions.von_mises_fisher_angle import angle
from zoo.errors import InputError

LATENTS = [2, 3, 4, 7, 16, 41, 42, 43, 64]  # from 42 on no recurrence is needed
KAPPAS = np.logspace(-3, 4, 57).astype(np.float32)[:, None]


def bessel_ratio(latent, kappa):
    """I_{v+1} / I_v in float64: the mean of mean . z."""
    order = latent / 2 - 1
    return special.ive(order + 1, kappa) / special.ive(order, kappa)


def kl_by_scipy(latent, kappa):
    """kappa L' - L; by the series of L where kappa is small and scipy's digits cancel."""
    order = latent / 2 - 1
    log_normalizer = np.log(special.ive(order, kappa)) + kappa
    log_normalizer += special.gammaln(order + 1) - order * np.log(kappa / 2)
    square = kappa**2
    series = square / (2 * latent) - 3 * square**2 / (4 * latent**2 * (latent + 2))
    exact = kappa * bessel_ratio(latent, kappa) - log_normalizer
    return np.where(kappa < 0.1, series, exact)


def random_directions(latent, count, seed=0):
    raw = np.random.default_rng(seed).normal(size=(count, latent)).astype(np.float32)
    return np.asarray(von_mises_fisher.direction(raw))


@pytest.mark.parametrize("latent", LATENTS)
def test_kl_agrees_with_scipy_to_the_stated_accuracy(latent):
    exact = KAPPAS.astype(np.float64)
    wanted = kl_by_scipy(latent, exact)[:, 0]
    given = von_mises_fisher.kl_to_uniform(latent, KAPPAS)
    np.testing.assert_allclose(given, wanted, rtol=1e-5)
    shortfall = exact * (1 - bessel_ratio(latent, exact))
    np.testing.assert_allclose(kl_and_shortfall(latent, KAPPAS)[1], shortfall, rtol=1e-4)


@pytest.mark.parametrize("latent", LATENTS)
def test_in_float64_the_expansion_itself_errs_by_less_than_1e_7(latent):
    exact = np.logspace(-1, 4, 41)[:, None]
    given = np.asarray(kl_and_shortfall(latent, ops.cast(exact, "float64"))[0])
    np.testing.assert_allclose(given, kl_by_scipy(latent, exact), rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("latent", [2, 3, 16, 64])
def test_the_gradient_of_kl_is_that_of_bessel_functions(latent):
    _, (given,) = gradients(
        lambda kappa: ops.sum(von_mises_fisher.kl_to_uniform(latent, kappa)), KAPPAS
    )
    exact = KAPPAS.astype(np.float64)
    ratio = bessel_ratio(latent, exact)
    by_ratio = exact * (1 - ratio**2 - (latent - 1) / exact * ratio)
    by_series = exact / latent * (1 - 3 * exact**2 / (latent * (latent + 2)))
    np.testing.assert_allclose(given, np.where(exact < 0.01, by_series, by_ratio), rtol=3e-4)


@pytest.mark.parametrize("latent", [2, 3, 5, 64])
@pytest.mark.parametrize("kappa", [0.01, 1.0, 50.0, 1e4])
def test_log_prob_agrees_with_scipy(latent, kappa):
    mean = random_directions(latent, 1)
    x = random_directions(latent, 20, seed=1) * np.float32(min(1.0, 2 / kappa**0.5)) + mean
    x = np.asarray(von_mises_fisher.direction(x))  # as near as samples are
    unit = mean[0] / np.linalg.norm(mean[0].astype(np.float64))
    points = x / np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)
    wanted = stats.vonmises_fisher(unit, kappa).logpdf(points)
    given = von_mises_fisher.log_prob(x, mean, np.float32([[kappa]]))
    np.testing.assert_allclose(given, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("latent", [2, 3, 10])
@pytest.mark.parametrize("kappa", [0.1, 5.0, 300.0])
def test_the_density_integrates_to_one(latent, kappa):
    # Over the angle to the mean, with the area of the sphere of points at that angle.
    turn = np.linspace(0, np.pi, 20001)
    mean = np.eye(latent, dtype=np.float32)[:1]
    x = np.zeros((len(turn), latent), np.float32)
    x[:, 0], x[:, 1] = np.cos(turn), np.sin(turn)
    log_prob = np.asarray(von_mises_fisher.log_prob(x, mean, np.float32([[kappa]])))
    half = (latent - 1) / 2
    area = 2 * np.pi**half / special.gamma(half) * np.sin(turn) ** (latent - 2)
    assert integrate.trapezoid(np.exp(log_prob) * area, turn) == pytest.approx(1.0, abs=1e-4)


def test_kl_is_the_mean_of_the_difference_of_log_densities():
    mean, kappa = random_directions(5, 1), np.float32([[7.0]])
    uniform, normal = noise.uniform(SIDE_BY_SIDE, (1,)), noise.normal(SIDE_BY_SIDE, (4,), stream=1)
    z = von_mises_fisher.sample(mean, kappa, uniform, normal)
    terms = np.asarray(von_mises_fisher.log_prob(z, mean, kappa))
    terms = terms - np.asarray(von_mises_fisher.uniform_log_prob(z))
    error = terms.std() / len(terms) ** 0.5
    wanted = float(von_mises_fisher.kl_to_uniform(5, kappa)[0])
    assert abs(terms.mean() - wanted) < 4 * error


def angle_distribution(latent, kappa):
    """(angles, distribution function) in float64, by Simpson's rule on the density."""
    reach = min(np.pi, 14 * (latent / kappa) ** 0.5)
    turn = np.linspace(0, reach, 200_001)
    with np.errstate(divide="ignore"):
        powers = (latent - 2) * np.log(np.sin(turn)) if latent > 2 else 0.0
    log_density = kappa * np.cos(turn) + powers
    density = np.exp(log_density - log_density.max())
    whole = integrate.cumulative_simpson(density, x=turn, initial=0)
    return turn, whole / whole[-1]


@pytest.mark.slow
@pytest.mark.parametrize("latent", [2, 3, 4, 5, 8, 32, 64])
@pytest.mark.parametrize("kappa", [1e-3, 0.3, 3.0, 30.0, 1e3, 1e4])
def test_the_angle_inverts_its_distribution_to_the_stated_accuracy(latent, kappa):
    ends = np.float32([0, 2.0**-24, 1e-6, 1e-4])
    uniform = np.sort(np.concatenate([ends, midpoints(1000)[:, 0], 1 - ends[1:]]))
    given = np.asarray(angle(latent, np.float32([[kappa]]), uniform[:, None]))[:, 0]
    assert (np.diff(given) >= 0).all()
    reached = np.interp(given, *angle_distribution(latent, kappa))
    np.testing.assert_allclose(reached, uniform.astype(np.float64) + 2.0**-25, atol=1e-6)


@pytest.mark.parametrize("latent", [2, 3, 6])
def test_samples_of_seeds_side_by_side_have_the_right_distribution(latent):
    mean, kappa = random_directions(latent, 1), 4.0
    uniform = noise.uniform(SIDE_BY_SIDE, (1,))
    normal = noise.normal(SIDE_BY_SIDE, (latent - 1,), stream=1)
    z = np.asarray(von_mises_fisher.sample(mean, np.float32([[kappa]]), uniform, normal))
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1.0, atol=1e-6)
    turn, whole = angle_distribution(latent, kappa)
    drawn = np.arccos(np.clip(z @ mean[0], -1, 1))
    assert stats.kstest(drawn, lambda a: np.interp(a, turn, whole)).pvalue > 1e-3
    # Around the mean there is no direction: E[z] = ratio * mean, and what is left is isotropic.
    error = 5 / len(z) ** 0.5
    assert np.abs(z.mean(axis=0) - bessel_ratio(latent, kappa) * mean[0]).max() < error
    rest = z - (z @ mean[0])[:, None] * mean[0]
    isotropic = np.eye(latent) - np.outer(mean[0], mean[0])
    isotropic *= (rest**2).sum(axis=1).mean() / (latent - 1)
    assert np.abs(rest.T @ rest / len(z) - isotropic).max() < error


@pytest.mark.parametrize("latent", [2, 3, 7])
def test_samples_of_the_prior_are_uniform(latent):
    z = np.asarray(von_mises_fisher.uniform_sample(noise.normal(SIDE_BY_SIDE, (latent,))))
    half = (latent - 1) / 2
    for axis in range(latent):  # (1 + coordinate) / 2 has a beta distribution
        assert stats.kstest((1 + z[:, axis]) / 2, stats.beta(half, half).cdf).pvalue > 1e-3


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_reflection_holds_close_to_the_first_axis(sign):
    mean = np.float32([[sign, 1e-5, -1e-7], [sign, 0, 0], [0, sign, 0], [0, 0, sign]])
    z = von_mises_fisher.sample(
        mean, np.float32([[10.0]]), np.full((4, 1), 0.3, np.float32), np.ones((4, 2), np.float32)
    )
    wanted = np.cos(angle(3, np.float32([[10.0]]), np.float32([[0.3]])))
    np.testing.assert_allclose(
        (np.asarray(z) * mean).sum(axis=1, keepdims=True), wanted.repeat(4, 0), atol=1e-6
    )
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("latent", [2, 3, 8, 64])
@pytest.mark.parametrize("kappa", [1e-3, 0.5, 5.0, 100.0, 1e4])
def test_the_gradient_by_kappa_is_that_of_the_expectation(latent, kappa):
    # E[1 - mean . z] = 1 - I_{v+1} / I_v, as a sine that keeps its digits.
    def shortfall(kappa):
        return ops.mean(2.0 * ops.square(ops.sin(0.5 * angle(latent, kappa, midpoints(2**13)))))

    value, (given,) = gradients(shortfall, [[kappa]])
    ratio = bessel_ratio(latent, kappa)
    assert value == pytest.approx(1 - ratio, rel=1e-3)
    slope = 1 - ratio**2 - (latent - 1) / kappa * ratio
    assert -given[0, 0] == pytest.approx(slope if kappa > 0.01 else 1 / latent, rel=2e-3)


def test_the_gradient_by_the_mean_is_that_of_the_expectation():
    # E[c . z] = ratio * c . mean; noise and its opposite cancel what is orthogonal to the mean.
    weights = np.float32([1.0, -2.0, 0.5])
    uniform = np.repeat(midpoints(1000), 2, axis=0)
    normal = np.tile(random_directions(2, 1), (2000, 1)) * np.tile([[1.0], [-1.0]], (1000, 1))

    def expectation(raw):
        mean = von_mises_fisher.direction(raw)
        z = von_mises_fisher.sample(mean, np.float32([[6.0]]), uniform, ops.cast(normal, "float32"))
        return ops.mean(ops.sum(z * weights, axis=-1))

    raw = np.float32([[0.4, 1.1, -0.9]])
    _, (given,) = gradients(expectation, raw)
    length = np.linalg.norm(raw)
    unit = raw / length
    wanted = bessel_ratio(3, 6.0) * (weights - (unit @ weights) * unit) / length
    np.testing.assert_allclose(given, wanted, rtol=2e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("latent", [2, 3, 4, 5, 64])
@pytest.mark.parametrize("kappa", [1e-6, 1e-3, 1.0, 1e4, 1e7])
def test_extremes_are_finite_with_their_gradients(latent, kappa):
    ends = np.float32([[0.0], [2.0**-24], [0.5], [1.0 - 2.0**-24]])
    normal = np.full((4, latent - 1), 1e-3, np.float32)

    def everything(raw, kappa):
        mean = von_mises_fisher.direction(raw)
        z = von_mises_fisher.sample(mean, kappa, ends, normal)
        log_prob = von_mises_fisher.log_prob(z, mean, kappa)
        return ops.sum(log_prob) + ops.sum(von_mises_fisher.kl_to_uniform(latent, kappa))

    value, slopes = gradients(everything, np.eye(latent, dtype=np.float32)[:1], [[kappa]])
    assert np.isfinite(value) and all(np.isfinite(each).all() for each in slopes)


def test_several_samples_at_once():
    mean, kappa = random_directions(3, 4), np.float32([[0.5], [5], [50], [500]])
    rng = np.random.default_rng(0)
    uniform = rng.random((6, 4, 1), dtype=np.float32)
    normal = rng.normal(size=(6, 4, 2)).astype(np.float32)
    together = np.asarray(von_mises_fisher.sample(mean, kappa, uniform, normal))
    assert together.shape == (6, 4, 3)
    for each, u, n in zip(together, uniform, normal, strict=True):
        np.testing.assert_allclose(each, von_mises_fisher.sample(mean, kappa, u, n), atol=1e-6)


def test_a_sphere_in_one_dimension_is_refused():
    one = np.ones((3, 1), np.float32)
    for refused in (
        lambda: von_mises_fisher.direction(one),
        lambda: von_mises_fisher.log_prob(one, one, one),
        lambda: von_mises_fisher.sample(one, one, one, one),
        lambda: von_mises_fisher.kl_to_uniform(1, one),
        lambda: von_mises_fisher.uniform_sample(one),
        lambda: von_mises_fisher.uniform_log_prob(one),
    ):
        with pytest.raises(InputError, match="latent: given 1, wanted at least 2"):
            refused()


def test_a_concentration_that_is_not_positive_is_refused():
    mean = random_directions(3, 2)
    for kappa in (0.0, -1, np.float32([[1.0], [0.0]])):
        with pytest.raises(InputError, match=r"kappa: given .*, wanted .*above 0"):
            von_mises_fisher.log_prob(mean, mean, kappa)


def test_a_concentration_of_another_shape_is_refused():
    mean = random_directions(3, 2)
    for kappa in (2.0, np.float32([1, 2])):
        with pytest.raises(InputError, match=r"kappa: given the shape .*, wanted \[batch, 1\]"):
            von_mises_fisher.log_prob(mean, mean, kappa)


@pytest.mark.slow
@pytest.mark.parametrize("latent", [2, 64])
def test_onnx_agrees(latent):
    def everything(raw, kappa, uniform, normal):
        mean = von_mises_fisher.direction(raw)
        z = von_mises_fisher.sample(mean, kappa, uniform, normal)
        return {
            "z": z,
            "log_prob": von_mises_fisher.log_prob(z, mean, kappa),
            "kl": von_mises_fisher.kl_to_uniform(latent, kappa),
        }

    rng = np.random.default_rng(1)
    raw, normal = rng.normal(size=(50, latent)), rng.normal(size=(50, latent - 1))
    kappa = np.logspace(-3, 4, 50)[:, None]
    assert_onnx_agrees(everything, raw, kappa, rng.random((50, 1)), normal)
