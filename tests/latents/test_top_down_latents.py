"""`TopDown`: the hierarchy's mathematics against scipy, quadrature, and a law that is known."""

import keras
import linear_groups
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from zoo import catalog, noise
from zoo.errors import InputError
from zoo.latents import TopDown
from zoo.objectives import ELBO, FreeBits, GroupFreeBits, ImportanceWeighted
from zoo.schedules import Linear

SHAPE = (8, 8, 1)
TINY = {"groups": (1, 2), "top": 3, "channels": 2, "filters": (4,), "dense": 6}
GROUPS = {"top": (3,), "4x4_1": (4, 4, 2), "4x4_2": (4, 4, 2)}
SIZE = 3 + 2 * 32


def made(**options):
    """A tiny one whose weights are far from where they start: prior and posterior are apart."""
    keras.utils.set_random_seed(0)
    vae = catalog.hierarchical_vae(SHAPE, **TINY | options)
    random = np.random.default_rng(0)
    for weight in vae.trainable_weights:
        weight.assign(weight + random.normal(0.0, 0.15, weight.shape))
    vae.compile("sgd", jit_compile=False)
    return vae


@pytest.fixture(scope="module")
def vae():
    return made()


@pytest.fixture
def x():
    return (np.random.default_rng(1).random((5, *SHAPE)) < 0.4).astype(np.float32)


def normal_of(law):
    """(mean, scale), float64."""
    mean, log_var = (np.asarray(law[name], np.float64) for name in ("mean", "log_var"))
    return mean, np.exp(log_var / 2)


def by_hand(vae, x, drawn):
    """(log p(z) - log q(z|x), {group: KL}, z) [rows] of the groups in the units of the hierarchy.

    One draw an example; densities by scipy, the KL of two normals as the textbook has it. z is in
    the units of the artifact.
    """
    features, latents = vae.encoder(x), vae.latents
    ratio, kl, found, above = np.zeros(len(x)), {}, [], []
    start = 0
    for number, (name, shape) in enumerate(latents.groups.items()):
        width = int(np.prod(shape))
        feature = features[latents.features[name]]
        mean, scale = normal_of(latents.posteriors[number]([*above, feature]))
        m, s = np.zeros_like(mean), np.ones_like(mean)
        if above:
            m, s = normal_of(latents.priors[number - 1](above[0]))
        if latents.relative:
            mean, scale = m + s * mean, s * scale
        value = mean + scale * drawn[:, start : start + width]
        start += width
        ratio += (stats.norm.logpdf(value, m, s) - stats.norm.logpdf(value, mean, scale)).sum(1)
        apart = np.log(s / scale) + (scale**2 + (mean - m) ** 2) / (2 * s**2) - 0.5
        kl[name] = apart.sum(axis=1)
        found.append((value - m) / s)
        z = tf.constant(value.reshape(-1, *shape), tf.float32)
        above = [latents.blocks[number]([*above, z])]
    return ratio, kl, np.concatenate(found, axis=1)


@pytest.mark.parametrize("posteriors", ["absolute", "relative"])
def test_z_ratio_and_kl_are_those_of_the_groups_normals(posteriors, x):
    vae = made(posteriors=posteriors)
    drawn = np.random.default_rng(2).standard_normal((5, SIZE)).astype(np.float32)
    ratio, kl, z = by_hand(vae, x, drawn)
    draw = vae.latents.infer(vae.features(x, ()), drawn)
    np.testing.assert_allclose(draw.z, z, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(np.asarray(draw.log_ratio)[:, 0], ratio, rtol=1e-3, atol=1e-2)
    assert list(draw.kl) == list(kl) == list(GROUPS)
    for name, wanted in kl.items():
        np.testing.assert_allclose(draw.kl[name], wanted, rtol=1e-4, err_msg=name)
        assert wanted.min() > 0.05  # apart enough to tell


def test_the_kl_is_what_a_mean_of_many_draws_of_the_log_ratio_comes_to(vae, x):
    draws = 4000
    drawn = np.random.default_rng(3).standard_normal((draws, SIZE)).astype(np.float32)
    draw = vae.latents.infer(vae.features(x[:1], ()), drawn, draws)
    sampled = -np.asarray(draw.log_ratio, np.float64)[0]
    error = sampled.std() / np.sqrt(draws)
    assert abs(sampled.mean() - float(draw.total_kl[0])) < 4 * error
    assert error < 0.05 * sampled.mean()


def test_draws_are_those_that_examples_have_one_by_one(vae, x):
    drawn = np.random.default_rng(4).standard_normal((15, SIZE)).astype(np.float32)
    features = vae.features(x, ())
    draw = vae.latents.infer(features, drawn, 3)
    of_each = np.arange(15).reshape(5, 3)
    for number in range(3):
        alone = vae.latents.infer(features, drawn[of_each[:, number]])
        np.testing.assert_allclose(alone.z, np.asarray(draw.z)[of_each[:, number]], atol=1e-5)
        np.testing.assert_allclose(
            alone.log_ratio[:, 0], np.asarray(draw.log_ratio)[:, number], rtol=1e-3, atol=1e-3
        )


def test_the_exact_posterior_of_linear_groups_makes_the_bound_tight():
    vae = linear_groups.model()
    x = np.linspace(-3, 3, 7, dtype=np.float32)[:, None]
    evidence = stats.norm.logpdf(x[:, 0], scale=np.sqrt(linear_groups.variance()))
    drawn = np.random.default_rng(0).standard_normal((7, 50, 2)).astype(np.float32)
    log_weight = np.asarray(vae.log_weight(x, drawn))  # log p(x), whatever was drawn
    np.testing.assert_allclose(log_weight, np.repeat(evidence[:, None], 50, 1), atol=1e-4)
    off = linear_groups.model(shift=0.4)
    bound = np.asarray(off.log_weight(x, drawn)).mean(axis=1)
    assert (bound < evidence).all()


def test_z_and_what_stands_for_x_are_along_the_means_of_the_groups(vae, x):
    assert vae.latents.groups == GROUPS and vae.latent == SIZE
    encoded = {name: np.asarray(value) for name, value in vae.encode(x).items()}
    assert {name: value.shape[1] for name, value in encoded.items()} == vae.encoded
    point = np.concatenate([encoded[f"mean_{name}"] for name in GROUPS], axis=1)
    np.testing.assert_array_equal(vae.point(x), point)
    without_noise = vae.latents.infer(vae.features(x, ()), np.zeros((5, SIZE), np.float32))
    np.testing.assert_allclose(without_noise.z, point, atol=1e-6)
    np.testing.assert_allclose(without_noise.state, vae.state(point), atol=1e-5)


def test_a_sample_is_the_noise_itself_placed_by_the_prior(vae):
    seeds = np.array([0, 3, -(2**62)])
    answer = vae.generate(seeds)
    drawn = np.asarray(noise.draw(vae.latents.noise_kinds(), seeds))
    np.testing.assert_array_equal(answer["z"], drawn)
    np.testing.assert_allclose(answer["x_mean"], vae.decode(drawn)["x_mean"], atol=1e-6)


def test_what_lies_below_depends_on_what_was_drawn_above(vae, x):
    drawn = np.zeros((5, SIZE), np.float32)
    moved = drawn.copy()
    moved[:, :3] = 2.0
    features = vae.features(x, ())
    still, other = (vae.latents.infer(features, each) for each in (drawn, moved))
    np.testing.assert_array_equal(still.kl["top"], other.kl["top"])
    for name in ("4x4_1", "4x4_2"):
        assert np.abs(np.asarray(still.kl[name]) - np.asarray(other.kl[name])).max() > 1e-3


def test_untrained_the_posterior_is_near_the_prior(x):
    keras.utils.set_random_seed(0)
    deep = catalog.hierarchical_vae(SHAPE, **TINY | {"groups": (1, 8)})
    drawn = np.random.default_rng(5).standard_normal((5, deep.latent)).astype(np.float32)
    draw = deep.latents.infer(deep.features(x, ()), drawn)
    assert 0 < np.max(draw.total_kl) < 5
    assert np.isfinite(np.asarray(draw.state)).all() and np.std(draw.state) < 10


# --- objectives ---------------------------------------------------------------------------------


def loss_and_gradients(vae, x):
    with tf.GradientTape() as tape:
        loss = vae.compute_loss(x, x, vae(x, training=True))
    weights = vae.trainable_weights
    gradients = tape.gradient(loss, [w.value for w in weights])
    return float(loss), {w.path: np.asarray(g) for w, g in zip(weights, gradients, strict=True)}


@pytest.mark.parametrize(
    "objective", [ELBO(), GroupFreeBits(0.0), GroupFreeBits((0.0, 0.0, 0.0))], ids=repr
)
def test_no_free_bits_are_the_elbo(objective, x):
    vae = made(objective=objective)
    loss, _ = loss_and_gradients(vae, x)
    assert loss == pytest.approx(-float(vae.elbo_tracker.result()), rel=1e-6)


def test_groups_within_their_free_bits_cost_just_these():
    vae, x = made(objective=GroupFreeBits(2.0)), np.zeros((4, *SHAPE), np.float32)
    draw = vae.latents.infer(vae.features(x, ()), np.zeros((4, SIZE), np.float32))
    each = {name: float(np.mean(kl)) for name, kl in draw.kl.items()}
    bound = sorted(each.values())[1] + 1e-3  # two of the three lie below
    wanted = 2 * bound + max(each.values())
    assert float(GroupFreeBits(bound).regulariser(draw)) == pytest.approx(wanted, rel=1e-5)
    half = GroupFreeBits(bound, Linear(0.0, 1.0, 10))
    assert float(half.regulariser(draw, 5)) == pytest.approx(wanted / 2, rel=1e-5)
    weight = np.array([1.0, 0.0, 0.0, 0.0], np.float32)
    of_first = sum(max(bound, float(np.asarray(kl)[0])) for kl in draw.kl.values())
    found = GroupFreeBits(bound).regulariser(draw, weight=weight)
    assert float(found) == pytest.approx(of_first, rel=1e-5)


def test_groups_may_have_free_bits_of_their_own_and_warm_up_from_the_top():
    vae, x = made(objective=GroupFreeBits((0.0, 9.0, 50.0))), np.zeros((4, *SHAPE), np.float32)
    draw = vae.latents.infer(vae.features(x, ()), np.zeros((4, SIZE), np.float32))
    kl = [float(np.mean(each)) for each in draw.kl.values()]
    wanted = sum(max(each, free) for each, free in zip(kl, (0.0, 9.0, 50.0), strict=True))
    assert float(vae.objective.regulariser(draw)) == pytest.approx(wanted, rel=1e-5)
    in_turn = GroupFreeBits(0.0, Linear(0.0, 1.0, 12), order="from_top")
    weights = {0: (0, 0, 0), 2: (0.5, 0, 0), 6: (1, 0.5, 0), 11: (1, 1, 0.75), 12: (1, 1, 1)}
    for step, of_groups in weights.items():
        found = float(in_turn.regulariser(draw, step))
        assert found == pytest.approx(np.dot(of_groups, kl), rel=1e-5), step
    assert in_turn.settled_step == 0 and in_turn.monitor == "elbo"


def test_free_bits_of_other_groups_than_there_are_are_refused():
    with pytest.raises(InputError, match=r"given 2 numbers.*3 groups: top, 4x4_1, 4x4_2"):
        made(objective=GroupFreeBits((0.5, 0.1)))


@pytest.mark.parametrize("objective", [GroupFreeBits(0.0), ImportanceWeighted(3)], ids=repr)
def test_gradients_reach_every_weight(objective, x):
    _, gradients = loss_and_gradients(made(objective=objective), x)
    for path, gradient in gradients.items():
        assert np.abs(gradient).max() > 0, path


def test_warm_up_counts_the_steps(x):
    vae = made(objective=GroupFreeBits(0.0, Linear(0.0, 1.0, 4)))
    added = []
    for _ in range(3):
        vae(x, training=True)
        (of_step,) = vae.losses
        added.append(float(of_step))
    assert added[0] == 0.0 < added[1] < added[2]


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        (FreeBits(0.1), "needs the KL of each latent"),
        (ImportanceWeighted(2, True), "density of any z"),
    ],
)
def test_objectives_that_ask_for_more_are_refused(objective, said):
    with pytest.raises(InputError, match=said):
        made(objective=objective)


def test_networks_that_do_not_follow_one_another_are_refused(vae):
    latents = vae.latents
    posteriors, priors, blocks = latents.posteriors, latents.priors, latents.blocks
    with pytest.raises(InputError, match="3 groups, 2 posteriors, 2 priors and 3 blocks"):
        TopDown(latents.features, posteriors[:2], priors, blocks)
    with pytest.raises(InputError, match="none as the first one's prior"):
        TopDown(latents.features, posteriors, [*priors, priors[0]], blocks)
    with pytest.raises(InputError, match="posterior of group 'top' takes the state"):
        TopDown(latents.features, posteriors[::-1], priors, blocks)
    other = made(channels=1).latents
    with pytest.raises(InputError, match=r"posterior of group '4x4_1' gives .*takes 16 values"):
        TopDown(latents.features, posteriors, priors, [blocks[0], *other.blocks[1:]])
    with pytest.raises(InputError, match=r"prior of group '4x4_1' gives .*takes 32 values"):
        TopDown(latents.features, posteriors, other.priors, blocks)
    wider = catalog.hierarchical_vae(SHAPE, **TINY | {"filters": (5,)}).latents
    with pytest.raises(InputError, match="prior of group '4x4_1' takes the state"):
        TopDown(latents.features, posteriors, wider.priors, blocks)
