"""How many examples and draws fit: a rule of bytes, and nats that do not depend on it."""

import math

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo import catalog
from zoo.datasets import Dataset, Schema, Split, binarize
from zoo.evaluation import anomaly, baselines, chunks, latent, nats
from zoo.evaluation.sample_quality import samples
from zoo.models import sizes

COLOUR, GREY = (64, 64, 3), (8, 8, 1)
GROUPS = {"groups": (1, 2), "top": 3, "channels": 1, "filters": (4,), "dense": 6}


def test_the_largest_tensor_of_a_network_is_found_wherever_it_is():
    x = keras.Input((6, 6, 2))
    wide = layers.Conv2D(50, 3, padding="same")(x)  # 1,800 values
    inner_in = keras.Input((6, 6, 50))
    inner = keras.Model(inner_in, layers.Conv2D(70, 3)(inner_in))  # 4 * 4 * 70 = 1,120
    assert sizes.largest(inner) == 1800 == sizes.largest(keras.Model(x, inner(wide)))
    within = keras.Model(inner_in, layers.Conv2D(1, 1)(layers.Conv2D(90, 3)(inner_in)))
    assert sizes.largest(keras.Model(x, within(layers.Conv2D(50, 1)(x)))) == 1800
    deeper = keras.Model(inner_in, layers.Conv2D(1, 1)(layers.Conv2D(400, 3)(inner_in)))
    assert sizes.largest(keras.Model(x, deeper(layers.Conv2D(50, 1)(x)))) == 16 * 400
    sequential = keras.Sequential([keras.Input((3,)), layers.Dense(40), layers.Dense(2)])
    assert sizes.largest(sequential) == 40


@pytest.mark.parametrize(
    ("name", "shape", "options", "encoding", "decoding"),
    [
        ("dense_vae", (28, 28, 1), {"units": (100,)}, 784, 784),
        ("dense_vae", (28, 28, 1), {"units": (2000,)}, 2000, 2000),
        # The first convolution: 32 x 32 x 16; the last transposed one is as large.
        ("conv_vae", COLOUR, {"dense": 8, "filters": (16, 32)}, 32 * 32 * 16, 32 * 32 * 16),
        ("conv_vae", COLOUR, {"dense": 8, "filters": (4, 8)}, 64 * 64 * 3, 64 * 64 * 3),
        # A VampPrior compares each draw with 500 encodings.
        ("vampprior_vae", GREY, {"components": 500, "latent": 7, "units": (9,)}, 64, 3500),
        ("vq_vae", GREY, {"codes": 600, "dimension": 2, "filters": (4, 8)}, 64, 4 * 600),
        # A posterior of 4x4 places sees a state and a feature of 4 channels each.
        ("hierarchical_vae", GREY, GROUPS, 64, 128),
    ],
)
def test_a_model_states_the_largest_tensor_of_an_example_and_of_a_draw(
    name, shape, options, encoding, decoding
):
    model = catalog.build(name, shape, **options)
    assert model.widest_encoding == encoding and model.widest_decoding == decoding


def test_blocks_between_groups_count_as_decoding():
    wide = GROUPS | {"groups": (1, 1), "filters": (4, 50), "dense": 900}
    model = catalog.build("hierarchical_vae", (16, 16, 1), **wide)
    block = max(sizes.largest(each) for each in model.latents.blocks)
    assert model.widest_decoding >= block > sizes.largest(model.decoder)


class Stated:
    """A model as far as chunks ask one: its largest tensors, and a raw output of `raw` values."""

    def __init__(self, encoding, decoding, raw):
        self.widest_encoding, self.widest_decoding = encoding, decoding
        self.event_shape, self.likelihood = (raw,), zoo.likelihoods.Bernoulli()


@pytest.mark.parametrize("encoding", [10, 784, 65_536, 3_000_000])
@pytest.mark.parametrize("decoding", [10, 784, 262_144, 5_000_000])
@pytest.mark.parametrize("raw", [10, 49_152])
@pytest.mark.parametrize("draws", [1, 16, 100])
def test_what_is_handled_at_once_fits_the_bytes_and_no_more_would(encoding, decoding, raw, draws):
    model = Stated(encoding, decoding, raw)
    count, width = chunks.shared(model, draws)

    def bytes_of(count, width):
        of_draw = max(chunks.ALIVE * decoding, chunks.DENSITY * raw)
        return 4 * count * (chunks.ALIVE * encoding + width * of_draw)

    assert 1 <= width <= draws and count >= 1
    assert bytes_of(count, width) <= chunks.BYTES or count == 1
    assert bytes_of(1, width) <= chunks.BYTES or width == 1
    assert bytes_of(count + 1, width) > chunks.BYTES
    calls = math.ceil(draws / width)
    assert calls == 1 or bytes_of(1, math.ceil(draws / (calls - 1))) > chunks.BYTES
    assert chunks.examples(model, draws) <= chunks.examples(model)
    assert bytes_of(0, 0) == 0 and chunks.decoded(model) >= chunks.examples(model)


def test_rows_are_all_there_once_and_in_order():
    for count, step in ((10, 3), (9, 3), (2, 5), (0, 4)):
        parts = list(chunks.of(count, step))
        assert all(0 < len(part) <= step for part in parts)
        assert [*np.concatenate([*parts, []])] == list(range(count))


@pytest.fixture(scope="module")
def data():
    x = np.random.default_rng(0).integers(0, 256, (23, *GREY)).astype(np.uint8)
    whole = Dataset("made", Split(x[:12]), Split(x), Schema("image", GREY), "made", "none", "all")
    return binarize(whole, "none")


MODELS = {
    "conv_vae": {"latent": 3, "filters": (4, 8), "dense": 5, "prior": "mixture"},
    "hierarchical_vae": GROUPS,
    "vq_vae": {"codes": 8, "dimension": 3, "filters": (4, 8), "prior_units": 6},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_no_answer_depends_on_how_much_is_handled_at_once(name, data, monkeypatch):
    zoo.training.seed_everything(0)
    model = catalog.build(name, GREY, **MODELS[name])

    def answers():
        found = {"means": latent.posterior_means(model, data.test)}
        found |= {f"score {k}": v for k, v in nats.scores(model, data.test).items()}
        found |= anomaly.scores(model, data.test.examples(np.arange(9)))
        found["mse"] = baselines.reconstruction_mse(model, data.test)
        found["samples"] = samples(model, data, np.arange(23))
        if model.samples_posterior:
            found |= {f"terms {k}": v for k, v in nats.elbo(model, data.test, 1, samples=7)}
            found["log p(x)"] = nats.log_likelihood(model, data.test, 1, samples=113)
        return found

    whole, wanted = chunks.shared(model, 100), answers()
    smallest = chunks.ALIVE * (model.widest_encoding + 3 * model.widest_decoding)
    monkeypatch.setattr(chunks, "BYTES", 4 * smallest)
    assert chunks.shared(model, 100)[1] <= 4 < whole[1]
    for key, value in answers().items():
        np.testing.assert_allclose(value, wanted[key], rtol=2e-5, atol=1e-5, err_msg=key)
