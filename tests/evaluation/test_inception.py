"""FID's features: refused without their weights, and right in shape and range with any."""

import time

import numpy as np
import pytest

from zoo import evaluation
from zoo.datasets import Schema, binarize
from zoo.errors import MissingDependency
from zoo.evaluation import Inception, inception, sample_quality

SCHEMA = Schema("image", (8, 8, 1))


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """Every way out leads through a proxy that does not answer; nothing is kept."""
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))


def test_without_weights_and_network_one_sentence_says_what_is_wanted(no_network, tmp_path):
    began = time.monotonic()
    with pytest.raises(MissingDependency) as refused:
        Inception(SCHEMA)
    assert time.monotonic() - began < 10
    for part in ("no network", inception.URL, str(tmp_path / "models"), "--inception out"):
        assert part in str(refused.value)


@pytest.fixture(scope="module")
def network():
    return Inception(SCHEMA, weights=None)


@pytest.mark.slow
def test_pictures_are_prepared_as_inception_has_them(network, digits):
    images = binarize(digits, "none").test.examples(slice(0, 2))
    prepared = network.prepared(images)
    assert prepared.shape == (2, 299, 299, 3) and prepared.dtype == np.float32
    assert prepared.min() == -1.0 and prepared.max() <= 1.0
    np.testing.assert_array_equal(prepared[..., 0], prepared[..., 2])
    # A bilinear picture has the mean of what it is of, but for its border.
    assert prepared.mean() == pytest.approx(2 * images.mean() - 1, abs=0.05)


@pytest.mark.slow
def test_an_fid_is_the_frechet_distance_in_2048_features(network, trained):
    found, how = sample_quality(trained.model, trained.data, network, most=8)
    assert set(found) == {"fid"} and set(how["real"]) == {"fid"}
    assert how["k"] is None and "2,048 features" in how["statement"]
    rows = np.sort(np.random.default_rng(0).permutation(len(trained.data.test))[:8])
    real = network.features(trained.data.test.split.batch(rows))
    given = network.features(evaluation.samples(trained.model, trained.data, rows))
    assert real.shape == (8, 2048)
    assert found["fid"] == pytest.approx(evaluation.frechet_distance(real, given), rel=1e-6)
    assert found["fid"] > 0 and how["n"] == 8
