from typing import get_args

import keras
import numpy as np
import pytest
from keras import ops
from scipy import integrate, stats

from zoo import catalog, likelihoods
from zoo.artifact.schema import Schema
from zoo.errors import InputError
from zoo.likelihoods import base
from zoo.recipe import options


def test_normal_with_a_fixed_scale_agrees_with_scipy_and_learns_nothing():
    likelihood = likelihoods.Normal(scale=0.3)
    likelihood.build()
    rng = np.random.default_rng(0)
    x, output = rng.normal(size=(2, 4, 5)).astype(np.float32)
    wanted = stats.norm.logpdf(x, output, 0.3).sum(axis=1)
    np.testing.assert_allclose(likelihood.log_prob(x, output), wanted, rtol=1e-5)
    assert likelihood.trainable_weights == []


def test_a_learned_scale_finds_the_residuals_standard_deviation():
    likelihood = likelihoods.Normal(initial_scale=1.0)
    likelihood.build()
    x = np.random.default_rng(0).normal(0, 0.25, size=(64, 50)).astype(np.float32)
    # One weight: -log p is convex in log_var, so its minimum can be looked up on a grid.
    grid = np.linspace(-5, 1, 601)
    nats = []
    for log_var in grid:
        likelihood.log_of_scale.assign(log_var / base.FASTER)
        nats.append(-np.mean(likelihood.log_prob(x, np.zeros_like(x))))
    assert np.exp(0.5 * grid[np.argmin(nats)]) == pytest.approx(x.std(), rel=0.01)


LEARNED = [
    (likelihoods.Normal, "log_of_scale"),
    (likelihoods.Laplace, "log_of_scale"),
    (likelihoods.NegativeBinomial, "log_dispersion"),
    (likelihoods.DiscretizedLogistic, "log_scale"),
]


@pytest.mark.parametrize(("kind", "name"), LEARNED)
def test_a_learned_logarithm_moves_ten_times_as_fast_as_a_weight(kind, name):
    likelihood = kind()
    likelihood.build()
    weight = getattr(likelihood, name)
    before = base.log_of(weight, -100.0, 100.0)
    keras.optimizers.Adam(0.001).apply([keras.ops.ones(())], [weight])
    moved = base.log_of(weight, -100.0, 100.0) - before
    assert float(moved) == pytest.approx(-0.01, rel=1e-3)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="takes TensorFlow's gradients")
@pytest.mark.parametrize("beyond", [-12.0, 12.0])
def test_a_logarithm_beyond_its_bounds_has_their_value_and_comes_back(beyond):
    import tensorflow as tf

    weight = keras.Variable(beyond / base.FASTER)
    with tf.GradientTape() as tape:
        held = base.log_of(weight, -5.0, 5.0)
    assert float(held) == pytest.approx(np.sign(beyond) * 5.0)
    assert float(tape.gradient(held, weight.value)) == pytest.approx(base.FASTER)


def test_one_component_has_one_scale_for_all_and_a_mixture_one_for_each_unless_told():
    assert likelihoods.DiscretizedLogistic().raw_shape((2, 3)) == (2, 3)
    assert likelihoods.DiscretizedLogistic(shared_scale=False).raw_shape((2, 3)) == (2, 6)
    assert likelihoods.DiscretizedLogistic(2).raw_shape((2, 3)) == (2, 18)
    with pytest.raises(InputError, match="components=2 with one scale for all"):
        likelihoods.DiscretizedLogistic(2, shared_scale=True)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
@pytest.mark.parametrize("name", ["scale", "initial_scale"])
def test_a_scale_that_is_not_positive_is_refused(name, value):
    with pytest.raises(InputError, match=name):
        likelihoods.Normal(**{name: value})


EVERY = [
    likelihoods.Bernoulli(),
    likelihoods.ContinuousBernoulli(),
    likelihoods.Normal(scale=0.5, initial_scale=0.1),
    likelihoods.Laplace(scale=0.5, initial_scale=0.1),
    likelihoods.DiscretizedLogistic(),
    likelihoods.DiscretizedLogistic(components=2),
    likelihoods.DiscretizedLogistic(shared_scale=False),
    likelihoods.Categorical(classes=3),
    likelihoods.NegativeBinomial(dispersion=2.5, initial_dispersion=3.0, most=40),
]
OF_WHOLE_EXAMPLES = [  # whose values are no draws of their own: see their own tests
    likelihoods.LibraryNegativeBinomial(zero_inflated=True, initial_dispersion=3.0),
]


def fresh(likelihood):
    """A copy, built."""
    copy = type(likelihood).from_config(likelihood.get_config())
    copy.build((None,))
    return copy


def test_every_name_is_tested_and_an_option_of_the_recipes():
    tested = {type(each).__name__ for each in [*EVERY, *OF_WHOLE_EXAMPLES]}
    own = {"Strokes", "Tokens"}  # of drawings and strings alone: test_strokes.py, test_tokens.py
    assert tested | own == set(likelihoods.NAMES.values())
    assert set(get_args(options.Likelihood)) == {"auto", *likelihoods.NAMES}


@pytest.mark.parametrize("likelihood", [*EVERY, *OF_WHOLE_EXAMPLES])
def test_a_likelihood_survives_its_config(likelihood):
    config = keras.saving.serialize_keras_object(likelihood)
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.get_config() == likelihood.get_config()


def test_nats_say_what_they_are_of():
    assert "mass" in likelihoods.Bernoulli().nats_are(binary=True)
    assert "not binarized" in likelihoods.Bernoulli().nats_are(binary=False)
    assert "density" in likelihoods.Normal().nats_are(binary=False)


def test_an_unknown_likelihood_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"'poisson'.*bernoulli, normal"):
        likelihoods.get("poisson")


@pytest.mark.parametrize("fixed", [None, 0.5])
def test_a_bernoulli_draw_turns_once_its_probability_moves_by_the_margin(fixed):
    likelihood, random = likelihoods.Bernoulli(), np.random.default_rng(1)
    mean = random.uniform(0.05, 0.95, (6, 4, 3)).astype(np.float32)
    noise = random.random((6, 4, 3), dtype=np.float32) if fixed is None else fixed
    margin = likelihood.margin(np.log(mean / (1 - mean)), None if fixed else noise)
    margin = keras.ops.convert_to_numpy(margin)[:, None, None]
    assert margin.shape == (6, 1, 1)
    towards = np.sign(noise - mean)
    for share, turned in ((0.99, 0), (1.01, 1)):
        moved = mean + share * margin * towards
        differs = (noise < moved) != (noise < mean)
        np.testing.assert_array_equal(differs.sum(axis=(1, 2)), turned)


def test_a_normal_draw_never_jumps():
    assert likelihoods.Normal().margin(np.zeros((2, 3), np.float32)) is None


def raw(likelihood, rows, event, seed=0):
    """Random raw output of `rows` examples."""
    shape = (rows, *likelihood.raw_shape(event))
    return np.random.default_rng(seed).normal(0.0, 1.0, shape).astype(np.float32)


@pytest.mark.parametrize("likelihood", EVERY)
def test_each_value_has_its_own_parameters_and_weight(likelihood):
    likelihood = fresh(likelihood)
    event = (2, 3, 2)
    output = raw(likelihood, 5, event)
    each = output.reshape(-1, *likelihood.raw_shape((1,)))  # every value an event of its own
    noise = likelihood.noise(np.arange(5), event, 1)
    x = likelihood.sample(output, noise)
    assert x.shape == likelihood.mean(output).shape == likelihood.mode(output).shape == (5, *event)
    flat = np.asarray(x).reshape(-1, 1)
    by_value = np.reshape(likelihood.log_prob(flat, each), (5, *event))
    np.testing.assert_allclose(
        likelihood.log_prob(x, output), by_value.sum(axis=(1, 2, 3)), rtol=1e-5, atol=1e-5
    )
    weight = np.float32([1, 0]).reshape(1, 2, 1, 1)
    wanted = by_value[:, 0].sum(axis=(1, 2))
    np.testing.assert_allclose(likelihood.log_prob(x, output, weight), wanted, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        np.reshape(likelihood.mean(output), (-1, 1)), likelihood.mean(each), rtol=1e-5, atol=1e-6
    )


@pytest.mark.slow
@pytest.mark.parametrize("likelihood", EVERY)
def test_draws_of_neighbouring_seeds_have_the_stated_mean_and_keep_to_the_support(likelihood):
    likelihood = fresh(likelihood)
    rows = 20_000
    for seed in range(3):
        output = np.repeat(raw(likelihood, 1, (1,), seed), rows, axis=0)
        drawn = np.asarray(likelihood.sample(output, likelihood.noise(np.arange(rows), (1,), 1)))
        low, high = likelihood.support
        assert drawn.min() >= low and drawn.max() <= high
        if likelihood.spacing:
            steps = drawn / likelihood.spacing
            np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
        standard_error = drawn.std() / rows**0.5
        assert abs(drawn.mean() - float(likelihood.mean(output[:1])[0, 0])) < 4.5 * standard_error


@pytest.mark.parametrize("likelihood", EVERY)
def test_draws_and_modes_are_made_in_the_precision_of_the_outputs(likelihood):
    likelihood = fresh(likelihood)
    rng = np.random.default_rng(0)
    output = rng.normal(size=(50, *likelihood.raw_shape((4,))))
    noise = ops.convert_to_numpy(likelihood.noise(np.arange(50), (4,), 1))
    for made in (likelihood.sample, likelihood.mode):
        exact = made(ops.convert_to_tensor(output), ops.convert_to_tensor(noise.astype("float64")))
        assert keras.backend.standardize_dtype(exact.dtype) == "float64"
        rounded = made(output.astype(np.float32), noise)
        assert keras.backend.standardize_dtype(rounded.dtype) == "float32"
        np.testing.assert_allclose(exact, rounded, rtol=1e-4, atol=1e-5)


CONTINUOUS = [likelihoods.ContinuousBernoulli(), likelihoods.Normal(0.3), likelihoods.Laplace(0.3)]


@pytest.mark.parametrize("likelihood", CONTINUOUS)
def test_draws_of_neighbouring_seeds_follow_the_density(likelihood):
    likelihood = fresh(likelihood)
    rows, grid = 5000, np.linspace(-4, 4, 80_001, dtype=np.float32)[:, None]
    low, high = likelihood.support
    grid = grid[(grid[:, 0] >= low) & (grid[:, 0] <= high)]
    output = np.full((1, 1), 0.7, np.float32)
    density = np.exp(np.asarray(likelihood.log_prob(grid, output)))
    cumulated = integrate.cumulative_trapezoid(density, grid[:, 0], initial=0)
    assert cumulated[-1] == pytest.approx(1.0, abs=1e-3)
    noise = likelihood.noise(np.arange(rows), (1,), 1)
    drawn = np.asarray(likelihood.sample(np.repeat(output, rows, axis=0), noise))[:, 0]
    test = stats.kstest(drawn, lambda x: np.interp(x, grid[:, 0], cumulated))
    assert test.pvalue > 1e-3


@pytest.mark.parametrize("likelihood", EVERY)
def test_no_gradient_is_lost_at_the_extremes(likelihood):
    import tensorflow as tf

    likelihood = fresh(likelihood)
    low, high = np.clip(likelihood.support, -100.0, 100.0)
    for value in (low, high):
        for size in (-1e3, 0.0, 1e3):
            output = tf.fill((2, *likelihood.raw_shape((3,))), size)
            with tf.GradientTape() as tape:
                tape.watch(output)
                nats = likelihood.log_prob(tf.fill((2, 3), np.float32(value)), output)
            assert np.isfinite(nats).all()
            assert np.isfinite(tape.gradient(nats, output)).all()


@pytest.mark.parametrize("likelihood", EVERY)
def test_a_margin_of_neither_draw_nor_mode_is_below_0(likelihood):
    likelihood = fresh(likelihood)
    output = raw(likelihood, 4, (3, 2))
    for noise in (None, likelihood.noise(np.arange(4), (3, 2), 1)):
        margin = likelihood.margin(output, noise)
        if margin is not None:
            assert margin.shape == (4,) and (np.asarray(margin) >= 0).all()
            assert np.asarray(margin).max() > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dense_ae", "conv_vae", "conditional_vae", "rnn_vae"])
@pytest.mark.parametrize("likelihood", EVERY)
def test_every_network_gives_as_many_raw_outputs_as_are_taken(name, likelihood):
    likelihood = fresh(likelihood)
    sizes = {"rnn_vae": {"units": 4}, "dense_ae": {"units": (4,)}}
    given = sizes.get(name, {"filters": (4,), "dense": 4})
    model = catalog.build(name, (4, 6, 2), latent=2, likelihood=likelihood, **given)
    assert model.decoder.output.shape[1:] == likelihood.raw_shape((4, 6, 2))
    condition = [np.zeros(3, np.int32) for _ in model.conditions]
    mean = model.decode(np.zeros((3, 2), np.float32), *condition)["x_mean"]
    assert mean.shape == (3, 4, 6, 2)


@pytest.mark.parametrize("likelihood", EVERY)
def test_an_autoregressive_decoder_feeds_back_values_of_the_likelihood(likelihood):
    likelihood = fresh(likelihood)
    model = catalog.rnn_vae((4, 2), 2, units=4, autoregressive=True, likelihood=likelihood)
    drawn = model.generate(np.arange(3))
    assert drawn["x_mean"].shape == (3, 4, 2)
    noise = likelihood.noise(np.arange(3), (4, 2), 1)
    output = model.decoder.unroll(drawn["z"], likelihood.sample, noise)
    fed = likelihood.sample(output, noise)
    # Fed back, they are what a teacher that knows them would give.
    np.testing.assert_allclose(output, model.decoder([drawn["z"], fed]), atol=1e-5)
    margin = model.margin({"seed": np.arange(3)}, drawn)
    assert margin is None or margin.shape == (3,)


def test_a_decoder_with_too_few_raw_outputs_is_refused_with_what_to_do():
    plain = catalog.dense_vae((2, 2, 1), 2, units=(4,))
    with pytest.raises(InputError, match=r"wants the raw output \(2, 2, 6\).*raw_shape"):
        type(plain)(plain.encoder, plain.decoder, likelihood=likelihoods.DiscretizedLogistic(2))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: likelihoods.Categorical(1), "classes=1"),
        (lambda: likelihoods.Categorical(2.5), "classes=2.5"),
        (lambda: likelihoods.DiscretizedLogistic(0), "components=0"),
        (lambda: likelihoods.NegativeBinomial(-1.0), "dispersion=-1.0"),
        (lambda: likelihoods.NegativeBinomial(most=0), "most=0"),
        (lambda: likelihoods.Laplace(0.0), "scale=0.0"),
    ],
)
def test_options_that_cannot_be_are_refused(make, match):
    with pytest.raises(InputError, match=match):
        make()


CENTER, SCALE = (5.0, -1000.0, 0.0), (2.0, 300.0, 1e-3)


def test_standardised_nats_are_those_of_the_density_of_x_itself():
    likelihood = likelihoods.Standardized(likelihoods.Normal(scale=0.5), CENTER, SCALE)
    likelihood.build((None, 3))
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(4, 3)) * SCALE + CENTER).astype(np.float32)
    output = rng.normal(size=(4, 3)).astype(np.float32)
    mean, spread = output * SCALE + np.array(CENTER), 0.5 * np.array(SCALE)
    wanted = stats.norm.logpdf(x, mean, spread).sum(axis=1)
    np.testing.assert_allclose(likelihood.log_prob(x, output), wanted, rtol=1e-4)
    np.testing.assert_allclose(likelihood.mean(output), mean, rtol=1e-5)
    np.testing.assert_allclose(likelihood.network_input(x), (x - CENTER) / SCALE, rtol=1e-4)


def test_standardised_steps_that_do_not_count_cost_nothing():
    likelihood = likelihoods.Standardized("laplace", CENTER, SCALE)
    likelihood.build((None, 2, 3))
    x = np.random.default_rng(0).normal(size=(4, 2, 3)).astype(np.float32)
    raw = np.zeros((4, 2, 3), np.float32)
    counted = np.array([1.0, 0.0], np.float32).reshape(1, 2, 1)
    alone = likelihood.log_prob(x[:, :1], raw[:, :1])
    np.testing.assert_allclose(likelihood.log_prob(x, raw, counted), alone, rtol=1e-5)


def test_each_feature_learns_a_scale_of_its_own():
    likelihood = likelihoods.Normal(initial_scale=1.0, by_feature=True)
    likelihood.build((None, 7, 3))
    assert likelihood.log_of_scale.shape == (3,)
    x = np.ones((2, 7, 3), np.float32)
    likelihood.log_of_scale.assign(np.log([0.1, 1.0, 9.0]) * 2 / base.FASTER)
    wanted = stats.norm.logpdf(1.0, 0.0, [0.1, 1.0, 9.0]).sum() * 7
    np.testing.assert_allclose(likelihood.log_prob(x, np.zeros_like(x)), [wanted] * 2, rtol=1e-5)


def test_a_schema_with_a_center_makes_a_likelihood_of_real_numbers_standardised():
    schema = Schema("vector", (3,), None, None, center=CENTER, scale=SCALE)
    made = likelihoods.of_schema("normal", schema)
    assert isinstance(made, likelihoods.Standardized) and made.likelihood.by_feature
    assert (made.center, made.scale) == (CENTER, SCALE) and made.family == "normal"
    read = type(made).from_config(made.get_config())
    assert read.get_config() == made.get_config()
    assert isinstance(likelihoods.of_schema("bernoulli", schema), likelihoods.Bernoulli)
    plain = likelihoods.of_schema("normal", Schema("image", (2, 2, 1)))
    assert isinstance(plain, likelihoods.Normal) and not plain.by_feature


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("bernoulli", CENTER, SCALE), "any real numbers: take normal"),
        (("normal", CENTER, (1.0,)), "a number for each"),
        (("normal", CENTER, (1.0, 0.0, 1.0)), "scales above 0"),
    ],
)
def test_what_cannot_be_standardised_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        likelihoods.Standardized(*given)


def test_a_center_of_another_number_of_features_is_refused():
    with pytest.raises(InputError, match="3 features, and the data has 4"):
        likelihoods.Standardized("normal", CENTER, SCALE).build((None, 4))
