import keras
import numpy as np
import pytest
from scipy import stats

import zoo
from zoo import likelihoods
from zoo.errors import InputError
from zoo.likelihoods.base import log_of

SHARES = np.array([0.5, 0.3, 0.15, 0.05])
DISPERSION = np.array([0.7, 2.0, 5.0, 3.0])


def built(features=4, **options):
    likelihood = likelihoods.LibraryNegativeBinomial(**options)
    likelihood.build((None, features))
    return likelihood


def drawn(rows, zero=0.0, seed=0):
    """Counts by a law that is known, and their expected library [rows, 1]."""
    generator = np.random.default_rng(seed)
    library = np.exp(generator.normal(4.0, 0.5, (rows, 1)))
    rate = generator.gamma(DISPERSION, SHARES * library / DISPERSION)
    counts = generator.poisson(rate) * (generator.random(rate.shape) >= zero)
    return counts.astype(np.float32), library


def test_nats_are_scipys_given_the_sum_of_x():
    x = np.array([[3, 0, 2, 1], [0, 0, 0, 0], [200, 10, 0, 5]], np.float32)
    logits = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    library = np.maximum(x.sum(axis=1, keepdims=True), 1e-3)
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    likelihood = built(initial_dispersion=3.0)
    wanted = stats.nbinom.logpmf(x, 3.0, 3.0 / (3.0 + library * share)).sum(axis=1)
    np.testing.assert_allclose(likelihood.log_prob(x, logits), wanted, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("zero_inflated", [False, True])
def test_the_mean_is_the_librarys_share_and_less_what_is_inflated(zero_inflated):
    likelihood = built(zero_inflated=zero_inflated)
    raw = np.random.default_rng(0).normal(size=(3, *likelihood.raw_shape((4,)))).astype(np.float32)
    logits = raw.reshape(3, 4, -1)
    share = np.exp(logits[..., 0]) / np.exp(logits[..., 0]).sum(axis=1, keepdims=True)
    kept = 1 / (1 + np.exp(logits[..., 1])) if zero_inflated else 1.0
    library = np.array([7.0, 0.0, -1.0], np.float32)
    mean = np.asarray(likelihood.outputs(raw, library=library)["x_mean"])
    np.testing.assert_allclose(mean[:2], (library[:, None] * share * kept)[:2], rtol=1e-5)
    assert np.isnan(mean[2]).all()  # and harms no other row


class Shared(keras.layers.Layer):
    """One raw output for all rows."""

    def build(self, shape):
        self.raw = self.add_weight(shape=shape[1:], initializer="zeros")


def fitted(likelihood, x, steps=600):
    """The raw output of one decoder output for all x, fitted together with the dispersions."""
    import tensorflow as tf

    shared = Shared()
    shared.build((None, *likelihood.raw_shape(x.shape[1:])))
    variables = [shared.raw, likelihood.log_dispersion]
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.05, steps))
    optimizer.build(variables)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            raw = tf.broadcast_to(shared.raw.value[None], (len(x), *shared.raw.shape))
            nats = -tf.reduce_mean(likelihood.log_prob(x, raw))
        optimizer.apply(tape.gradient(nats, [each.value for each in variables]), variables)

    for _ in range(steps):
        step()
    return np.asarray(shared.raw)


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="takes TensorFlow's gradients")
def test_shares_and_dispersions_of_a_known_law_are_found():
    # Given the expected library: the observed one is itself a count, and drawn with the others.
    x, library = drawn(6000)
    likelihood = built()
    likelihood.covariates_of = lambda _: {"library": library[:, 0].astype(np.float32)}
    raw = fitted(likelihood, x)
    share = np.exp(raw) / np.exp(raw).sum()
    np.testing.assert_allclose(share, SHARES, rtol=0.06)
    found = np.exp(log_of(likelihood.log_dispersion, -7.0, 10.0))
    np.testing.assert_allclose(found, DISPERSION, rtol=0.15)


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="takes TensorFlow's gradients")
def test_zero_inflation_of_a_known_law_is_found():
    x, library = drawn(6000, zero=0.3)
    likelihood = built(zero_inflated=True)
    likelihood.covariates_of = lambda _: {"library": library[:, 0].astype(np.float32)}
    raw = fitted(likelihood, x).reshape(4, 2)
    share = np.exp(raw[:, 0]) / np.exp(raw[:, 0]).sum()
    np.testing.assert_allclose(share, SHARES, rtol=0.08)
    inflated = 1 / (1 + np.exp(-raw[:, 1]))
    np.testing.assert_allclose(inflated, 0.3, atol=0.08)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="takes TensorFlow's gradients")
@pytest.mark.parametrize("zero_inflated", [False, True])
def test_no_gradient_is_lost_at_the_extremes(zero_inflated):
    import tensorflow as tf

    likelihood = built(zero_inflated=zero_inflated)
    for count in (0.0, 1e5):
        for size in (-1e3, 0.0, 1e3):
            output = tf.random.stateless_normal((2, *likelihood.raw_shape((4,))), (0, 0)) * size
            with tf.GradientTape() as tape:
                tape.watch(output)
                nats = likelihood.log_prob(tf.fill((2, 4), count), output)
            assert np.isfinite(nats).all()
            assert np.isfinite(tape.gradient(nats, output)).all()


def test_events_that_are_no_vectors_and_decoders_that_feed_back_are_refused():
    with pytest.raises(InputError, match=r"takes vectors of counts \[features\]; this data has"):
        likelihoods.LibraryNegativeBinomial().build((None, 5, 4))
    with pytest.raises(InputError, match="initial_dispersion=0"):
        likelihoods.LibraryNegativeBinomial(initial_dispersion=0.0)
    with pytest.raises(InputError, match="library_negative_binomial; the likelihood is normal"):
        zoo.catalog.count_vae((4,), zero_inflated=True, likelihood="normal")


def test_a_model_takes_the_library_where_x_is_not_given():
    vae = zoo.catalog.count_vae((4,), latent=2, units=(8,))
    endpoints = vae.endpoints()
    taken = {name: [each.name for each in one.inputs] for name, one in endpoints.items()}
    assert taken == {
        "encode": ["x"],
        "decode": ["z", "library"],
        "reconstruct": ["x"],
        "generate": ["seed", "library"],
        "score": ["x"],
    }
    x, _ = drawn(5)
    mean = np.asarray(vae.reconstruct(x)["x_mean"])
    np.testing.assert_allclose(mean.sum(axis=1), x.sum(axis=1), rtol=1e-5)
    z = vae.encode(x)["mean"]
    again = vae.decode(z, 2 * x.sum(axis=1))["x_mean"]
    np.testing.assert_allclose(again, 2 * mean, rtol=1e-4)
    with pytest.raises(InputError, match="count_vae takes library besides x or z; it was given 0"):
        vae.decode(z)


@pytest.mark.parametrize("zero_inflated", [False, True])
def test_answers_tell_the_whole_law_of_the_counts(zero_inflated):
    likelihood = built(initial_dispersion=3.0, zero_inflated=zero_inflated)
    raw = np.random.default_rng(0).normal(size=(2, *likelihood.raw_shape((4,)))).astype(np.float32)
    told = {k: np.asarray(v) for k, v in likelihood.outputs(raw, library=[9.0, 70.0]).items()}
    assert [*told] == [tensor.name for tensor in likelihood.tensors((4,))]
    np.testing.assert_allclose(told["dispersion"], np.full((2, 4), 3.0), rtol=1e-6)
    zero = told.get("zero_probability", np.zeros((2, 4)))
    mean = told["x_mean"] / (1.0 - zero)
    np.testing.assert_allclose(mean.sum(axis=1), [9.0, 70.0], rtol=1e-5)
    x = np.round(mean * 70.0 / mean.sum(axis=1, keepdims=True)).astype(np.float32)
    x[:, 0] += 70.0 - x.sum(axis=1)
    pmf = stats.nbinom.pmf(x[1], 3.0, 3.0 / (3.0 + mean[1]))
    wanted = np.log((1.0 - zero[1]) * pmf + zero[1] * (x[1] == 0)).sum()
    np.testing.assert_allclose(likelihood.log_prob(x[1:], raw[1:])[0], wanted, rtol=1e-4)
