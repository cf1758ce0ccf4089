"""The network of features: what it orders, and that it is trained once."""

import dataclasses
import os

import numpy as np
import pytest
from keras import backend
from worse_pictures import blurred, noise

from zoo.datasets import binarize
from zoo.evaluation import feature_network as make
from zoo.evaluation import frechet_distance, precision_recall
from zoo.evaluation.feature_network import SIZE, VARIANCE, build


@pytest.fixture(scope="module")
def data(digits):
    return binarize(digits, "none")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def network(data, cache):
    return make(data, cache)


@pytest.mark.slow
def test_it_knows_the_digits_and_states_how_well(network):
    assert network.accuracy > 0.95
    for part in ("10 classes", f"{network.accuracy:.1%}", network.digest, str(SIZE)):
        assert part in network.words


@pytest.mark.slow
def test_real_images_are_before_blurred_ones_and_those_before_noise(network, data):
    test = data.test.examples(slice(0, 300))
    real = network.features(test)
    others = [data.train.examples(slice(0, 300)), blurred(test, 1), blurred(test, 3), noise(test)]
    distances = [frechet_distance(real, network.features(images)) for images in others]
    assert distances == sorted(distances) and distances[1] > 5 * distances[0]
    precisions = [precision_recall(real, network.features(images))[0] for images in others]
    assert precisions[0] > 0.8 and precisions[3] == 0.0


@pytest.mark.slow
def test_classes_that_are_missing_lower_recall_and_not_precision(network, data):
    real = network.features(data.test.examples(slice(0, 300)))
    few = data.train.examples(np.flatnonzero(data.train.labels < 5)[:300])
    all_of_them = precision_recall(real, network.features(data.train.examples(slice(0, 300))))
    half = precision_recall(real, network.features(few))
    assert half.precision > all_of_them.precision - 0.05
    assert half.recall < 0.7 * all_of_them.recall


@pytest.mark.slow
def test_the_variances_of_training_features_have_the_stated_sum(network, data):
    features = network.features(data.train.examples(slice(0, None)))
    assert features.shape == (len(data.train), SIZE)
    assert features.var(axis=0).sum() == pytest.approx(VARIANCE, rel=1e-3)


@pytest.mark.slow
def test_it_is_trained_once_whatever_the_binarization(network, digits, cache, capsys):
    (file,) = cache.iterdir()
    again = make(binarize(digits, "static", 7), cache)
    assert "Training" not in capsys.readouterr().out
    assert again.digest == network.digest and again.accuracy == network.accuracy
    assert list(cache.iterdir()) == [file]


@pytest.fixture(scope="module")
def few(digits):
    """Digits of which a network learns in a second that it is made, not to tell them apart."""
    train, test = (part.subset(range(200)) for part in (digits.train, digits.test))
    return binarize(dataclasses.replace(digits, train=train, test=test), "none")


@pytest.fixture(scope="module")
def digest_of_few(few, tmp_path_factory):
    return make(few, tmp_path_factory.mktemp("of few")).digest


def assert_same_network(found, digest):
    if backend.backend() == "tensorflow":
        assert found.digest == digest


@pytest.mark.slow
def test_a_damaged_file_is_trained_anew_to_the_same_network(few, digest_of_few, tmp_path, capsys):
    assert_same_network(make(few, tmp_path), digest_of_few)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    one_bit = bytearray(whole)
    one_bit[len(whole) // 2] ^= 4
    for damaged in (whole[: len(whole) // 2], one_bit):
        file.write_bytes(damaged)
        capsys.readouterr()
        again = make(few, tmp_path)
        said = capsys.readouterr()
        assert "damaged" in said.err and str(file) in said.err and "Training" in said.out
        assert_same_network(again, digest_of_few)
        make(few, tmp_path)
        assert capsys.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders without permissions are of POSIX")
def test_where_it_cannot_be_kept_it_is_trained_and_that_is_said(
    few, digest_of_few, tmp_path, capsys
):
    (tmp_path / "file").write_text("")
    made = make(few, tmp_path / "file" / "cache")
    assert_same_network(made, digest_of_few)
    assert "trained again next time" in capsys.readouterr().err


@pytest.mark.slow
def test_data_without_labels_has_a_network_that_orders_too(data, tmp_path):
    def unlabelled(split):
        return type(split)(**vars(split) | {"split": type(split.split)(split.split.images)})

    parts = {part: unlabelled(getattr(data, part)) for part in ("train", "test")}
    network = make(type(data)(**vars(data) | parts), tmp_path)
    assert "four mirrorings" in network.words and network.accuracy > 0.6
    test = data.test.examples(slice(0, 300))
    images = [data.train.examples(slice(0, 300)), blurred(test, 1), blurred(test, 3)]
    real = network.features(test)
    distances = [frechet_distance(real, network.features(each)) for each in images]
    assert distances == sorted(distances) and distances[1] > 5 * distances[0]


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 20, 1), (3, 50, 3), (100, 60, 3), (256, 256, 3)])
def test_pictures_of_any_size_have_as_many_features(shape):
    network, logits = build(shape, 7, 0.5, 0.2)
    assert network.output_shape == (None, SIZE) and logits.output_shape == (None, 7)
    assert max(network.layers[-2].output.shape[1:3]) <= 8


def test_the_first_weights_are_of_the_seed_alone():
    one, same, other = (build((8, 8, 1), 2, 0.5, 0.2, seed)[0].get_weights() for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])
