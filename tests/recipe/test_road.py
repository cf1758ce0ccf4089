"""`zoo.fit`, `zoo.evaluate` and `zoo.publish` of a model of one's own, from arrays."""

import dataclasses
import json
import signal

import keras
import numpy as np
import pytest
import tables
from keras import layers

import zoo
from zoo import command_line
from zoo.errors import DatasetError, ExportError, InputError, Interrupted
from zoo.recipe.given import prepared


def own_model(size=2, **parts):
    """A model of plain layers over the 8x8 digits."""
    image = keras.Input((8, 8, 1))
    hidden = layers.Dense(16, "relu")(layers.Flatten()(image))
    encoder = keras.Model(
        image, {"mean": layers.Dense(size)(hidden), "log_var": layers.Dense(size)(hidden)}
    )
    decoder = keras.Sequential(
        [
            keras.Input((size,)),
            layers.Dense(64, "relu"),
            layers.Dense(64),
            layers.Reshape((8, 8, 1)),
        ]
    )
    return zoo.VAE(encoder, decoder, name="own", **parts)


@pytest.fixture(scope="module")
def x(digits):
    """Training digits as an array [n, 8, 8]."""
    return digits.train.images[:300, ..., 0]


@pytest.fixture(scope="module")
def fitted(x):
    """(model, run) of two epochs by `zoo.fit`."""
    model = own_model()
    return model, zoo.fit(model, x, epochs=2, batch_size=32)


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


# --- data ------------------------------------------------------------------------------------


def test_whatever_is_given_as_data_is_the_same_dataset(x, tmp_path):
    model, labels = own_model(), np.arange(300) % 10
    np.savez(tmp_path / "made.npz", x=x)
    wanted = zoo.datasets.binarize(zoo.datasets.from_arrays(x), "none")
    for data in (
        x,
        list(x),
        (x, labels),
        zoo.datasets.from_arrays(x),
        tmp_path / "made.npz",
        str(tmp_path / "made.npz"),
        wanted,
    ):
        found = prepared(model, data)
        np.testing.assert_array_equal(found.test.examples([0, 5]), wanted.test.examples([0, 5]))
    assert (prepared(model, (x, labels)).train.labels < 10).all()
    both = prepared(model, ((x, labels), (x[:7], labels[:7])))  # as keras.datasets gives them
    assert (len(both.train), len(both.test)) == (300, 7)


def of_table(data):
    """A tiny model of the columns of `tables`."""
    likelihood = zoo.likelihoods.of_schema("auto", data.schema)
    return zoo.catalog.build("table_vae", (8,), latent=2, units=(4,), likelihood=likelihood)


def test_a_row_that_cannot_be_is_refused_by_its_place_wherever_data_is_given():
    data = tables.data()
    model = of_table(data)
    assert prepared(model, data).binarization == "none"
    wrong = data.test.images.copy()
    wrong[9, 2] = -3.0
    wrong = dataclasses.replace(data, test=zoo.datasets.Split(wrong))
    said = (
        r"made, test split: row 9 \(from 0 on\) has -3 in the column 'visits'; wanted is a whole "
        "number from 0 on"
    )
    for give in (zoo.fit, zoo.evaluate):
        with pytest.raises(InputError, match=said):
            give(model, wrong)
    with pytest.raises(InputError, match=said):
        zoo.publish(model, wrong, "nowhere")


def test_a_frame_is_data_of_a_model_of_tables():
    """As `from_frame` reads it, the same at every call; of no other model it is."""
    frame = {"city": ["Oslo", "Moss"] * 30, "price": [f"€{row % 37}.50" for row in range(60)]}
    data = zoo.datasets.from_frame(frame)
    likelihood = zoo.likelihoods.of_schema("auto", data.schema)
    model = zoo.catalog.table_vae(data.event_shape, latent=2, units=(4,), likelihood=likelihood)
    found = prepared(model, frame)
    assert found.schema == data.schema
    np.testing.assert_array_equal(found.train.examples(slice(None)), data.train.images)
    with pytest.raises(InputError, match="column 1 whose name is 'price', and in frame it is 'n'"):
        prepared(model, {"city": frame["city"], "n": list(np.arange(60.0) ** 2)})


def test_real_numbers_for_a_bernoulli_likelihood_are_refused_with_the_likelihood_to_take():
    model = zoo.catalog.dense_vae((3,), latent=2, units=(4,))
    x = np.random.default_rng(0).normal(size=(60, 3))
    with pytest.raises(InputError, match=r"zoo.likelihoods.of_schema\('normal', data.schema\)"):
        prepared(model, x)
    data = zoo.datasets.from_arrays(x)
    normal = zoo.likelihoods.of_schema("normal", data.schema)
    prepared(zoo.catalog.dense_vae((3,), latent=2, units=(4,), likelihood=normal), data)


def test_a_table_of_other_columns_words_or_origins_is_refused():
    """Their codes would be those of other words, and their days be counted from another one."""
    data = tables.data()
    model = of_table(data)
    for place, change, said in (
        (
            0,
            {"words": ("Bonn", "Kiel", "Jena", "Ulm")},
            r"column 0 whose words is \('Bonn', 'Jena'",
        ),
        (1, {"name": "width"}, "column 1 whose name is 'length', and in made it is 'width'"),
        (5, {"origin": 0.0}, "column 5 whose origin is 19000.0, and in made it is 0.0"),
    ):
        columns = list(tables.COLUMNS)
        columns[place] = dataclasses.replace(columns[place], **change)
        other = dataclasses.replace(data, schema=tables.schema(columns))
        with pytest.raises(InputError, match=said):
            prepared(model, other)


def test_data_of_another_kind_than_the_model_is_for_is_refused_from_python_too(x):
    model = zoo.catalog.build("count_vae", (64,), latent=2, units=(4,))
    with pytest.raises(
        InputError, match="count_vae takes counts, and arrays is vectors of numbers"
    ):
        zoo.fit(model, x.reshape(-1, 64) / 255.0)
    own = own_model()
    assert prepared(own, x).event_shape == (8, 8, 1)  # a model of one's own takes any


def test_missing_readings_are_refused_by_a_model_that_knows_of_none(tmp_path):
    series = np.random.default_rng(0).normal(size=(40, 8, 3)).astype(np.float32)
    series[3, 2, 1] = np.nan
    np.savez(tmp_path / "gaps.npz", series=series)
    model = zoo.catalog.build("series_vae", (8, 3), latent=2, width=4)
    with pytest.raises(InputError, match=r"gaps lacks some of its values.*of_schema\('normal'"):
        zoo.evaluate(model, tmp_path / "gaps.npz")
    data = zoo.datasets.load(tmp_path / "gaps.npz")
    likelihood = zoo.likelihoods.of_schema("normal", data.schema)
    knows = zoo.catalog.build("series_vae", (8, 3), latent=2, width=4, likelihood=likelihood)
    assert prepared(knows, data).schema.missing


def test_the_data_and_the_likelihood_decide_the_binarization():
    assert prepared(own_model(), "digits").binarization == "dynamic"
    assert prepared(own_model(), "digits", "none").binarization == "none"
    assert prepared(own_model(likelihood="normal"), "digits").binarization == "none"


@pytest.mark.parametrize(
    ("data", "error", "part"),
    [
        ({"x": 1}, InputError, "Data is a dict; wanted is an array"),
        (keras.utils.PyDataset(), InputError, "Data is a PyDataset"),
        (np.zeros((20, 4, 4)), InputError, r"examples of shape \[4, 4, 1\]; own takes \[8, 8, 1\]"),
        (np.full((20, 8, 8), np.nan), DatasetError, "finite values"),
        (((np.zeros((9, 8, 8)),), (np.zeros((9, 8, 8)),)), InputError, "wanted is an array"),
    ],
)
def test_other_data_is_refused(data, error, part):
    with pytest.raises(error, match=part):
        prepared(own_model(), data)


def test_data_that_is_binarized_is_not_binarized_otherwise(x):
    data = zoo.datasets.binarize(zoo.datasets.from_arrays(x), "none")
    with pytest.raises(InputError, match="binarized already"):
        prepared(own_model(), data, "static")


# --- fit and evaluate ------------------------------------------------------------------------


@pytest.mark.slow
def test_fit_is_the_fit_of_recipes_whatever_keeps_the_run(fitted, x, tmp_path):
    _, run = fitted
    model, settings = own_model(), zoo.Settings(epochs=2, batch_size=32)
    keras.utils.set_random_seed(0)
    data = zoo.datasets.binarize(zoo.datasets.from_arrays(x), "none")
    other = zoo.training.fit(model, data, settings, tmp_path)
    assert run.folder is None and other.folder == tmp_path
    assert (run.train_examples, run.validation_examples) == (208, 32)  # of 240 not held out
    assert len(run.history) == len(other.history) == 2
    assert run.settings == other.settings and run.settings.patience == 17  # 100 steps


@pytest.mark.slow
def test_a_silent_fit_prints_nothing(x, capsys):
    zoo.fit(own_model(), x, epochs=1, verbose=0)
    assert capsys.readouterr().out == ""


def test_a_misspelt_setting_and_a_resume_without_a_folder_are_refused(x):
    with pytest.raises(InputError, match=r"epoch is no setting\. Do you mean epochs"):
        zoo.fit(own_model(), x, epoch=2)
    with pytest.raises(InputError, match="give its folder"):
        zoo.fit(own_model(), x, epochs=1, resume=True)


@pytest.mark.slow
def test_an_interrupted_fit_that_is_kept_nowhere_does_not_promise_to_be(x):
    class Stops(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            signal.raise_signal(signal.SIGTERM)  # shells have background jobs ignore SIGINT

    model = own_model()
    fit = model.fit
    model.fit = lambda *a, callbacks, **k: fit(*a, callbacks=[Stops(), *callbacks], **k)
    with pytest.raises(Interrupted, match="nothing is kept") as stopped:
        zoo.fit(model, x, epochs=2)
    assert stopped.value.number == signal.SIGTERM


def test_evaluate_is_the_report_of_the_held_out_examples(fitted, x):
    model, _ = fitted
    report = zoo.evaluate(model, x, samples=5)
    data = zoo.datasets.binarize(zoo.datasets.from_arrays(x), "none")
    assert report.metrics == zoo.evaluation.report(model, data, samples=5).metrics
    assert report.protocol["n"] == 60
    assert str(report).splitlines() == list(report.lines())


# --- publish ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_model_that_keras_alone_has_trained_is_published_and_nothing_claimed(x, tmp_path):
    model, data = own_model(), zoo.datasets.from_arrays(x, name="Some Digits")
    model.compile("adam")
    model.fit(data.train.batch(slice(None)), epochs=3, verbose=0)
    folder = tmp_path / "own-digits"
    zoo.publish(model, data, folder, samples=3, float16=False)
    manifest, card = manifest_of(folder), (folder / "README.md").read_text()
    assert manifest["name"] == "own-digits" and manifest["data"]["name"] == "some_digits"
    assert manifest["training"]["epochs"] == 3 and "best_epoch" not in manifest["training"]
    assert manifest["recipe"] == {"script": None, "config": {}, "seed": None, "command": None}
    assert "for whoever trained the model to say" in card and "never saw" in card
    assert "Training never saw" not in card and "By a program in Python" in card
    assert len((folder / "history.csv").read_text().splitlines()) == 4
    assert (folder / "figures" / "samples.png").exists()
    images = zoo.load(folder).generate([1, 2]).x_mean
    np.testing.assert_allclose(images, model.generate(np.array([1, 2]))["x_mean"], atol=1e-5)
    assert command_line.main(["info", str(folder)]) == 0
    again = zoo.export.republish(folder, tmp_path / "again", float16=False)
    assert manifest_of(again.folder)["recipe"] == manifest["recipe"]


@pytest.mark.slow
def test_a_run_and_a_report_that_are_given_are_those_of_the_manifest(fitted, x, tmp_path):
    model, run = fitted
    report = zoo.evaluate(model, x, samples=4)
    folder = tmp_path / "own-digits"
    zoo.publish(model, x, folder, trained=run, report=report, float16=False)
    manifest = manifest_of(folder)
    assert manifest["training"]["best_epoch"] == run.best_epoch
    assert manifest["data"]["validation"] == 32 and manifest["protocol"]["K"] == 4
    assert manifest["recipe"]["config"]["batch_size"] == 32
    assert "Training never saw a test example" in (folder / "README.md").read_text()
    with pytest.raises(ExportError, match="exists already"):
        zoo.publish(model, x, folder)
    with pytest.raises(InputError, match="samples: of an evaluation"):
        zoo.publish(model, x, tmp_path / "other", report=report, samples=3)


@pytest.mark.slow
def test_a_model_that_was_never_trained_has_no_history(x, tmp_path):
    folder = tmp_path / "own-digits"
    zoo.publish(own_model(), x, folder, samples=2, float16=False)
    assert not (folder / "history.csv").exists()
    assert "How it was trained is not known." in (folder / "README.md").read_text()
    assert manifest_of(folder)["warnings"]  # it has learned nothing
