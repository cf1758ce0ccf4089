"""A judge of digits: what it accepts, what it refuses, and what is counted."""

import numpy as np
import pytest

from zoo import catalog
from zoo.errors import InputError
from zoo.evaluation import completeness as c
from zoo.evaluation.latent import decoded


@pytest.fixture(scope="module")
def judge(digits):
    return c.Judge(digits.train.images, digits.train.labels)


def test_real_test_digits_are_accepted_as_calibrated(judge, digits):
    share = judge.accepts(digits.test.images).mean()
    # 359 test digits and as many as calibrated the threshold: three standard errors of each.
    n = len(digits.test)
    error = np.sqrt(c.ACCEPTED * (1 - c.ACCEPTED) * (1 / n + 1 / len(judge.distances)))
    assert abs(share - c.ACCEPTED) < 3 * error


def test_the_classes_named_are_those_of_the_labels(judge, digits):
    accepted, _, named = judge.judge(digits.test.images)
    assert np.mean(named == digits.test.labels) > 0.95
    assert np.mean(named[accepted] == digits.test.labels[accepted]) > 0.98


def test_noise_and_empty_images_are_refused(judge):
    rng = np.random.default_rng(0)
    noise = judge.judge(rng.random((500, 8, 8, 1)))
    assert not noise.accepted.any() and noise.far.all()
    assert not judge.accepts(rng.integers(0, 2, (500, 8, 8, 1))).any()
    assert not judge.accepts(np.stack([np.zeros((8, 8, 1)), np.ones((8, 8, 1))])).any()


def test_what_lies_between_two_classes_is_refused(judge, digits):
    images, labels = digits.test.images, digits.test.labels
    zeros, ones = images[labels == 0][:25], images[labels == 1][:25]
    between = judge.judge((zeros + ones) / 2)
    assert between.accepted.mean() < 0.1 and between.far.mean() < 0.5  # unlike noise
    assert not judge.accepts(images.mean(axis=0, keepdims=True)).any()


def test_a_smooth_digit_is_a_digit(judge, digits):
    images, labels = digits.test.images.reshape(-1, 64), digits.test.labels
    smooth = c.local_means(images, labels, seed=1, neighbours=3)
    blended = c.blends(images, labels, 300, seed=1)
    assert judge.accepts(smooth).mean() > 10 * judge.accepts(blended).mean()


def test_a_shifted_digit_is_farther_than_real_ones(judge, digits):
    shifted = np.roll(digits.test.images, 4, axis=2)
    assert judge.accepts(shifted).mean() < 0.1


def test_labels_may_be_any_numbers(digits):
    few = slice(0, 600)
    judge = c.Judge(digits.train.images[few], 7 * digits.train.labels[few] - 3)
    named = judge.judge(digits.test.images).classes
    assert np.mean(named == 7 * digits.test.labels - 3) > 0.9


@pytest.mark.parametrize(("count", "labels"), [(90, None), (1000, 1)])
def test_too_few_images_or_classes_are_refused(digits, count, labels):
    given = digits.train.labels[:count] if labels is None else np.zeros(count, int)
    with pytest.raises(InputError, match=r"labelled images of \d+ classes"):
        c.Judge(digits.train.images[:count], given)


def test_data_without_labels_and_images_of_other_data_are_refused(judge, digits):
    with pytest.raises(InputError, match="no labels"):
        c.Judge(digits.train.images, None)
    with pytest.raises(InputError, match="784 values"):
        judge.accepts(np.zeros((1, 28, 28, 1)))


def test_completeness_counts_what_is_accepted_and_its_classes(judge, digits):
    nothing = dict(c.completeness(judge, np.ones((10, 8, 8, 1))))
    assert nothing == {"accepted": 0.0, "far": 1.0, "classes": 0.0}
    accepted, _, named = judge.judge(digits.test.images)
    one = digits.test.images[accepted & (named == 3)][:1]
    again = dict(c.completeness(judge, np.repeat(one, 30, axis=0)))
    assert again == {"accepted": 1.0, "far": 0.0, "classes": pytest.approx(1.0)}
    other = digits.test.images[accepted & (named == 5)][:1]
    mixed = np.concatenate([one, other, np.ones((2, 8, 8, 1))])
    assert dict(c.completeness(judge, mixed)) == {
        "accepted": 0.5,
        "far": 0.5,
        "classes": pytest.approx(2.0),
    }


def test_blends_hold_no_class_that_rules():
    images, labels = np.eye(4, dtype=np.float32)[[0, 0, 1, 2, 3]], np.array([0, 0, 1, 2, 3])
    mixed = c.blends(images, labels, 200)  # a value a class: its weight
    assert mixed.shape == (200, 4)
    np.testing.assert_allclose(mixed.sum(axis=1), 1.0, rtol=1e-5)
    assert mixed.max() <= 0.6 + 1e-6


def test_local_means_stay_among_the_nearest_of_their_class():
    images = np.array([[0.0], [0.2], [0.9], [0.1], [0.5]], np.float32)
    classes = np.array([0, 0, 0, 1, 1])
    means = c.local_means(images, classes, neighbours=2).ravel()
    for mean, (low, high) in zip(
        means, [(0, 0.2), (0, 0.2), (0.2, 0.9), (0.1, 0.5), (0.1, 0.5)], strict=True
    ):
        assert low < mean < high


def test_a_fitted_normal_has_the_codes_mean_and_covariance():
    mixing = np.array([[2.0, 0.0], [1.5, 0.5]])
    codes = np.random.default_rng(1).normal(size=(5000, 2)) @ mixing.T + [3.0, -1.0]
    drawn = c.fitted_normal(50_000, codes)
    np.testing.assert_allclose(drawn.mean(axis=0), codes.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(codes.T), rtol=0.05)
    assert c.fitted_normal(10, codes[:, :1]).shape == (10, 1)


def test_midpoints_lie_between_codes():
    codes = np.array([[0.0], [1.0]])
    assert set(c.midpoints(100, codes).ravel()) == {0.0, 0.5, 1.0}


def test_decoded_gives_what_the_model_decodes_and_refuses_conditions(trained, digits):
    z = c.standard_normal(7, 3)
    np.testing.assert_allclose(
        decoded(trained.model, z, chunk=5), trained.model.decode(z)["x_mean"], atol=1e-6
    )
    conditional = catalog.conditional_vae(digits.event_shape, filters=(4, 8), dense=8)
    with pytest.raises(InputError, match="label"):
        decoded(conditional, c.standard_normal(2, 32))
