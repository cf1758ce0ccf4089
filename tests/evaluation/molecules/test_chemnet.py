"""The Fréchet ChemNet distance: its moments, its distance, and the features of another program."""

import math
import sys

import numpy as np
import pytest
from molecule_strings import MOLECULES

from zoo.errors import MissingDependency
from zoo.evaluation.frechet import frechet_distance, frechet_distance_of_moments
from zoo.evaluation.molecules import chemnet


def moments(x):
    return x.mean(axis=0), np.cov(x.T)


def test_a_distance_of_moments_is_that_of_the_features():
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(50, 6)), generator.normal(1.0, 2.0, (40, 6))
    found = frechet_distance_of_moments(*moments(a), *moments(b))
    assert found == pytest.approx(frechet_distance(a, b), rel=1e-9)
    few = b[:3]  # whose covariance is of rank 2
    found = frechet_distance_of_moments(*moments(few), *moments(a))
    assert found == pytest.approx(frechet_distance(few, a), rel=1e-6)


def test_a_distance_of_moments_of_one_dimension():
    found = frechet_distance_of_moments(*(np.array(x) for x in ([1.0], [[4.0]], [3.0], [[9.0]])))
    assert found == pytest.approx((1 - 3) ** 2 + (2 - 3) ** 2)


def read(encoded):
    """The symbols of a row of `encoded`."""
    rows = encoded.T
    return [chemnet.SYMBOLS[row.argmax()] for row in rows if row.any()]


def test_strings_are_read_as_symbols():
    found = chemnet.encoded(["CCl", "[Na]", "C%9", "CC(=O)O.[Na]"])
    assert found.shape == (4, 35, 350) and found.max() == np.float32(1 / 35)
    assert read(found[0]) == ["C", "Cl", "."]
    assert read(found[1]) == ["[", "N", "X", "]", "."]
    assert read(found[2]) == ["C", "X", "X", "."]
    assert read(found[3]) == [*"CC(=O)O", "."]  # the first component alone


def test_strings_that_are_too_long_are_cut_off():
    assert read(chemnet.encoded(["C" * 1000])[0]) == ["C"] * 349 + ["."]


def test_without_weights_or_pytorch_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r"vae-zoo\[moses\]'.*leave_out=\[\"FCD\"\]"):
        chemnet._weights()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependency, match="PyTorch, which is not installed"):
        chemnet.require()


@pytest.fixture(scope="module")
def available():
    pytest.importorskip("rdkit", reason="rdkit is not installed: pip install 'vae-zoo[molecules]'")
    pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'vae-zoo[moses]'")
    return pytest.importorskip("fcd", reason="fcd is not installed: pip install 'vae-zoo[moses]'")


STRINGS = [each for each in MOLECULES if "." not in each and "[Na]" not in each]


@pytest.mark.slow
def test_features_are_those_of_the_program_fcd(available):
    found = np.concatenate(list(chemnet.features(STRINGS)))
    model = available.load_ref_model()
    wanted = available.get_predictions(model, STRINGS, n_jobs=0, device="cpu")
    np.testing.assert_allclose(found, wanted, atol=2e-6)


@pytest.mark.slow
def test_moments_do_not_depend_on_the_size_of_batches(available, monkeypatch):
    whole = np.concatenate(list(chemnet.features(STRINGS)))
    monkeypatch.setattr(chemnet, "BATCH", 7)
    mean, covariance = chemnet.moments(STRINGS)
    np.testing.assert_allclose(mean, whole.mean(axis=0), atol=1e-7)
    np.testing.assert_allclose(covariance, np.cov(whole.T), atol=1e-7)
    assert chemnet.moments(STRINGS[:1]) is None


@pytest.mark.slow
def test_a_set_has_no_distance_to_itself_and_one_molecule_has_no_number(available):
    from zoo.evaluation.molecules import molecule_metrics

    options = {"leave_out": ["Filters", "SNN", "Descriptors"]}
    assert molecule_metrics(STRINGS, test=STRINGS, **options)["FCD/Test"] < 1e-4
    assert molecule_metrics(STRINGS[:4], test=STRINGS, **options)["FCD/Test"] > 1
    assert math.isnan(molecule_metrics(["CCO"], test=STRINGS, **options)["FCD/Test"])
