"""The Fréchet distance against closed forms and against SciPy's root of a matrix."""

import numpy as np
import pytest
from scipy import linalg

from zoo.errors import InputError
from zoo.evaluation import frechet_distance

DIMENSION = 5


def with_moments(mean, covariance, n=200, seed=0):
    """[n, dimension] whose mean and covariance are these to the last digits."""
    x = np.random.default_rng(seed).normal(size=(n, len(mean)))
    x -= x.mean(axis=0)
    x = np.linalg.solve(np.linalg.cholesky(np.cov(x, rowvar=False)), x.T).T
    return x @ np.linalg.cholesky(covariance).T + mean


def covariance(seed):
    a = np.random.default_rng(seed).normal(size=(DIMENSION, DIMENSION))
    return a @ a.T + 0.1 * np.eye(DIMENSION)


def test_normals_of_independent_values_have_the_distance_of_the_closed_form():
    means, scales = [np.arange(3.0), np.array([2.0, 0.0, 5.0])], [[1.0, 2.0, 3.0], [4.0, 0.5, 3.0]]
    one, other = (
        with_moments(mean, np.diag(np.square(scale)), seed=i)
        for i, (mean, scale) in enumerate(zip(means, scales, strict=True))
    )
    wanted = np.square(means[0] - means[1]).sum() + np.square(np.subtract(*scales)).sum()
    assert frechet_distance(one, other) == pytest.approx(wanted, rel=1e-10)


def test_normals_of_any_covariance_have_the_distance_by_scipys_root():
    mean, one, other = np.ones(DIMENSION), covariance(1), covariance(2)
    wanted = DIMENSION + np.trace(one + other - 2 * linalg.sqrtm(one @ other).real)
    given = with_moments(0 * mean, one, seed=3), with_moments(mean, other, seed=4)
    assert frechet_distance(*given) == pytest.approx(wanted, rel=1e-9)
    assert frechet_distance(*given[::-1]) == pytest.approx(wanted, rel=1e-9)


def test_a_set_is_at_no_distance_from_itself_even_with_fewer_examples_than_dimensions():
    few = np.random.default_rng(0).normal(size=(10, 40)) * 100.0
    assert frechet_distance(few, few) < 1e-6 * few.var(axis=0).sum()
    assert frechet_distance(few, few + 3.0) == pytest.approx(9.0 * 40, rel=1e-6)


def test_one_dimension_and_one_constant_set_have_a_distance():
    spread = np.array([[-2.0], [2.0], [-2.0], [2.0], [0.0]])  # of variance 4
    assert frechet_distance(spread, np.ones((7, 1))) == pytest.approx(1.0 + 4.0, rel=1e-10)


@pytest.mark.parametrize(
    ("one", "other", "part"),
    [
        (np.zeros((5, 2)), np.zeros((5, 3)), "of one dimension"),
        (np.zeros(5), np.zeros((5, 3)), r"\[5\]"),
        (np.zeros((1, 2)), np.zeros((5, 2)), "1 and 5 examples"),
        (np.zeros((5, 2)), np.full((5, 2), np.nan), "5 of 5 examples are not finite"),
    ],
)
def test_what_has_no_distance_is_refused_in_a_sentence(one, other, part):
    with pytest.raises(InputError, match=part):
        frechet_distance(one, other)
