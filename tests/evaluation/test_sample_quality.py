"""Sample quality of trained models, and of what is none."""

import dataclasses

import keras
import numpy as np
import pytest

import zoo
from zoo import evaluation
from zoo.datasets import Dataset, Schema, Split, binarize
from zoo.errors import InputError
from zoo.evaluation import sample_quality, samples


@pytest.fixture(scope="module")
def network(trained):
    return evaluation.feature_network(trained.data)


@pytest.fixture(scope="module")
def untrained(trained):
    return zoo.catalog.conv_vae(trained.data.event_shape, latent=3, filters=(4, 8), dense=16)


@pytest.mark.slow
def test_real_images_are_before_samples_and_these_before_those_of_no_training(
    trained, untrained, network
):
    found, how = sample_quality(trained.model, trained.data, network)
    worse, same = sample_quality(untrained, trained.data, network)
    assert how["real"] == same["real"]
    real = how["real"]["frechet_distance"]
    assert real < found["frechet_distance"] < worse["frechet_distance"]
    assert found["recall"] <= how["real"]["recall"] and how["n"] == len(trained.data.test)


@pytest.mark.slow
def test_means_are_compared_with_grey_images_whatever_the_binarization(trained, digits, network):
    found, how = sample_quality(trained.model, trained.data, network)
    assert trained.data.binarization == "dynamic" and how["samples"] == "means"
    assert sample_quality(trained.model, binarize(digits, "none"), network)[0] == found


@pytest.mark.slow
def test_of_zeros_and_ones_samples_are_drawn(trained, digits):
    schema = Schema("image", (8, 8, 1), spacing=1.0)
    data = binarize(dataclasses.replace(digits, schema=schema), "none")
    rows = np.arange(300)
    means = samples(trained.model, trained.data, rows)
    drawn = samples(trained.model, data, rows)
    assert set(np.unique(drawn)) == {0.0, 1.0} and 0.0 < means.mean() < 1.0
    error = np.sqrt(np.sum(means * (1 - means))) / means.size
    assert abs(drawn.mean() - means.mean()) < 5 * error
    np.testing.assert_array_equal(drawn, samples(trained.model, data, rows))


@pytest.mark.slow
def test_a_sample_is_what_the_artifact_generates_of_its_seed(trained, artifact):
    wanted = zoo.load(artifact).generate(np.arange(600, 1200)).x_mean
    given = samples(trained.model, trained.data, np.arange(600), seed=1)
    np.testing.assert_allclose(given, wanted, atol=1e-5)


@pytest.mark.slow
def test_a_conditional_model_is_given_the_labels_of_the_test_images(digits):
    data = binarize(digits, "none")
    model = zoo.catalog.build("conditional_vae", (8, 8, 1), latent=2, classes=10)
    rows = np.arange(0, 40)
    generate = model.generate(np.arange(40), data.test.labels[:40].astype(np.int32))
    wanted = keras.ops.convert_to_numpy(generate["x_mean"])
    np.testing.assert_allclose(samples(model, data, rows), wanted, atol=1e-5)


@pytest.mark.slow
def test_fewer_samples_are_compared_with_as_few_real_images(trained, network):
    found, how = sample_quality(trained.model, trained.data, network, most=60)
    assert how["n"] == 60 and "n=60" in how["statement"]
    assert found["frechet_distance"] > how["real"]["frechet_distance"] > 0


@pytest.mark.slow
def test_a_model_that_has_diverged_has_no_quality(untrained, trained, network):
    model = untrained.bare()
    model.decoder.set_weights([w * np.nan for w in model.decoder.get_weights()])
    found, _ = sample_quality(model, trained.data, network)
    assert all(np.isnan(value) for value in found.values())
    (said, *_) = evaluation.warnings({"elbo": -1.0} | found, trained.report.protocol)
    assert said.startswith("The model has diverged")


@pytest.mark.slow
def test_the_report_states_quality_beside_that_of_real_images(trained, network):
    report = evaluation.report(trained.model, trained.data, samples=2, networks=[network])
    (how,) = report.protocol["sample_quality"]
    lines = list(report.lines())
    for name, value in how["real"].items():
        (line,) = [line for line in lines if line.split()[0] == name]
        assert f"{report.metrics[name]:.2f} (real {value:.2f})" in line
        assert type(report.metrics[name]) is float
    assert how["statement"] in map(str.strip, lines) and "(k=3)" in how["statement"]
    assert f"{network.accuracy:.1%}" in how["statement"]


def test_what_has_no_samples_or_is_no_picture_is_refused_in_a_sentence(digits, untrained):
    data = binarize(digits, "none")
    plain = zoo.catalog.build("dense_ae", (8, 8, 1), latent=2)
    values = np.zeros((60, 4), np.float32)
    vectors = binarize(
        Dataset("table", Split(values), Split(values), Schema("vector", (4,)), "", "", ""), "none"
    )
    few = dataclasses.replace(data, test=data.test.subset(np.arange(20)))
    for model, given, part in (
        (plain, data, "no prior to generate from"),
        (untrained, vectors, "a vector of shape"),
        (untrained, few, "20 test images are fewer than 50"),
    ):
        with pytest.raises(InputError, match=part):
            sample_quality(model, given)
