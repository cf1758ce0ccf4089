"""`from_arrays` gives what an .npz of the same arrays gives, and refuses what that refuses."""

import numpy as np
import pytest

from zoo.datasets import from_arrays, load
from zoo.errors import DatasetError

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (50, 4, 6)).astype(np.uint8)
Y = RNG.integers(0, 3, 50)
LENGTH = RNG.integers(1, 5, 50)


@pytest.mark.parametrize(
    "given",
    [
        {"x": X},
        {"x": X, "y": Y},
        {"x": X > 100},
        {"x": (X / 255).astype(np.float64)},
        {"x": X, "length": LENGTH},
        {"x": X.reshape(50, 24), "y": Y, "x_test": X[:9].reshape(9, 24), "y_test": Y[:9]},
    ],
)
def test_arrays_are_the_dataset_of_their_npz(tmp_path, given):
    keys = {key: f"{key}_train" if "x_test" in given and "_" not in key else key for key in given}
    np.savez(tmp_path / "made.npz", **{keys[key]: value for key, value in given.items()})
    ours, wanted = from_arrays(**given), load(tmp_path / "made.npz")
    assert ours.schema == wanted.schema and ours.test_split == wanted.test_split
    for mine, theirs in ((ours.train, wanted.train), (ours.test, wanted.test)):
        np.testing.assert_array_equal(mine.batch(slice(None)), theirs.batch(slice(None)))
        for part in ("labels", "lengths"):
            np.testing.assert_array_equal(getattr(mine, part), getattr(theirs, part))


def test_the_same_examples_are_held_out_at_every_call_and_by_the_seed():
    first, again, other = (from_arrays(X, seed=seed).test.batch(slice(None)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    last = from_arrays(X, test_share=0.1, test_split="last")
    np.testing.assert_array_equal(last.test.images[..., 0], X[-5:])


def test_an_array_is_not_copied():
    assert np.shares_memory(
        from_arrays(X, x_test=X[:20]).train.images, X
    )  # a whole set needs no choice of rows


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"x": np.full((50, 3), np.nan)}, r"what was given \(x\) has the value nan"),
        ({"x": X, "y": Y[:5]}, r"what was given \(y\)"),
        ({"x": X, "y": Y, "x_test": X}, "y_test is not given and y of the training set given"),
        ({"x": X, "y_test": Y}, "x_test is not given"),
        ({"x": np.ma.masked_greater(X, 3)}, "masked"),
        ({"x": [[1.0], [0.0, 1.0]]}, "no array of one shape"),
        ({"x": X[:5]}, "too few"),
    ],
)
def test_what_does_not_fit_is_refused(given, part):
    with pytest.raises(DatasetError, match=part):
        from_arrays(**given)


@pytest.mark.parametrize("x", [np.arange(60).reshape(20, 3), np.zeros((20, 4, 4))])
def test_a_test_set_is_told_of_in_the_same_words_whatever_the_arrays_hold(x):
    """Counts or pictures: neither is of a file."""
    assert from_arrays(x, x_test=x[:5]).test_split == "x_test as it was given, n=5."
    with pytest.raises(DatasetError, match=r"x_train has examples of .*they must be the same"):
        from_arrays(x, x_test=x[:5, :2])


@pytest.mark.parametrize("x", [np.array([["a", 1.0]] * 9, object), np.array([["a", "b"]] * 9)])
def test_arrays_of_words_are_refused_with_where_a_frame_goes(x):
    with pytest.raises(DatasetError, match=r"wanted are numbers\. .*zoo\.datasets\.from_frame"):
        from_arrays(x)
