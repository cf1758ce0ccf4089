"""The nats of a picture beyond those of normal ones of its detail."""

from types import SimpleNamespace

import numpy as np
import pytest

import zoo
from zoo.errors import InputError
from zoo.runtime.excess import Excess, total_variation


def pictures(count, seed=0):
    """Rectangles of ink, 0 and 1."""
    generator = np.random.default_rng(seed)
    x = np.zeros((count, 8, 8, 1), np.float32)
    for picture in x:
        height, width = generator.integers(1, 6, 2)
        picture[1 : 1 + height, 1 : 1 + width] = 1.0
    return x


class Linear:
    """Costs 20 nats and 3 for each pixel of contour; `strange` ones 5 more."""

    def __init__(self, strange=()):
        self.strange = strange

    def score(self, x):
        cost = 20.0 + 3.0 * total_variation(x)
        for place in self.strange:
            cost[place] += 5.0
        return SimpleNamespace(elbo=(-cost).astype(np.float32))


def test_total_variation_of_ink_is_the_length_of_its_contour():
    x = np.zeros((3, 8, 8, 1), np.float32)
    x[1, 2:5, 3:5] = 1.0  # 3 x 2
    x[2, :, :4] = 0.5  # half ink to the edge, which is no contour
    np.testing.assert_array_equal(total_variation(x), [0.0, 10.0, 4.0])
    colour = np.concatenate([x, x], axis=-1)
    np.testing.assert_array_equal(total_variation(colour), [0.0, 20.0, 8.0])


def test_what_costs_more_than_its_detail_explains_stands_out_whatever_its_cost():
    normal = pictures(300)
    excess = Excess(Linear(), normal)
    assert excess.base == pytest.approx(20.0, abs=1e-3)
    assert excess.slope == pytest.approx(3.0, abs=1e-4)
    simple = np.zeros((4, 8, 8, 1), np.float32)
    simple[:, 0, 0] = 1.0
    excess.vae = Linear(strange=(2,))
    found = excess(simple)
    np.testing.assert_allclose(found, [0.0, 0.0, 5.0, 0.0], atol=1e-2)
    cost = -excess.vae.score(simple).elbo
    assert cost.max() < np.median(-Linear().score(normal).elbo)  # -ELBO takes it for normal


def test_many_are_scored_in_parts_and_none_is_none():
    excess = Excess(Linear(), pictures(300))
    many = pictures(600, seed=1)
    np.testing.assert_allclose(excess(many), 0.0, atol=1e-2)
    assert excess(many[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("normal", "said"),
    [
        (pictures(29), "29 normal pictures were given: what they cost is fitted to 30"),
        (np.zeros((40, 8, 8, 1)), "All normal pictures have a total variation of 0"),
        (np.zeros((40, 64)), r"shape \[40, 64\]: wanted are pictures"),
    ],
)
def test_what_no_line_can_be_fitted_to_is_refused(normal, said):
    with pytest.raises(InputError, match=said):
        Excess(Linear(), normal)


def test_a_cost_that_is_no_number_is_refused():
    vae = Linear()
    vae.score = lambda x: SimpleNamespace(elbo=np.where(np.arange(len(x)) == 7, np.nan, -1.0))
    with pytest.raises(InputError, match="The -ELBO of normal picture 7 is nan"):
        Excess(vae, pictures(40))


def test_what_has_no_bound_has_no_excess():
    plain = SimpleNamespace(score=lambda x: SimpleNamespace(reconstruction=np.zeros(len(x))))
    with pytest.raises(InputError, match="gives no elbo, as a plain autoencoder's"):
        Excess(plain, pictures(40))


def test_an_artifact_says_it_of_its_own_pictures(artifact):
    vae = zoo.load(artifact)
    shape = vae.manifest["schema"]["shape"]
    x = (np.random.default_rng(0).random((60, *shape)) < 0.3).astype(np.float32)
    excess = zoo.runtime.Excess(vae, x)
    found = excess(x)
    assert found.shape == (60,) and abs(found.mean()) < 1e-6  # a line through their middle
    single = np.concatenate([excess(x[i : i + 1]) for i in range(3)])
    np.testing.assert_allclose(single, found[:3], rtol=1e-4, atol=1e-3)
