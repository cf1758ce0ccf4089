import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.datasets import Dataset, Schema, Split, binarize
from zoo.evaluation import vector_figures

NAMES = ("speed $m", "b" * 40, "level")


def data_of(x, **facts):
    split = Split(x[:150])
    schema = Schema("vector", x.shape[1:], None, None, **facts)
    made = Dataset("made", split, Split(x[150:]), schema, "made", "none", "all")
    return binarize(made, "none")


def model_of(data, name="dense_vae", likelihood="normal"):
    likelihood = zoo.likelihoods.of_schema(likelihood, data.schema)
    return zoo.catalog.build(name, data.event_shape, latent=2, units=(4,), likelihood=likelihood)


@pytest.fixture
def axes_of(monkeypatch):
    """{file name: the axes of the figure that was saved under it}."""
    seen, save = {}, vector_figures.save

    def saved(figure, path):
        seen[path.name] = figure.axes
        save(figure, path)

    monkeypatch.setattr(vector_figures, "save", saved)
    return seen


@pytest.mark.slow
def test_vectors_are_drawn_in_their_own_units_and_names(tmp_path, axes_of):
    x = np.random.default_rng(0).normal((5.0, -2e3, 0.0), (1.0, 300.0, 0.1), (200, 3))
    data = data_of(x.astype(np.float32), features=NAMES)
    zoo.evaluation.draw(model_of(data), data, [], np.zeros((50, 2)), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("latent.png", "reconstructions.png", "samples.png")
    }
    assert Image.open(tmp_path / "samples.png").size > (300, 200)
    titles = [each.get_title() for each in axes_of["samples.png"]]
    assert titles == ["speed $m", "b" * 23 + "…", "level"]
    left, right = axes_of["reconstructions.png"][:2]
    shown = left.images[0].get_array()
    assert shown.shape == right.images[0].get_array().shape == (30, 3)
    np.testing.assert_allclose(shown.std(axis=0), 1.0, atol=0.4)
    assert left.get_xticklabels()[0].get_text() == "speed $m"


@pytest.mark.slow
def test_whole_numbers_have_bins_of_whole_numbers_and_an_autoencoder_no_samples(tmp_path, axes_of):
    x = np.random.default_rng(0).poisson(3.0, (200, 70)).astype(np.float32)
    data = data_of(x, spacing=1.0)
    model = model_of(data, likelihood="negative_binomial")
    vector_figures.draw(model, data, tmp_path)
    first = axes_of["samples.png"][0].patches[0].get_data()
    np.testing.assert_array_equal(first.edges % 1.0, 0.5)
    assert "the first 60 of 70 features" in axes_of["reconstructions.png"][0].get_xlabel()
    (tmp_path / "samples.png").unlink()
    vector_figures.draw(model_of(data, "dense_ae"), data, tmp_path)
    assert not (tmp_path / "samples.png").exists()


def test_draws_have_the_noise_of_the_likelihood_and_their_seeds():
    data = data_of(np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32))
    model = model_of(data)
    for weight in model.decoder.weights:
        weight.assign(np.zeros(weight.shape))  # then every mean is the same
    found = vector_figures.drawn(model, 1, 500)
    scale = found.std(axis=0)
    assert found.shape == (500, 2) and (scale > 0.1).all()
    np.testing.assert_array_equal(found, vector_figures.drawn(model, 1, 500))
    assert (found != vector_figures.drawn(model, 2, 500)).any()
