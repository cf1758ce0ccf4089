"""Continuity of latent spaces whose figures are known."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from zoo.errors import InputError
from zoo.evaluation.continuity import neighbourhoods, smoothness


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).normal(size=(300, 2, 3))


def test_the_identity_is_trustworthy_and_continuous(points):
    assert dict(neighbourhoods(points, points.reshape(300, 6))) == {
        "trustworthiness": 1.0,
        "continuity": 1.0,
    }


def test_a_random_permutation_is_near_one_half(points):
    codes = np.random.default_rng(1).permutation(points)
    for name, value in neighbourhoods(points, codes):
        assert value == pytest.approx(0.5, abs=0.03), name


def test_a_projection_tears_nothing_and_a_cut_makes_no_false_neighbours():
    # A dense cloud flattened to one axis: far points fall together, near ones stay together.
    cloud = np.random.default_rng(2).uniform(size=(400, 2))
    flat = dict(neighbourhoods(cloud, cloud[:, :1]))
    assert flat["continuity"] > flat["trustworthiness"] + 0.1
    # A circle cut open: neighbours across the cut are torn apart, none is added. Points lie at
    # random, for with equal distances ranks are ties.
    angle = np.sort(np.random.default_rng(3).uniform(0, 2 * np.pi, 400))
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    cut = dict(neighbourhoods(circle, angle[:, None]))
    assert cut["trustworthiness"] > cut["continuity"] and cut["trustworthiness"] > 0.999


def test_both_figures_follow_their_definition(points):
    codes, k, n = points.reshape(300, 6)[:, :2], 7, 300

    def ranks(values):
        distances = cdist(values, values)
        np.fill_diagonal(distances, -1.0)  # itself first
        return distances.argsort(axis=1).argsort(axis=1)

    data, latent = ranks(points.reshape(300, 6)), ranks(codes)

    def penalty(there, here):
        intruders = (here <= k) & (here > 0) & (there > k)
        return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * np.sum((there - k)[intruders])

    given = dict(neighbourhoods(points, codes, neighbours=k))
    assert given["trustworthiness"] == pytest.approx(penalty(data, latent), abs=1e-12)
    assert given["continuity"] == pytest.approx(penalty(latent, data), abs=1e-12)


@pytest.mark.parametrize(("examples", "neighbours"), [(20, 10), (20, 0)])
def test_a_neighbourhood_that_cannot_be_is_refused(points, examples, neighbours):
    with pytest.raises(InputError, match=f"neighbours={neighbours} of {examples}"):
        list(neighbourhoods(points[:examples], points[:examples], neighbours))


def test_codes_of_other_examples_are_refused(points):
    with pytest.raises(InputError, match="300 examples and 200 codes"):
        list(neighbourhoods(points, points[:200]))


def test_a_constant_decoder_changes_nothing():
    codes = np.random.default_rng(0).normal(size=(50, 2))
    given = dict(smoothness(lambda z: np.ones((len(z), 4, 4)), codes))
    assert given == {"step_change": 0.0, "largest_step": 0.0}


def test_an_affine_decoder_has_even_steps_in_any_coordinates():
    rng = np.random.default_rng(0)
    # Many pairs: the short steps and the long ones are of different random pairs.
    codes, kernel, scale = rng.normal(size=(500, 3)), rng.normal(size=(3, 8)), [0.01, 1.0, 100.0]
    for decode, z in (
        (lambda z: z @ kernel + 5.0, codes),
        (lambda z: (z / scale) @ kernel + 5.0, codes * scale),
    ):
        given = dict(smoothness(decode, z, pairs=20_000))
        assert given["step_change"] == pytest.approx(1.0, abs=0.02)
        assert given["largest_step"] == pytest.approx(1.0, abs=1e-3)


def test_a_leap_is_all_of_the_way_in_one_step():
    codes = np.random.default_rng(0).normal(size=(200, 1))
    given = dict(smoothness(lambda z: (z > 0).astype(float), codes, steps=20))
    assert given["largest_step"] == pytest.approx(20.0)


def test_a_decoder_that_winds_does_its_work_in_short_steps():
    codes = np.random.default_rng(0).normal(size=(200, 1))
    slow, fast = (
        dict(smoothness(lambda z, turns=turns: np.sin(turns * z), codes))["step_change"]
        for turns in (0.1, 20.0)
    )
    assert slow < 1.2 and fast > 3


def test_one_code_is_too_few():
    with pytest.raises(InputError, match="1 codes"):
        list(smoothness(lambda z: z, np.zeros((1, 2))))
