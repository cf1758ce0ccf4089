"""What z says of properties: its nats, how it trains along, what it refuses, how it travels."""

import keras
import numpy as np
import pytest
from publishing import make_here, rows_of
from scipy import stats

import zoo
from zoo import catalog, datasets, likelihoods
from zoo.errors import InputError
from zoo.models.property_head import PropertyHead, head

LETTERS = "abcd"


@pytest.fixture(scope="module")
def data():
    """Words of up to 6 letters; how long they are and how many are `a`, not known of a tenth."""
    drawn = np.random.default_rng(0)
    words = ["".join(drawn.choice([*LETTERS], drawn.integers(1, 7))) for _ in range(700)]
    made = datasets.binarize(zoo.datasets.with_properties(*of_words(words)), "none")
    assert made.properties == ("length", "a_s")
    return made


def of_words(words):
    from zoo.datasets.strings.loading import of_list

    def numbers(some):
        known = np.where(np.arange(len(some)) % 10, [len(word) for word in some], np.nan)
        return {"length": known, "a/s": [word.count("a") for word in some]}

    return of_list(words[:600], words[600:]), numbers(words[:600]), numbers(words[600:])


def model_of(data, **options):
    keras.utils.set_random_seed(0)
    values = dict(zip(data.properties, data.train.split.properties.T, strict=True))
    return catalog.molecule_vae(
        data.event_shape,
        3,
        units=8,
        encoder_units=8,
        context=4,
        likelihood=likelihoods.of_schema("tokens", data.schema),
        property_head=head(values, 3, units=(8,), **options),
    )


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    model = model_of(data, weight=5.0)
    settings = zoo.Settings(epochs=30, batch_size=50, learning_rate=0.01)
    run = zoo.fit(model, data, settings, tmp_path_factory.mktemp("run"), verbose=0)
    return model, run


def test_its_nats_are_those_of_a_normal_of_the_standardised_property():
    made = PropertyHead(("one", "two"), (3.0, -1.0), (2.0, 0.5), latent=4)
    made.log_scale.assign([-0.7, 0.3])
    random = np.random.default_rng(0)
    z, y = random.normal(size=(6, 4)).astype("float32"), random.normal(size=(6, 2))
    wanted = -stats.norm.logpdf(
        (y - [3.0, -1.0]) / [2.0, 0.5], np.asarray(made(z)), np.exp([-0.7, 0.3])
    )
    np.testing.assert_allclose(made.nats(z, y.astype("float32")), wanted.sum(1), rtol=1e-5)
    y[2, 0] = y[4] = np.nan
    wanted[np.isnan(y)] = 0.0
    np.testing.assert_allclose(made.nats(z, y.astype("float32")), wanted.sum(1), rtol=1e-5)
    answer = made.predict(z)["two"]
    np.testing.assert_allclose(answer, np.asarray(made(z))[:, 1] * 0.5 - 1.0, rtol=1e-5)


def test_what_is_unknown_has_no_gradient_that_is_no_number(data):
    model = model_of(data)
    model.compile(keras.optimizers.SGD(0.01), jit_compile=False)
    x, y = data.train.inputs(slice(0, 20), ("properties",))
    y = np.full_like(y, np.nan)
    logs = model.train_on_batch((x, y), return_dict=True)
    assert logs["properties"] == 0.0
    assert all(np.isfinite(np.asarray(weight)).all() for weight in model.weights)


def test_the_loss_is_minus_the_bound_and_the_weighted_nats_of_the_properties(data):
    model = model_of(data, weight=3.0)
    model.compile(jit_compile=False)
    given = data.train.inputs(slice(0, 50), ("properties",))
    logs = model.evaluate(given, given[0], verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(-logs["elbo"] + 3.0 * logs["properties"], rel=1e-5)
    assert logs["elbo"] == pytest.approx(-(logs["reconstruction"] + logs["kl"]), rel=1e-5)
    alone = model.evaluate(given[0], given[0], verbose=0, return_dict=True)
    assert alone["loss"] == pytest.approx(-alone["elbo"], rel=1e-5)  # without y there are none


def test_an_example_of_weight_0_teaches_no_property(data):
    model = model_of(data)
    model.compile(jit_compile=False)
    x, y = data.train.inputs(slice(0, 40), ("properties",))
    y = np.nan_to_num(y)
    weight = np.r_[np.ones(20), np.zeros(20)].astype("float32")
    spoilt = np.r_[y[:20], 1e3 + y[20:]]
    losses = [
        model.evaluate((x, given), x, sample_weight=weight, verbose=0, return_dict=True)
        for given in (y, spoilt)
    ]
    assert max(each["properties"] for each in losses) < 100.0  # a thousand deviations cost 500,000


@pytest.mark.slow
def test_trained_along_the_latents_know_the_properties(trained, data):
    model, run = trained
    assert run.history[-1]["val_properties"] < 0.6 * run.history[0]["val_properties"]
    mean = model.encode(data.test.examples(slice(None)))["mean"]
    length = keras.ops.convert_to_numpy(model.predict_properties(mean)["length"])
    known = data.test.split.properties[:, 0]
    there = np.isfinite(known)
    assert np.corrcoef(length[there], known[there])[0, 1] > 0.8
    assert abs(length.mean() - known[there].mean()) < 0.5  # in letters, not in deviations


@pytest.mark.slow
def test_it_comes_out_the_same_in_every_format(trained, data, tmp_path):
    model, _ = trained
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    assert again.properties == ("length", "a_s")
    rows = rows_of(make_here(model, data, tmp_path, ("reconstruct", "predict_properties")))
    assert all(row.ok for row in rows)
    compared = {(row.runtime, row.output) for row in rows}
    assert {("onnx", "length"), ("saved_model", "a_s"), ("onnx", "tokens_mode")} <= compared


def test_a_model_without_one_states_no_such_endpoint(data):
    keras.utils.set_random_seed(0)
    likelihood = likelihoods.of_schema("tokens", data.schema)
    plain = catalog.molecule_vae(data.event_shape, 3, units=4, likelihood=likelihood)
    assert "predict_properties" not in plain.endpoints()
    assert "predict_properties" in model_of(data).endpoints()


@pytest.mark.parametrize(
    ("names", "means", "deviations", "said"),
    [
        ((), (), (), "different names"),
        (("a", "a"), (0, 0), (1, 1), "different names"),
        (("a b",), (0,), (1,), "identifier"),
        (("z",), (0,), (1,), "called z"),
        (("a",), (0, 1), (1,), "2 means"),
        (("a",), (0,), (0,), "> 0"),
    ],
)
def test_what_cannot_be_is_refused(names, means, deviations, said):
    with pytest.raises(InputError, match=said):
        PropertyHead(names, means, deviations, latent=2)


@pytest.mark.parametrize("values", [[1.0, 1.0, 1.0], [np.nan, np.nan, np.nan]])
def test_a_property_that_says_nothing_is_refused(values):
    with pytest.raises(InputError, match="The property tall"):
        head({"tall": values}, 2)


def test_a_report_says_how_well_they_are_predicted(data):
    from zoo.evaluation import properties

    model = model_of(data)
    means = np.zeros((100, 3), np.float32)
    measured = properties.property_metrics(model, data, means)
    said = {n: float(v[0]) for n, v in model.predict_properties(means[:1]).items()}
    known = data.test.split.properties
    for place, name in enumerate(("length", "a_s")):
        wanted = known[np.isfinite(known[:, place]), place].astype(float)
        assert measured[f"{name}_mae"] == pytest.approx(
            np.abs(said[name] - wanted).mean(), rel=1e-4
        )
        share = 1 - np.mean((said[name] - wanted) ** 2) / wanted.var()
        assert measured[f"{name}_r2"] == pytest.approx(share, rel=1e-3, abs=1e-5)
    assert properties.can_be_measured(model, data)
    assert not properties.can_be_measured(model, binarized_without(data))


def binarized_without(data):
    import dataclasses

    return dataclasses.replace(data, properties=())


def test_data_of_other_properties_is_refused(data):
    from zoo.training import require_described

    require_described(model_of(data), data)
    with pytest.raises(InputError, match="has the properties none"):
        require_described(model_of(data), binarized_without(data))
