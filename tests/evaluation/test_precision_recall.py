"""Precision and recall of sets whose manifolds are known, and by another search of neighbours."""

import sys

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from zoo.errors import InputError
from zoo.evaluation import precision_recall


def normal(n, seed, dimension=4, centre=0.0):
    return np.random.default_rng(seed).normal(centre, 1.0, (n, dimension))


def test_identical_sets_are_met_whole():
    x = normal(300, 0)
    assert precision_recall(x, x) == (1.0, 1.0)
    assert precision_recall(1e4 + x, 1e4 + x) == (1.0, 1.0)


def test_an_image_that_occurs_many_times_is_met():
    same = np.ones((40, 3)) / 3
    assert precision_recall(same, same) == (1.0, 1.0)


def test_sets_far_apart_have_nothing_of_each_other():
    assert precision_recall(normal(200, 0), normal(200, 1, centre=50.0)) == (0.0, 0.0)


def test_dropped_modes_lower_recall_alone():
    left, right = (normal(400, seed, centre=centre) for seed, centre in ((0, -20.0), (1, 20.0)))
    whole = precision_recall(np.concatenate([left, right]), np.concatenate([left, right])[::-1])
    real = np.concatenate([normal(400, 2, centre=-20.0), normal(400, 3, centre=20.0)])
    both = precision_recall(real, np.concatenate([left, right]))
    one = precision_recall(real, np.concatenate([left, normal(400, 4, centre=-20.0)]))
    assert whole == (1.0, 1.0)
    assert one.precision == pytest.approx(both.precision, abs=0.05)
    assert both.recall > 0.8 and one.recall == pytest.approx(0.5, abs=0.02)


def test_added_debris_lowers_precision_alone():
    real, samples = normal(400, 0), normal(400, 1)
    clean = precision_recall(real, samples)
    spoilt = precision_recall(real, np.concatenate([samples[:200], normal(200, 2, centre=30.0)]))
    assert spoilt.precision == pytest.approx(clean.precision / 2, abs=0.05)
    assert spoilt.recall > 0.75 * clean.recall


@pytest.mark.parametrize("k", [1, 3, 7])
def test_both_are_as_by_scikit_learns_neighbours(k):
    real, generated = normal(150, 5), normal(90, 6) * [1.5, 1.0, 0.3, 1.0]

    def share_met(balls, points):
        search = NearestNeighbors(n_neighbors=k + 1).fit(balls)
        reach = search.kneighbors(balls)[0][:, k]
        distances = np.linalg.norm(points[:, None] - balls[None], axis=2)
        return np.mean((distances <= reach).any(axis=1))

    wanted = share_met(real, generated), share_met(generated, real)
    assert precision_recall(real, generated, k) == pytest.approx(wanted, abs=1e-12)


def test_the_answer_does_not_depend_on_the_chunks(monkeypatch):
    real, generated = normal(130, 7), normal(170, 8)
    whole = precision_recall(real, generated)
    monkeypatch.setattr(sys.modules["zoo.evaluation.precision_recall"], "VALUES", 700)
    assert precision_recall(real, generated) == whole and 0 < whole.precision < 1


def test_too_few_examples_and_no_neighbour_are_refused():
    with pytest.raises(InputError, match="wanted are 4 or more"):
        precision_recall(normal(3, 0), normal(10, 1))
    with pytest.raises(InputError, match="k=0"):
        precision_recall(normal(10, 0), normal(10, 1), k=0)
