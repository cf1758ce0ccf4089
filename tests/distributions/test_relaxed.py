import numpy as np
import pytest
from keras import ops
from reference import SIDE_BY_SIDE, assert_onnx_agrees, gradients, midpoints
from scipy import integrate, special, stats

from zoo import noise
from zoo.distributions import relaxed
from zoo.errors import InputError

TEMPERATURES = [0.5, 0.9, 2.0]
LOGITS = np.float32([0.7, -1.2, 0.1])


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("logit", [-2.0, 0.0, 1.5])
def test_the_relaxed_bernoulli_density_integrates_to_one(logit, temperature):
    y = np.linspace(-80.0, 80.0, 20001, dtype=np.float32)
    log_prob = relaxed.bernoulli_log_prob(y[:, None], logit, temperature)
    point = special.expit(y.astype(np.float64))
    by_logit = np.exp(np.asarray(log_prob)) * point * special.expit(-y.astype(np.float64))
    assert integrate.trapezoid(by_logit, y) == pytest.approx(1.0, abs=1e-4)


def test_the_relaxed_bernoulli_density_is_that_of_the_paper():
    # Maddison et al. 2017: l a x**(-l-1) (1-x)**(-l-1) / (a x**-l + (1-x)**-l)**2, a = exp(logit)
    x, a, t = np.float64([0.1, 0.4, 0.97]), np.exp(0.8), 0.6
    wanted = t * a * (x * (1 - x)) ** (-t - 1) / (a * x**-t + (1 - x) ** -t) ** 2
    x_logits = special.logit(x).astype(np.float32)[:, None]
    given = relaxed.bernoulli_log_prob(x_logits, 0.8, t)
    np.testing.assert_allclose(given, np.log(wanted), rtol=1e-5)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_the_relaxed_categorical_density_integrates_to_one(temperature):
    # Over (y1, y2), the logarithms of x1 / x3 and x2 / x3: their volume is that of x over x1 x2 x3.
    y = np.linspace(-40.0, 40.0, 801)
    first, second = np.meshgrid(y, y)
    log_x = special.log_softmax(np.stack([first, second, np.zeros_like(first)], -1), axis=-1)
    flat = log_x.reshape(-1, 3).astype(np.float32)
    log_prob = np.asarray(relaxed.categorical_log_prob(flat, LOGITS[None], temperature))
    density = np.exp(log_prob + flat.sum(axis=1)).reshape(first.shape)
    whole = integrate.trapezoid(integrate.trapezoid(density, y), y)
    assert whole == pytest.approx(1.0, abs=1e-4)


def test_two_classes_are_a_bernoulli():
    y, logit = np.float32([[-3.0], [0.2], [5.0]]), np.float32(0.8)
    log_x = np.concatenate([special.log_expit(y), special.log_expit(-y)], axis=1)
    two = relaxed.categorical_log_prob(log_x, np.float32([[logit, 0.0]]), 0.7)
    np.testing.assert_allclose(two, relaxed.bernoulli_log_prob(y, logit, 0.7), rtol=1e-5)
    kl = relaxed.categorical_kl_to_uniform(np.float32([[logit, 0.0]]))
    np.testing.assert_allclose(kl, relaxed.bernoulli_kl_to_uniform([[logit]]), rtol=1e-5)


def test_bernoulli_samples_of_seeds_side_by_side_have_the_right_distribution():
    uniform = noise.uniform(SIDE_BY_SIDE, (1,))
    drawn = np.asarray(relaxed.bernoulli_sample(np.float32(0.8), 0.7, uniform))[:, 0]
    # By its logit, a relaxed sample is logistic.
    assert stats.kstest(drawn, stats.logistic(0.8 / 0.7, 1 / 0.7).cdf).pvalue > 1e-3
    hard = np.asarray(relaxed.bernoulli_hard_sample(np.float32(0.8), uniform))[:, 0]
    np.testing.assert_array_equal(hard, (drawn > 0).astype(np.float32))
    p = special.expit(0.8)
    assert hard.mean() == pytest.approx(p, abs=5 * (p * (1 - p) / len(hard)) ** 0.5)


def test_categorical_samples_of_seeds_side_by_side_have_the_right_distribution():
    gumbel = noise.gumbel(SIDE_BY_SIDE, (3,))
    log_x = np.asarray(relaxed.categorical_sample(LOGITS, 0.7, gumbel))
    np.testing.assert_allclose(special.logsumexp(log_x, axis=1), 0.0, atol=1e-6)
    # The difference of two Gumbel variables is logistic.
    difference = stats.logistic((LOGITS[0] - LOGITS[1]) / 0.7, 1 / 0.7)
    assert stats.kstest(log_x[:, 0] - log_x[:, 1], difference.cdf).pvalue > 1e-3
    hard = np.asarray(relaxed.categorical_hard_sample(LOGITS, gumbel))
    np.testing.assert_array_equal(hard.argmax(axis=1), log_x.argmax(axis=1))
    assert set(np.unique(hard)) == {0.0, 1.0} and (hard.sum(axis=1) == 1).all()
    p = special.softmax(LOGITS)
    assert (np.abs(hard.mean(axis=0) - p) < 5 * (p * (1 - p) / len(hard)) ** 0.5).all()


@pytest.mark.parametrize("logit", [-100.0, -7.0, -1.001, -0.999, -1e-4, 0.0, 1e-3, 0.3, 2.0, 30.0])
def test_bernoulli_kl_agrees_with_its_definition(logit):
    exact = np.float64(np.float32(logit))
    p, q = special.expit(exact), special.expit(-exact)
    series = exact**2 / 8 - exact**4 / 64  # where the definition's digits cancel
    wanted = p * np.log(2 * p) + q * np.log(2 * q) if abs(logit) > 0.1 else series
    given = relaxed.bernoulli_kl_to_uniform(np.float32([[logit]]))
    np.testing.assert_allclose(given, [wanted], rtol=2e-6)


def test_categorical_kl_agrees_with_scipy():
    logits = np.random.default_rng(0).normal(0, 3, size=(20, 7)).astype(np.float32)
    p = special.softmax(logits.astype(np.float64), axis=1)
    wanted = special.rel_entr(p, 1 / 7).sum(axis=1)
    np.testing.assert_allclose(relaxed.categorical_kl_to_uniform(logits), wanted, rtol=1e-5)


@pytest.mark.parametrize(("size", "shift"), [(1e-2, 0), (1e-4, 0), (1e-6, 0), (1e-3, 500)])
def test_categorical_kl_close_to_uniform_keeps_its_digits(size, shift):
    logits = np.float32(shift) + np.float32(size) * np.float32([[1.0, -1.0, 2.0, -2.0, 0.0]])
    exact = logits.astype(np.float64) - shift
    ratio_less_one = np.expm1(exact - np.log1p(np.expm1(exact).mean()))
    wanted = (ratio_less_one**2 / 2 - ratio_less_one**3 / 6 + ratio_less_one**4 / 12).mean()
    np.testing.assert_allclose(relaxed.categorical_kl_to_uniform(logits), [wanted], rtol=1e-6)


def test_kl_sums_over_latents():
    logits = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    apart = [relaxed.categorical_kl_to_uniform(logits[:, place]) for place in range(3)]
    np.testing.assert_allclose(
        relaxed.categorical_kl_to_uniform(logits), np.sum(apart, axis=0), rtol=1e-6
    )


def test_bernoulli_gradients_agree_with_those_of_the_expectation():
    def expectation(logit):
        return ops.mean(ops.square(ops.sigmoid(relaxed.bernoulli_sample(logit, 0.7, uniform))))

    uniform = midpoints(2**16)
    _, (given,) = gradients(expectation, 0.8)

    def integral(logit):
        return integrate.quad(
            lambda y: special.expit(y) ** 2 * stats.logistic(logit / 0.7, 1 / 0.7).pdf(y), -60, 60
        )[0]

    wanted = (integral(0.801) - integral(0.799)) / 0.002
    assert float(given) == pytest.approx(wanted, rel=1e-3)


def test_categorical_gradients_agree_with_those_of_the_expectation():
    # In two classes, E[x1] = E[sigmoid(y)] with y logistic about (l1 - l2) / t.
    count = 600
    u = (np.arange(count) + 0.5) / count
    grid = -np.log(-np.log(np.stack(np.meshgrid(u, u), -1).reshape(-1, 2)))

    def expectation(logits):
        return ops.mean(
            ops.exp(relaxed.categorical_sample(logits, 0.7, ops.cast(grid, "float32")))[:, 0]
        )

    _, (given,) = gradients(expectation, [0.5, -0.3])
    wanted = integrate.quad(
        lambda y: special.expit(y) * special.expit(-y) * stats.logistic(0.8 / 0.7, 1 / 0.7).pdf(y),
        -60,
        60,
    )[0]
    np.testing.assert_allclose(given, [wanted / 0.7, -wanted / 0.7], rtol=5e-3)


def test_extremes_are_finite_with_their_gradients():
    def everything(logits):
        y = relaxed.bernoulli_sample(logits, 0.1, np.float32([[0.0, 1.0 - 2.0**-24, 0.5]]))
        log_x = relaxed.categorical_sample(logits, 0.1, np.float32([[-2.5, 11.7, 0.0]]))
        return ops.sum(
            relaxed.bernoulli_log_prob(y, logits, 0.1)
            + relaxed.bernoulli_kl_to_uniform(logits)
            + relaxed.categorical_log_prob(log_x, logits, 0.1)
            + relaxed.categorical_kl_to_uniform(logits)
        )

    for logits in ([[-200.0, 200.0, 0.0]], [[0.0, 0.0, 0.0]]):
        value, (by_logits,) = gradients(everything, logits)
        assert np.isfinite(value) and np.isfinite(by_logits).all()


@pytest.mark.parametrize("temperature", [0, -1.0, float("nan")])
def test_a_temperature_that_is_not_positive_is_refused(temperature):
    for function in (
        relaxed.bernoulli_sample,
        relaxed.categorical_sample,
        lambda x, t, y: relaxed.bernoulli_log_prob(x, y, t),
        lambda x, t, y: relaxed.categorical_log_prob(x, y, t),
    ):
        with pytest.raises(InputError, match=r"temperature: given .*, wanted a number above 0"):
            function(LOGITS[None], temperature, LOGITS[None])


@pytest.mark.slow
def test_onnx_agrees():
    def everything(logits, uniform, gumbel):
        y = relaxed.bernoulli_sample(logits, 0.7, uniform)
        log_x = relaxed.categorical_sample(logits, 0.7, gumbel)
        return {
            "y": y,
            "hard": relaxed.bernoulli_hard_sample(logits, uniform),
            "y_log_prob": relaxed.bernoulli_log_prob(y, logits, 0.7),
            "y_kl": relaxed.bernoulli_kl_to_uniform(logits),
            "log_x": log_x,
            "one_hot": relaxed.categorical_hard_sample(logits, gumbel),
            "x_log_prob": relaxed.categorical_log_prob(log_x, logits, 0.7),
            "x_kl": relaxed.categorical_kl_to_uniform(logits),
        }

    rng = np.random.default_rng(1)
    assert_onnx_agrees(
        everything, *(rng.normal(size=(50, 4)), rng.random((50, 4))), rng.gumbel(size=(50, 4))
    )
