"""Anomaly scores: AUROC against counting pairs, and of a class that a real training left out."""

from collections import namedtuple

import numpy as np
import pytest

import zoo
from zoo.errors import InputError
from zoo.evaluation import anomaly

X = np.zeros((3, 2, 2, 1), np.float32)


class Answers:
    """Answers as an artifact does: the ELBO is -10 per unit of the first pixel, x_mean is 0."""

    def score(self, x):
        first = x[:, 0, 0, 0]
        return namedtuple("Score", "elbo reconstruction kl")(-10 * first, 7 * first, 3 * first)

    def reconstruct(self, x):
        return namedtuple("Reconstruct", "x_mean")(np.zeros_like(x))


def test_the_area_is_the_share_of_pairs_that_are_ordered_rightly():
    # 6 > 1, 6 > 5, 4 > 1 but 4 < 5, 2 > 1 but 2 < 5: 4 of 6 pairs.
    assert anomaly.area([1.0, 5.0], [6.0, 4.0, 2.0]) == pytest.approx(4 / 6)


def test_a_tie_counts_one_half():
    # 3 = 3 and 3 > 1: 1.5 of 2 pairs.
    assert anomaly.area([3.0, 1.0], [3.0]) == pytest.approx(0.75)
    assert anomaly.area([2.0, 2.0], [2.0, 2.0, 2.0]) == 0.5


def test_the_area_agrees_with_counting_all_pairs():
    rng = np.random.default_rng(0)
    normal, anomalous = rng.integers(0, 9, 40).astype(float), rng.integers(3, 12, 25).astype(float)
    above = anomalous[:, None] > normal
    tied = anomalous[:, None] == normal
    assert anomaly.area(normal, anomalous) == pytest.approx(np.mean(above + 0.5 * tied))


def test_scores_rise_with_anomaly_and_the_squared_error_is_summed_over_the_event():
    x = X.copy()
    x[1], x[2] = 0.5, 1.0
    scores = anomaly.scores(Answers(), x)
    assert list(scores) == ["negative_elbo", "reconstruction", "kl", "squared_error"]
    np.testing.assert_allclose(scores["negative_elbo"], [0, 5, 10])
    np.testing.assert_allclose(scores["squared_error"], [0, 4 * 0.25, 4])
    assert dict(anomaly.auroc(Answers(), x[:2], x[2:])) == dict.fromkeys(scores, 1.0)


class Hierarchy(Answers):
    """The same with two likelihood ratios, of which the manifest says what they leave out."""

    manifest = {"latent": {"ratio_groups": [1, 3]}}

    def score(self, x):
        first = x[:, 0, 0, 0]
        ratio = np.stack([first, -first], axis=1)
        return namedtuple("Score", "elbo reconstruction kl likelihood_ratio")(
            *super().score(x), ratio
        )


def test_each_likelihood_ratio_is_a_score_by_the_number_of_groups_it_leaves_out():
    x = X.copy()
    x[1:] = 0.5
    scores = anomaly.scores(Hierarchy(), x)
    np.testing.assert_array_equal(scores["likelihood_ratio_1"], [0, 0.5, 0.5])
    np.testing.assert_array_equal(scores["likelihood_ratio_3"], [0, -0.5, -0.5])
    assert dict(anomaly.auroc(Hierarchy(), x[:1], x[1:]))["likelihood_ratio_3"] == 0.0
    assert "likelihood_ratio" not in scores


@pytest.mark.parametrize("sides", [(X[:0], X), (X, X[:0])])
def test_an_empty_side_is_refused(sides):
    with pytest.raises(InputError, match=r"No (normal|anomalous) examples"):
        dict(anomaly.auroc(Answers(), *sides))
    with pytest.raises(InputError, match="there are none"):
        anomaly.area(*(np.zeros(len(side)) for side in sides))
    with pytest.raises(InputError, match="No examples"):
        anomaly.scores(Answers(), X[:0])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_is_refused_and_named(value):
    x = X.copy()
    x[2, 0, 0, 0] = value
    wanted = "negative_elbo of the anomalous examples: 1 of 3 .* at index 2"
    with pytest.raises(InputError, match=wanted):
        dict(anomaly.auroc(Answers(), X, x))


def test_the_artifact_scores_as_the_model_and_in_any_batch(trained, artifact, monkeypatch):
    x = trained.data.test.examples(slice(0, 70))
    model, exported = (anomaly.scores(m, x) for m in (trained.model, zoo.load(artifact)))
    monkeypatch.setattr(anomaly, "BATCH", 32)
    chunked = anomaly.scores(zoo.load(artifact), x)
    assert list(model) == list(exported)
    for name in model:
        assert model[name].shape == (70,)
        np.testing.assert_allclose(exported[name], model[name], rtol=1e-4, atol=1e-4, err_msg=name)
        np.testing.assert_allclose(chunked[name], exported[name], rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_a_digit_that_training_did_not_see_scores_higher_than_the_others(digits, tmp_path):
    """Seeds 0 to 5 gave areas of 0.77 to 0.88, by -ELBO and by the reconstruction term."""
    data = zoo.datasets.binarize(digits, "dynamic", seed=0)
    rest = zoo.datasets.binarize(zoo.datasets.leave_out(digits, 4), "dynamic", seed=0)
    zoo.training.seed_everything(0)
    model = zoo.catalog.conv_vae(digits.event_shape, latent=2, filters=(8, 16), dense=32, seed=0)
    settings = zoo.training.Settings(epochs=12, batch_size=32, learning_rate=1e-2, seed=0)
    zoo.training.fit(model, rest, settings, tmp_path)
    normal = data.test.examples(np.flatnonzero(data.test.labels != 4))
    # Training saw no 4 at all, so that those of both splits can be asked.
    fours = [part.examples(np.flatnonzero(part.labels == 4)) for part in (data.train, data.test)]
    area = dict(anomaly.auroc(model, normal, np.concatenate(fours)))
    assert area["negative_elbo"] > 0.7
    assert area["reconstruction"] > 0.7
