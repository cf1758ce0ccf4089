"""Counts drawn of an answer's means and dispersions, and counts that are given."""

import collections

import numpy as np
import onnxruntime
import pytest
from scipy import stats

from zoo.artifact.endpoints import Endpoint, Tensor
from zoo.artifact.schema import Schema
from zoo.errors import InputError
from zoo.runtime import counts, inputs

X = Tensor("x", "float32", ("batch", 2))
SCHEMA = Schema("vector", (2,), 0.0, None, spacing=1.0)


def answer(mean, dispersion, zero=None):
    given = {"x_mean": mean, "dispersion": dispersion, "zero_probability": zero}
    given = {
        name: np.asarray(value, np.float32) for name, value in given.items() if value is not None
    }
    outputs = tuple(Tensor(name, "float32", ("batch", 2)) for name in given)
    made = collections.namedtuple("Decode", list(given))
    return counts.with_draw(Endpoint("decode", (), outputs), made)(**given)


@pytest.mark.parametrize("zero", [None, 0.3])
def test_draws_have_the_law_that_the_answer_tells(zero):
    rows, mean, dispersion = 20_000, 5.0, 2.0
    kept = 1.0 - (zero or 0.0)
    zeros = None if zero is None else [[zero] * 2] * rows
    told = answer([[mean * kept, 3e4]] * rows, [[dispersion, 50.0]] * rows, zeros)
    drawn = told.draw(np.arange(rows))
    assert drawn.dtype == np.int64 and drawn.shape == (rows, 2) and drawn.min() >= 0
    law = stats.nbinom(dispersion, dispersion / (dispersion + mean))
    expected = kept * law.pmf(np.arange(8)) + (1.0 - kept) * (np.arange(8) == 0)
    found = np.bincount(drawn[:, 0], minlength=8)[:8] / rows
    np.testing.assert_allclose(found, expected, atol=4.0 * 0.5 / np.sqrt(rows))
    assert abs(drawn[:, 1].mean() / 3e4 - 1.0) < 0.02


def test_a_row_depends_on_its_own_seed_and_means_alone():
    told = answer([[5.0, 90.0], [5.0, 90.0], [1.0, 2.0]], [[2.0, 3.0]] * 3)
    drawn = told.draw([7, 7, -(2**63)])
    np.testing.assert_array_equal(drawn[0], drawn[1])
    alone = answer([[1.0, 2.0]], [[2.0, 3.0]]).draw([-(2**63)])
    np.testing.assert_array_equal(alone[0], drawn[2])
    others = told.draw([8, 9, 10])
    assert (others[0] != drawn[0]).any() and (others[0] != others[1]).any()


def test_what_stayed_on_the_device_is_drawn_of_too():
    told = answer([[5.0, 90.0]], [[2.0, 3.0]])
    there = told._replace(
        **{k: onnxruntime.OrtValue.ortvalue_from_numpy(v) for k, v in told._asdict().items()}
    )
    np.testing.assert_array_equal(there.draw([1]), told.draw([1]))


def test_no_row_has_no_counts():
    none = answer([[1.0, 1.0]], [[1.0, 1.0]])
    none = none._replace(x_mean=none.x_mean[:0], dispersion=none.dispersion[:0])
    assert none.draw([]).shape == (0, 2)


@pytest.mark.parametrize(
    ("mean", "seed", "sentence"),
    [
        (1.0, [1, 2], "given 2 seeds for 1 rows"),
        (1.0, [1.0], r"draw\(seed\): given float64, wanted whole numbers"),
        (np.nan, [1], "a mean is no number"),
        (1e16, [1], "beyond 1e15"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(mean, seed, sentence):
    with pytest.raises(InputError, match=sentence):
        answer([[mean, 1.0]], [[1.0, 1.0]]).draw(seed)


def test_answers_that_tell_of_no_counts_draw_none():
    made = collections.namedtuple("Decode", ["x_mean"])
    assert counts.with_draw(Endpoint("decode", (), (X,)), made) is made


# --- given -----------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [0.5, 1e-2, 3.99])
def test_what_is_no_count_is_refused_with_its_place(bad):
    with pytest.raises(
        InputError, match=rf"score\(x\): given {bad:g} at \[1, 0\], wanted are whole"
    ):
        inputs.checked("score(x)", X, [[0, 3], [bad, 1]], SCHEMA)


def test_counts_of_any_dtype_are_taken_and_other_data_need_not_be_whole():
    given = np.array([[0, 3], [70_000, 1.0001]])
    np.testing.assert_allclose(inputs.checked("score(x)", X, given, SCHEMA), given)
    ink = Schema("image", (2,), spacing=1.0)
    assert inputs.checked("score(x)", X, [[0.5, 0.25]], ink).tolist() == [[0.5, 0.25]]
