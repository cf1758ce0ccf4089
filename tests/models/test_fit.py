"""What `fit` takes: x alone, other targets, weights of examples; and what it refuses."""

import keras
import linear_gaussian
import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from zoo import catalog, schedules
from zoo.errors import InputError
from zoo.networks.output_layers import normal_posterior
from zoo.objectives import ELBO, Capacity, FreeBits, ImportanceWeighted, TotalCorrelation

SHAPE = (4, 4, 1)
SIZES = {"units": (5,), "latent": 2}
OBJECTIVES = [
    ELBO(),
    ELBO(2.5),
    FreeBits(0.3),
    Capacity(1.5, gamma=7.0),
    TotalCorrelation(3.0),
    ImportanceWeighted(1),
    ImportanceWeighted(4),
    ImportanceWeighted(4, doubly_reparameterized=True),
]


def model(name="dense_vae", seed=1, **options):
    keras.utils.set_random_seed(seed)
    return catalog.build(name, SHAPE, **SIZES | options)


def binary(count, seed=0):
    drawn = np.random.default_rng(seed).random((count, *SHAPE))
    return (drawn < 0.4).astype(np.float32)


def linear(objective):
    """A linear-Gaussian model of three values, compiled; all have the same weights and draws."""
    made = linear_gaussian.model(objective=objective, seed=3)
    made.compile("sgd", jit_compile=False)
    return made


def loss_and_gradients(made, x, y, weight=None):
    with tf.GradientTape() as tape:
        loss = made.compute_loss(x, y, made(x, training=True), weight)
    weights = made.trainable_weights
    gradients = tape.gradient(loss, [each.value for each in weights])
    return float(loss), {w.path: np.asarray(g) for w, g in zip(weights, gradients, strict=True)}


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


# --- x alone, and other targets ---------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dense_ae", "dense_vae"])
def test_x_alone_trains_as_x_twice_does(name):
    images = binary(32)
    histories = []
    for given in ((images,), (images, images), (tf.data.Dataset.from_tensor_slices(images),)):
        made = model(name)
        made.compile("sgd", jit_compile=False)
        batched = given[0].batch(8) if isinstance(given[0], tf.data.Dataset) else None
        if batched is not None:
            histories.append(made.fit(batched, verbose=0).history)
        else:
            histories.append(made.fit(*given, batch_size=8, shuffle=False, verbose=0).history)
    for history in histories[1:]:
        for key, value in histories[0].items():
            assert history[key] == pytest.approx(value, rel=1e-5), key


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_every_objective_reconstructs_y_and_not_x(objective, x):
    """Its loss by numpy: z of x, log p of y."""
    y = np.random.default_rng(1).normal(size=x.shape).astype(np.float32)
    made = linear(objective)
    encoded = {name: np.asarray(v, np.float64) for name, v in made.encode(x).items()}
    noise = keras.random.normal((6 * made.draws, 2), seed=keras.random.SeedGenerator(3))
    noise = np.asarray(noise, np.float64).reshape(6, made.draws, 2)
    scale = np.exp(0.5 * encoded["log_var"])[:, None]
    z = encoded["mean"][:, None] + scale * noise
    kernel, bias = (np.asarray(w, np.float64) for w in made.decoder.layers[-1].weights)
    log_p = stats.norm.logpdf(y[:, None], z @ kernel + bias, linear_gaussian.SCALE).sum(-1)
    _ = made(x)
    (added,) = made.losses
    wanted = -log_p.mean() + float(added)
    if isinstance(objective, ImportanceWeighted):
        ratio = stats.norm.logpdf(z) - stats.norm.logpdf(z, encoded["mean"][:, None], scale)
        log_weight = log_p + ratio.sum(-1)
        wanted = -np.mean(special.logsumexp(log_weight, axis=1) - np.log(made.draws))
    fresh = linear(objective)
    loss, gradients = loss_and_gradients(fresh, x, y)
    assert loss == pytest.approx(wanted, rel=1e-4)
    assert float(fresh.reconstruction_tracker.result()) == pytest.approx(-log_p.mean(), rel=1e-5)
    assert all(np.abs(g).max() > 0 for g in gradients.values())


def test_what_teaches_an_autoregressive_decoder_is_y():
    """p(y|z) is a product over y's own steps: with x as the teacher it would be no likelihood."""
    keras.utils.set_random_seed(0)
    made = catalog.rnn_vae((4, 3), latent=2, units=5, autoregressive=True, teacher_dropout=0.0)
    for weight in made.trainable_weights:
        weight.assign(np.random.default_rng(0).normal(0, 0.7, weight.shape))
    made.compile("sgd", jit_compile=False)
    x, y = ((np.random.default_rng(s).random((8, 4, 3)) < 0.5).astype(np.float32) for s in (1, 2))
    answer = made(x, training=False)
    taught = made.decoder([answer["z"], keras.ops.convert_to_tensor(y)], training=False)
    wanted = -np.mean(np.asarray(made.likelihood.log_prob(y, taught)))
    made.compute_loss(x, y, answer, training=False)
    assert float(made.reconstruction_tracker.result()) == pytest.approx(wanted, rel=1e-5)


# --- shapes -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dense_ae", "dense_vae", "iwae"])
@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (binary(8)[..., 0], None, r"x has the shape \[batch, 4, 4\].*one channel, x\[..., None\]"),
        (binary(8), binary(8)[..., 0], r"y has the shape \[batch, 4, 4\].*leave y out"),
        (binary(8), np.arange(8.0), r"y has the shape \[batch\].*labels are no y"),
        (
            binary(8),
            np.zeros((8, 1)),
            r"y has the shape \[batch, 1\]; wanted is \[batch, 4, 4",
        ),
        (binary(8)[:, :3], None, r"x has the shape \[batch, 3, 4, 1\]; wanted is"),
    ],
)
def test_shapes_that_would_broadcast_are_refused_with_what_to_do(name, x, y, said):
    made = model(name)
    made.compile("sgd", jit_compile=False)
    for call in (made.fit, made.evaluate):
        with pytest.raises(InputError, match=said):
            call(x, y, verbose=0)


@pytest.mark.parametrize("method", ["encode", "reconstruct", "score", "represent"])
def test_endpoints_refuse_another_shape_of_x(method):
    with pytest.raises(InputError, match=r"x has the shape \[batch, 4, 4\]"):
        getattr(model(), method)(binary(2)[..., 0])


# --- weights of examples ----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_an_example_of_weight_0_is_as_if_it_were_not_there(objective, x):
    """Neither value nor gradient knows its x; what is left is the batch without it, rescaled."""
    weight = np.float32([1, 1, 1, 1, 0, 0])
    found = []
    for other in (x[4:], 5.0 - 2.0 * x[4:]):
        data = np.concatenate([x[:4], other])
        found.append(loss_and_gradients(linear(objective), data, data, weight))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-6)
    for path, gradient in found[0][1].items():
        np.testing.assert_allclose(found[1][1][path], gradient, rtol=1e-5, atol=1e-6)
    draws, size = linear(objective).draws, 2
    first = np.asarray(keras.random.normal((6 * draws, size), seed=keras.random.SeedGenerator(3)))
    alone = linear(objective)
    _fix_noise(alone, first[: 4 * draws])
    loss, gradients = loss_and_gradients(alone, x[:4], x[:4])
    assert found[0][0] == pytest.approx(loss * 4 / 6, rel=1e-5)
    for path, gradient in gradients.items():
        np.testing.assert_allclose(found[0][1][path], gradient * 4 / 6, rtol=1e-4, atol=1e-5)


def _fix_noise(made, noise):
    """Lets the next draw of a model's latents be of given noise."""
    infer = made.latents.infer
    made.latents.infer = lambda features, _, *rest: infer(features, noise, *rest)


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_weights_of_all_examples_scale_the_loss_and_no_metric(objective, x):
    plain, gradients = loss_and_gradients(linear(objective), x, x)
    made = linear(objective)
    loss, doubled = loss_and_gradients(made, x, x, np.full(6, 2.0, np.float32))
    assert loss == pytest.approx(2 * plain, rel=1e-5)
    for path, gradient in gradients.items():
        np.testing.assert_allclose(doubled[path], 2 * gradient, rtol=1e-4, atol=1e-5)
    again = linear(objective)
    loss_and_gradients(again, x, x)
    for one, other in zip(made.metrics, again.metrics, strict=True):
        assert float(one.result()) == pytest.approx(float(other.result()), rel=1e-5), one.name


def test_metrics_are_weighted_means_over_batches_of_different_weight(x):
    made = linear(ELBO())
    weight = np.float32([1, 3, 0, 0, 2, 1])
    logs = made.evaluate(x, x, sample_weight=weight, batch_size=2, verbose=0, return_dict=True)
    kl = 0.5 * sum(
        np.exp(v["log_var"]) + v["mean"] ** 2 - 1 - v["log_var"]
        for v in [{k: np.asarray(each) for k, each in made.encode(x).items()}]
    ).sum(axis=1)
    assert logs["kl"] == pytest.approx(np.average(kl, weights=weight), rel=1e-5)
    assert logs["elbo"] == pytest.approx(-(logs["reconstruction"] + logs["kl"]), rel=1e-5)


def test_no_weight_at_all_is_no_division_by_zero(x):
    for objective in OBJECTIVES:
        loss, gradients = loss_and_gradients(linear(objective), x, x, np.zeros(6, np.float32))
        assert loss == 0.0
        assert all(not np.any(g) for g in gradients.values())


def test_codes_weigh_their_commitment_too():
    sizes = {"codes": 3, "dimension": 2, "filters": (6,), "prior_units": 5}
    images, weight = binary(8), np.float32([2, 2, 0, 0, 0, 0, 0, 0])
    keras.utils.set_random_seed(0)
    made = catalog.vq_vae(SHAPE, **sizes)
    made.compile("sgd", jit_compile=False)
    weighted = made.compute_loss(images, None, made(images), weight, training=False)
    pair = made.compute_loss(images[:2], None, made(images[:2]), training=False)
    assert float(weighted) == pytest.approx(float(pair) * 4 / 8, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("weights", [0.5, [0.5]])
def test_loss_weights_scale_the_loss_alone(weights, x):
    made, plain = linear_gaussian.model(seed=3), linear(ELBO())
    made.compile("sgd", loss_weights=weights, jit_compile=False)
    one, other = (m.evaluate(x, verbose=0, return_dict=True) for m in (made, plain))
    assert one["loss"] == pytest.approx(0.5 * other["loss"], rel=1e-6)
    assert one["elbo"] == pytest.approx(other["elbo"], rel=1e-6)


@pytest.mark.parametrize("weights", [[0.5, 0.5], -1.0, "half", float("nan")])
def test_other_loss_weights_are_refused(weights):
    with pytest.raises(InputError, match=r"loss_weights=.*one number"):
        model().compile(loss_weights=weights)


def test_a_weight_a_value_is_refused(x):
    with pytest.raises(InputError, match=r"sample_weight has the shape \[batch, 3\]"):
        linear(ELBO()).evaluate(x, x, sample_weight=np.ones((6, 3)), verbose=0)


def test_metrics_of_ones_own_are_refused_with_what_there_is():
    with pytest.raises(InputError, match=r"measures elbo, reconstruction, kl.*reconstruct"):
        model().compile(metrics=["mse"])


# --- the best epoch ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objective", "monitor", "settled"),
    [
        (ELBO(), "elbo", 0),
        (ELBO(schedules.Linear(0.0, 1.0, 50)), "elbo", 0),
        (ELBO(2.0), "loss", 0),
        (ELBO(schedules.Linear(0.0, 4.0, 50)), "loss", 50),
        (ELBO(schedules.Cyclical(10, cycles=3, top=2.0)), "loss", 30),
        (FreeBits(0.1), "elbo", 0),
        (Capacity(schedules.Linear(0.0, 25.0, 70)), "loss", 70),
        (Capacity(3.0), "loss", 0),
        (TotalCorrelation(1.0), "elbo", 0),
        (TotalCorrelation(6.0), "loss", 0),
        (ImportanceWeighted(5), "bound", 0),
        (ImportanceWeighted(5, beta=schedules.Linear(0.0, 2.0, 9)), "loss", 9),
    ],
    ids=repr,
)
def test_the_best_epoch_is_chosen_by_what_the_objective_wants_once_it_has_settled(
    objective, monitor, settled
):
    made = linear_gaussian.model(objective=objective)
    assert (made.monitor, made.settled_step) == (monitor, settled)


# --- networks with a state --------------------------------------------------------------------


def with_dropout(doubly):
    """A model whose decoder drops out and normalizes, so that a pass leaves a trace."""
    keras.utils.set_random_seed(0)
    made = linear_gaussian.model(objective=ImportanceWeighted(3, doubly), seed=3)
    z = keras.Input((2,))
    h = keras.layers.Dense(8, activation="tanh")(z)
    h = keras.layers.BatchNormalization()(keras.layers.Dropout(0.5, seed=7)(h))
    decoder = keras.Model(z, keras.layers.Dense(3)(h))
    made = type(made)(
        made.encoder, decoder, likelihood=made.likelihood, objective=made.objective, seed=3
    )
    made.compile("sgd", jit_compile=False)
    return made


def test_the_second_pass_of_the_doubly_reparameterized_gradient_is_the_first_once_more(x):
    """The same dropout in both, and one step of the moving averages, as without the gradient."""
    plain, doubly = with_dropout(False), with_dropout(True)
    one, gradients = loss_and_gradients(plain, x, x)
    other, of_doubly = loss_and_gradients(doubly, x, x)
    assert other == pytest.approx(one, rel=1e-5)
    of_decoder = {w.path for w in plain.decoder.trainable_weights}
    for path, theirs in zip(gradients, of_doubly, strict=True):
        if path in of_decoder:
            np.testing.assert_allclose(of_doubly[theirs], gradients[path], rtol=1e-3, atol=1e-5)
    states = [m.decoder.non_trainable_variables for m in (plain, doubly)]
    assert len(states[0]) == 3  # two moving averages, one generator
    for mine, theirs in zip(*states, strict=True):
        np.testing.assert_allclose(np.asarray(mine), np.asarray(theirs), rtol=1e-5, atol=1e-7)


def test_a_penalty_of_the_networks_own_is_in_the_loss_whatever_the_weights(x):
    penalty = keras.regularizers.L2(0.1)
    inputs = keras.Input((3,))
    h = keras.layers.Dense(4, kernel_regularizer=penalty, name="h")(inputs)
    base = linear_gaussian.model(seed=3)
    for objective in (ELBO(), ImportanceWeighted(2, True)):
        encoder = keras.Model(inputs, normal_posterior(h, 2))
        made = type(base)(encoder, base.decoder, likelihood=base.likelihood, objective=objective)
        made.compile("sgd", jit_compile=False)
        wanted = 0.1 * np.square(np.asarray(encoder.get_layer("h").kernel)).sum()
        loss, _ = loss_and_gradients(made, x, x, np.zeros(6, np.float32))
        assert loss == pytest.approx(wanted, rel=1e-5)


def test_a_keras_file_goes_on_with_the_noise_where_it_was(tmp_path, x):
    made = linear(ELBO())
    made.fit(x, verbose=0)
    made.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    following = np.asarray(made(x)["z"])
    np.testing.assert_array_equal(np.asarray(copy(x)["z"]), following)
    assert np.abs(np.asarray(linear(ELBO())(x)["z"]) - following).max() > 0.1


def test_a_keras_file_goes_on_with_the_dropout_and_the_restarts_where_they_were(tmp_path):
    sizes = {"codes": 8, "dimension": 2, "filters": (6,), "prior_units": 5}
    made = catalog.vq_vae(SHAPE, **sizes)
    made.compile("sgd", jit_compile=False)
    made.fit(binary(32), batch_size=8, verbose=0)
    made.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    states = [m.latents.codebook.seed_generator.state for m in (made, copy)]
    np.testing.assert_array_equal(*map(np.asarray, states))
    assert np.asarray(states[0])[1] > 0


# --- precision --------------------------------------------------------------------------------


@pytest.fixture
def policy():
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy("float32")


MIXED = [
    ("dense_ae", {}),
    ("dense_vae", {}),
    ("iwae", {}),
    ("hyperspherical_vae", {"latent": 3}),
    ("gumbel_vae", {"classes": 3}),
    ("flow_vae", {"prior": "flow", "latent": 4}),
    ("vampprior_vae", {"components": 3}),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize(("entry", "options"), MIXED)
def test_mixed_precision_trains_with_densities_in_float32(name, entry, options, policy):
    policy(name)
    made = model(entry, **options)
    # Without options as a graph; of the rest a few steps, whose tracing would take longer.
    made.compile("adam", jit_compile=False, run_eagerly=bool(options))
    history = made.fit(binary(32), batch_size=8, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    dense = made.encoder.get_layer("dense_0")
    assert dense.compute_dtype == name.removeprefix("mixed_") and dense.kernel.dtype == "float32"
    answer = keras.tree.flatten(made(binary(4)))
    assert {keras.backend.standardize_dtype(each.dtype) for each in answer} == {"float32"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "entry", ["conv_vae", "rnn_vae", "vq_vae", "conditional_vae", "hierarchical_vae"]
)
def test_mixed_precision_is_exported_as_float32(entry, policy, tmp_path):
    sizes = {
        "conv_vae": {"filters": (3, 4), "dense": 6, "latent": 2},
        "conditional_vae": {"filters": (3, 4), "dense": 6, "latent": 2, "classes": 3},
        "rnn_vae": {"units": 5, "latent": 2},
        "vq_vae": {"codes": 3, "dimension": 2, "filters": (6,), "prior_units": 5},
        "hierarchical_vae": {"filters": (3,), "dense": 4, "top": 2, "channels": 1},
    }
    policy("mixed_bfloat16")
    made = catalog.build(entry, SHAPE, **sizes[entry])
    given = (binary(8),) + ((np.arange(8) % 3,) if entry == "conditional_vae" else ())
    made.compile("adam", run_eagerly=True)  # one step: tracing would take longer
    made.fit(given[0] if len(given) == 1 else given, verbose=0)
    bare = made.bare()
    assert {layer.dtype_policy.name for layer in bare._flatten_layers()} == {"float32"}
    policy("float32")
    bare.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    wanted, found, mixed = (each.score(*given) for each in (bare, copy, made))
    largest = np.abs(wanted["reconstruction"]).max()  # of the terms, of which some are differences
    rounding = 2.0**-9  # of a bfloat16
    for key, value in wanted.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-6, atol=1e-7 * largest)
        np.testing.assert_allclose(mixed[key], value, rtol=0.05, atol=rounding * largest)


@pytest.mark.parametrize("name", ["float64", "bfloat16", "float16"])
def test_other_dtype_policies_are_refused_in_a_sentence(name, policy):
    policy(name)
    with pytest.raises(InputError, match=f"policy is {name}; models take float32, mixed_bfloat16"):
        model()
