"""Climbing a property in the latent space."""

import keras
import numpy as np
import pytest

from zoo import catalog, likelihoods
from zoo.errors import InputError
from zoo.evaluation import optimise
from zoo.evaluation.optimise import Optimised
from zoo.models.property_head import PropertyHead


@pytest.fixture(scope="module")
def model():
    """A standard normal prior, and a head that says 10 + 2 z_0."""
    keras.utils.set_random_seed(0)
    head = PropertyHead(("height", "other"), (10.0, 0.0), (2.0, 1.0), latent=3, units=())
    head.last.kernel.assign([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    return catalog.molecule_vae(
        (6,), 3, units=4, prior="standard", likelihood=likelihoods.Tokens(5), property_head=head
    )


def test_it_climbs_to_the_border_of_what_the_prior_draws(model):
    found = optimise(model, "height", count=20, steps=400, learning_rate=0.05)
    np.testing.assert_allclose(found.predicted, 10 + 2 * found.z[:, 0], rtol=1e-5)
    assert found.predicted.min() > np.quantile(found.start_predicted, 0.9)
    # where the density is least: |z|^2 = r^2, all of it in z_0
    radius = np.sqrt(-2 * found.least_log_prior - 3 * np.log(2 * np.pi))
    assert found.z[:, 0].max() < 1.2 * radius and np.median(found.z[:, 0]) > 0.8 * radius
    assert np.median(found.log_prior) > found.least_log_prior - 1.0


def test_it_descends_where_asked_and_from_where_it_is_told(model):
    start = np.zeros((2, 3), np.float32)
    found = optimise(model, "other", start, maximise=False, steps=30)
    assert (found.predicted < found.start_predicted).all()
    np.testing.assert_array_equal(found.start, start)
    before = [np.asarray(weight) for weight in model.weights]
    optimise(model, "other", start, steps=5)
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, np.asarray(new))  # z alone moves


def test_one_seed_climbs_one_way(model):
    first, second = (optimise(model, "height", count=4, steps=10, seed=3).z for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (optimise(model, "height", count=4, steps=10, seed=4).z != first).any()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "width"}, "predicts no 'width'.*height, other"),
        ({"start": np.zeros((2, 4))}, r"\[2, 4\]; wanted is \[n, 3\]"),
        ({"quantile": 1.0}, "quantile"),
        ({"steps": 0}, "steps"),
    ],
)
def test_what_cannot_be_is_refused(model, options, said):
    with pytest.raises(InputError, match=said):
        optimise(model, **{"name": "height"} | options)


def test_of_a_model_without_a_head_it_says_how_to_get_one():
    with pytest.raises(InputError, match="--properties"):
        optimise(catalog.dense_vae((4,), 2, units=(3,)), "logP")


def found_strings(start, end, molecules):
    z, values = np.zeros((4, 3)), np.arange(4.0)
    return Optimised("logP", True, z, z, values, values, values, 0.0, start, end, molecules)


def test_words_that_are_found_are_measured_as_words(tmp_path):
    found = found_strings(("ab", "b", "c", "CC"), ("CC", "OCC", "ab", "ab"), False)
    measured = dict(found.metrics(train=["ab"]))
    assert "valid" not in measured and "computed" not in measured
    assert measured["unique"] == 0.75 and measured["novel"] == pytest.approx(2 / 3)
    assert found.best(5, train=["ab"]) == [1, 0]  # by what is predicted
    with pytest.raises(InputError, match="no molecules that RDKit could draw"):
        found.draw(tmp_path / "found.png")


def test_strings_found_are_measured_and_drawn(tmp_path):
    pytest.importorskip("rdkit")
    found = found_strings(("C", "CC", "CCC", "C"), ("CCCC", "OCC", "c1c", "CCO"), True)
    measured = dict(found.metrics(train=["OCC"]))
    assert measured["valid"] == 0.75 and measured["unique"] == pytest.approx(2 / 3)
    assert measured["novel"] == 0.5  # OCC and CCO are one molecule, and known
    assert measured["computed_best"] == pytest.approx(1.8064, abs=1e-3)  # Crippen's logP of butane
    assert found.best(5, train=["OCC"]) == [0]
    assert found.best(5) == [0, 1]
    assert found.draw(tmp_path / "found.png").read_bytes().startswith(b"\x89PNG")
