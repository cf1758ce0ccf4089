"""The vector-quantized VAE: its prior over codes, its bound, and that its codebook is used."""

import collections
import itertools

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
from keras import ops
from scipy import special, stats

from zoo import catalog, noise, training
from zoo.datasets import binarize
from zoo.distributions import categorical
from zoo.errors import InputError
from zoo.evaluation import latent, report
from zoo.export import onnx as writer
from zoo.latents import Codebook, Codes
from zoo.latents.codes import Perplexity
from zoo.latents.priors.autoregressive import AutoregressiveCodes
from zoo.models import VAE
from zoo.networks import conv
from zoo.objectives import ImportanceWeighted

SHAPE = (4, 4, 1)
GRIDS = [(2, 2), (1, 4), (4, 1), (2, 3)]


def numbers(value):
    return ops.convert_to_numpy(value).astype(np.float64)


def prior(codes=3, grid=(2, 2), seed=0):
    """A prior with weights large enough that every code hangs on those before it."""
    keras.utils.set_random_seed(seed)
    made = AutoregressiveCodes(codes, grid, units=5, embedding=4)
    made.build()
    random = np.random.default_rng(seed)
    for weight in made.trainable_weights:
        weight.assign(random.normal(0.0, 0.8, weight.shape))
    return made


def tiny(seed=0, **options):
    """A model of 4x4 images with a grid of 2x2, none of whose probabilities is near 1/2."""
    keras.utils.set_random_seed(seed)
    sizes = {"codes": 3, "dimension": 2, "filters": (6,), "prior_units": 5}
    model = catalog.vq_vae(SHAPE, **sizes | options)
    random = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(random.normal(0.0, 0.4, weight.shape))
    model.latents.codebook.use.assign(np.ones(model.code_count))
    return model


@pytest.fixture
def x():
    return np.random.default_rng(0).integers(0, 2, (12, *SHAPE)).astype(np.float32)


def every(codes, count):
    """All sequences of so many codes: int32 [codes ** count, count]."""
    return np.array(list(itertools.product(range(codes), repeat=count)), np.int32)


@pytest.mark.parametrize("grid", GRIDS)
def test_probabilities_of_all_grids_sum_to_one(grid):
    log_p = numbers(prior(3, grid).log_prob(every(3, grid[0] * grid[1])))
    assert np.exp(log_p).sum() == pytest.approx(1.0, abs=1e-5)
    assert np.ptp(log_p) > 2


@pytest.mark.parametrize("grid", GRIDS)
def test_a_code_hangs_on_those_before_it_and_on_no_other(grid):
    made, count = prior(3, grid), grid[0] * grid[1]
    codes = np.random.default_rng(1).integers(0, 3, (8, count), np.int32)
    before = numbers(made.logits(codes))
    for place in range(count):
        changed = codes.copy()
        changed[:, place] = (codes[:, place] + 1) % 3
        moved = np.abs(numbers(made.logits(changed)) - before).max(axis=(0, 2)) > 1e-6
        np.testing.assert_array_equal(moved, np.arange(count) > place)


@pytest.mark.parametrize("grid", GRIDS)
def test_what_is_drawn_step_by_step_is_what_the_probabilities_say(grid):
    made, count = prior(3, grid), grid[0] * grid[1]
    drawn = noise.uniform(np.arange(200), (count,))
    codes = made.sample(drawn)
    assert ops.convert_to_numpy(codes).dtype == np.int32
    said = categorical.sample(made.logits(codes), drawn)
    sound = numbers(made.margin(codes, drawn)) > 1e-5
    assert sound.mean() > 0.95
    np.testing.assert_array_equal(numbers(codes)[sound], numbers(said)[sound])


def test_draws_of_seeds_side_by_side_are_as_frequent_as_they_are_probable():
    made = prior(3, (2, 2))
    drawn = noise.draw(made.noise_kinds(4), np.arange(20_000))
    place = numbers(made.sample(drawn)) @ 3.0 ** np.arange(3, -1, -1)
    found = np.bincount(place.astype(int), minlength=81)
    wanted = 20_000 * np.exp(numbers(made.log_prob(every(3, 4))))
    assert wanted.min() > 5
    assert stats.chisquare(found, wanted * found.sum() / wanted.sum()).pvalue > 1e-3


def test_the_margin_of_a_draw_is_the_least_way_from_its_noise_to_a_bound():
    made = prior(3, (1, 1))
    p = special.softmax(numbers(made.logits(np.zeros((1, 1), np.int32))))[0, 0]
    drawn = np.float32([[0.5 * p[0]], [p[0] + 0.01], [0.999]])
    found = numbers(made.margin(made.sample(drawn), drawn))
    wanted = [0.5 * p[0], 0.01, 0.999 - p[:2].sum()]
    np.testing.assert_allclose(found, np.minimum(wanted, [1, p[1] - 0.01, 1]), atol=1e-6)


def test_the_elbo_is_log_p_of_x_given_its_codes_and_log_p_of_these(x):
    model = tiny()
    codes = ops.convert_to_numpy(model.encode(x)["codes"])
    assert codes.dtype == np.int32 and codes.shape == (12, 4) and len(np.unique(codes)) > 1
    mean = numbers(model.decode(codes)["x_mean"])
    log_p = stats.bernoulli.logpmf(x, mean).sum(axis=(1, 2, 3))
    logits = numbers(model.latents.prior.logits(codes))
    of_codes = np.take_along_axis(special.log_softmax(logits, -1), codes[..., None], -1).sum((1, 2))
    score = model.score(x)
    np.testing.assert_allclose(score["reconstruction"], -log_p, rtol=1e-4)
    np.testing.assert_allclose(score["kl"], -of_codes, rtol=1e-4)
    np.testing.assert_allclose(score["elbo"], log_p + of_codes, rtol=1e-4)


def test_the_elbo_is_a_bound_on_the_evidence_which_all_grids_together_give(x):
    model, grids = tiny(), every(3, 4)
    log_prior = numbers(model.latents.prior.log_prob(grids))
    mean = numbers(model.decode(grids)["x_mean"])
    log_p = stats.bernoulli.logpmf(x[:, None], mean[None]).sum(axis=(2, 3, 4))
    evidence = special.logsumexp(log_p + log_prior, axis=1)
    gap = evidence - numbers(model.score(x)["elbo"])
    assert (gap > 0).all()


def test_what_is_added_to_the_loss_is_the_kl_and_the_commitment(x):
    model = tiny(commitment=0.7)
    model.compile(jit_compile=False)
    logs = model.evaluate(x, x, verbose=0, return_dict=True)
    encoded = numbers(model.encoder(x)["vectors"])
    vectors = numbers(model.represent(x)).reshape(encoded.shape)
    apart = ((encoded - vectors) ** 2).sum(axis=(1, 2, 3)).mean()
    score = {name: numbers(value).mean() for name, value in model.score(x).items()}
    assert logs["loss"] == pytest.approx(-score["elbo"] + 0.7 * apart, rel=1e-5)
    for name, value in score.items():
        assert logs[name] == pytest.approx(value, rel=1e-5), name
    codes = ops.convert_to_numpy(model.encode(x)["codes"])
    frequency = np.bincount(codes.ravel(), minlength=3)
    assert logs["perplexity"] == pytest.approx(np.exp(stats.entropy(frequency)), rel=1e-5)


def test_log_p_of_the_codes_trains_the_prior_alone(x):
    model = tiny(commitment=0.0)
    with tf.GradientTape(persistent=True) as tape:
        model(x)
        (added,) = model.losses
    of_prior = tape.gradient(added, [w.value for w in model.latents.prior.trainable_weights])
    assert all(np.abs(tf.convert_to_tensor(g)).max() > 0 for g in of_prior)
    others = [w.value for part in (model.encoder, model.decoder) for w in part.weights]
    gradients = tape.gradient(added, others)
    assert all(g is None or not np.any(g) for g in gradients)


def test_perplexity_is_over_all_that_was_seen_and_counts_whole_codes():
    metric = Perplexity(4)
    metric.update_state(np.int32([[0, 1]]))
    assert float(metric.result()) == pytest.approx(2.0)
    metric.update_state(np.int32([2, 3]))
    assert float(metric.result()) == pytest.approx(4.0)
    metric.reset_state()
    metric.update_state(np.int32([3, 3, 3]))
    assert float(metric.result()) == pytest.approx(1.0)


def test_margins_are_of_encodings_and_of_draws_and_none_of_given_codes(x):
    model = tiny()
    codes = model.encode(x)
    apart = model.latents.codebook.margin(model.encoder(x)["vectors"])
    np.testing.assert_allclose(model.margin({"x": x}, codes), apart.min(axis=(1, 2)))
    assert model.margin(codes, model.decode(codes["codes"])) is None
    seed = np.arange(6)
    drawn = noise.uniform(seed, (4,))
    answer = model.generate(seed)
    np.testing.assert_allclose(
        model.margin({"seed": seed}, answer), model.latents.prior.margin(answer["codes"], drawn)
    )


def test_the_state_of_restarts_is_part_of_what_a_checkpoint_keeps():
    model = tiny()
    state = model.latents.codebook.seed_generator.state
    assert any(variable is state for variable in model.variables)


@pytest.mark.slow
def test_generate_is_one_loop_and_scoring_none(tmp_path):
    endpoints = {name: tiny().endpoints()[name] for name in ("generate", "score")}
    writer.write(tiny(), endpoints, tmp_path)
    found = {}
    for name in endpoints:
        nodes = onnx.load(tmp_path / "onnx" / f"{name}.onnx").graph.node
        found[name] = collections.Counter(node.op_type for node in nodes)
    assert found["generate"]["Loop"] == 1 and found["generate"]["GRU"] == 0
    assert found["score"]["Loop"] == 0 and found["score"]["GRU"] == 1


@pytest.fixture(scope="module")
def trained(digits):
    """{restart: a model, trained for 144 steps on the digits}, and the data."""
    data, found = binarize(digits, "dynamic", 0), {}
    x = data.train.examples(np.arange(len(data.train)))
    for restart in (0.1, 0.0):
        training.seed_everything(0)
        sizes = {"codes": 32, "dimension": 8, "filters": (8, 16)}
        model = catalog.vq_vae(digits.event_shape, **sizes, restart_below=restart)
        model.compile(keras.optimizers.Adam(3e-3), jit_compile=False)
        model.fit(x, x, batch_size=128, epochs=12, verbose=0)
        found[restart] = model
    return found, data


@pytest.mark.slow
def test_a_trained_codebook_does_not_collapse_as_one_without_restart_does(trained):
    models, data = trained
    use = {restart: dict(latent.code_use(model, data.test)) for restart, model in models.items()}
    assert 16 < use[0.1]["perplexity"] <= use[0.1]["codes_used"] <= 32
    assert use[0.0]["perplexity"] < 8


@pytest.mark.slow
def test_the_report_is_of_the_exact_bound_and_of_the_codes_in_use(trained):
    models, data = trained
    model = models[0.1]
    found = report(model, data, samples=1000)
    x = data.test.examples(np.arange(len(data.test)))
    score = model.score(x)
    for name, value in score.items():
        assert found.metrics[name] == pytest.approx(numbers(value).mean(), rel=1e-5)
    assert found.metrics["nll"] == -found.metrics["elbo"]
    codes = ops.convert_to_numpy(model.encode(x)["codes"])
    frequency = np.bincount(codes.ravel(), minlength=32)
    assert found.metrics["perplexity"] == pytest.approx(np.exp(stats.entropy(frequency)))
    assert found.metrics["codes_used"] == np.count_nonzero(frequency)
    assert found.protocol["K"] == 1 and "active_units" not in found.metrics
    assert "K=1 importance sample" in found.statement()


@pytest.mark.parametrize("codes", [1, 0, -3])
def test_a_codebook_of_fewer_than_two_codes_is_refused(codes):
    with pytest.raises(InputError, match=f"codes={codes}: .* 2 vectors or more"):
        catalog.vq_vae(SHAPE, codes=codes)


def test_parts_that_do_not_fit_each_other_are_refused():
    def made(dimension=2, taken=2, codes=3, over=3, grid=(2, 2), objective=None, **options):
        return VAE(
            conv.grid_encoder(SHAPE, 2, (6,)),
            conv.grid_decoder(SHAPE, taken, (6,)),
            Codes(Codebook(codes, dimension), AutoregressiveCodes(over, grid), **options),
            objective=objective,
        )

    made()
    with pytest.raises(InputError, match=r"decoder takes \[2, 2, 3\], .* give \[2, 2, 2\]"):
        made(taken=3)
    with pytest.raises(InputError, match=r"vectors \[2, 2, 2\], .* take vectors \[2, 2, 4\]"):
        made(dimension=4)
    with pytest.raises(InputError, match=r"3 codes, the prior is over 5"):
        made(over=5)
    with pytest.raises(InputError, match=r"vectors \[2, 2, 2\], .* take vectors \[4, 1, 2\]"):
        made(grid=(4, 1))
    with pytest.raises(InputError, match=r"averages over 4 draws.*has one alone"):
        made(objective=ImportanceWeighted(4))
    with pytest.raises(InputError, match=r"commitment=-1"):
        made(commitment=-1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"codes": 1}, "codes=1"),
        ({"grid": (0, 2)}, r"grid=\(0, 2\)"),
        ({"units": 0}, "units=0"),
        ({"embedding": 1.5}, "embedding=1.5"),
    ],
)
def test_a_prior_that_cannot_be_is_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        AutoregressiveCodes(**{"codes": 3, "grid": (2, 2)} | wrong)
