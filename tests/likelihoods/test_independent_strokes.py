"""Laws of each step of a drawing by itself: against scipy, up to the end and no further."""

import numpy as np
import pytest
from scipy import stats

from zoo import likelihoods
from zoo.likelihoods.independent_strokes import STRENGTH
from zoo.likelihoods.strokes import FINEST

SCALE, STEPS = 4.0, 6


def drawings(rows=400, two=False, seed=0):
    """Offsets of one bivariate normal, or of two; 1 to 5 steps, then the end."""
    rng = np.random.default_rng(seed)
    x = np.zeros((rows, STEPS, 3), np.float32)
    x[..., :2] = rng.multivariate_normal([2.0, -1.0], [[9.0, 4.0], [4.0, 4.0]], (rows, STEPS))
    if two:
        x[..., :2] += np.where(rng.random((rows, STEPS, 1)) < 0.4, 60.0, 0.0)
    x[..., 2] = rng.random((rows, STEPS)) < 0.3
    for row, length in zip(x, rng.integers(1, STEPS, rows), strict=True):
        row[length:] = [0.0, 0.0, 2.0]
    return x


def nats(law, x, counted=None):
    flat = x.reshape(len(x), -1)
    counted = None if counted is None else counted.reshape(flat.shape)
    return -np.asarray(law.log_prob(flat, *law.fit(flat, counted), counted))


def pens(x):
    """(where steps are, log P of the pen of each step [rows, steps], 0 past the end)."""
    pen = x[..., 2].astype(int)
    inside = np.cumsum(pen == 2, axis=1) - (pen == 2) < 0.5
    counts = np.stack([((pen == state) & inside).sum(0) for state in range(3)], axis=1)
    common = STRENGTH * (counts.sum(0) + 1) / (counts.sum() + 3)
    log_p = np.log((counts + common) / (counts.sum(1, keepdims=True) + STRENGTH))
    return inside & (pen < 2), np.where(inside, log_p[np.arange(STEPS), pen], 0.0)


def test_one_normal_has_the_moments_of_all_offsets_and_the_pen_its_frequencies():
    x = drawings()
    one, _ = likelihoods.Strokes(3, SCALE).independent(STEPS * 3)
    there, log_p = pens(x)
    offsets = x[there][:, :2].astype(np.float64)
    narrow = (FINEST * SCALE) ** 2 * np.eye(2)
    normal = stats.multivariate_normal(offsets.mean(0), np.cov(offsets.T, bias=True) + narrow)
    of_offsets = np.where(there, normal.logpdf(x[..., :2]), 0.0)
    np.testing.assert_allclose(nats(one, x), -(of_offsets + log_p).sum(axis=1), rtol=1e-4)


def test_a_mixture_finds_two_normals_apart():
    x = drawings(2000, two=True)
    one, mixture = likelihoods.Strokes(2, SCALE).independent(STEPS * 3)
    covariance = np.array([[9.0, 4.0], [4.0, 4.0]])
    there, log_p = pens(x)
    near, far = (
        stats.multivariate_normal([2.0 + by, -1.0 + by], covariance).pdf(x[..., :2])
        for by in (0.0, 60.0)
    )
    of_offsets = np.where(there, np.log(0.6 * near + 0.4 * far + 1e-300), 0.0)
    wanted = -(of_offsets + log_p).sum(axis=1).mean()
    assert nats(mixture, x).mean() == pytest.approx(wanted, abs=0.02)
    assert nats(one, x).mean() > wanted + 1.0
    assert mixture.sentence == (
        "a mixture of 2 normal distributions of offsets, and the pen's frequencies, of each step "
        "by itself"
    )


def test_what_lies_past_the_end_changes_nothing():
    x = drawings()
    other = x.copy()
    past = np.cumsum(x[..., 2] > 1.5, axis=1) > 1
    other[past] = [1e3, -1e3, 1.0]
    for law in likelihoods.Strokes(2, SCALE).independent(STEPS * 3):
        np.testing.assert_array_equal(nats(law, x), nats(law, other))


def test_steps_that_do_not_count_change_nothing():
    x = drawings()
    counted = np.ones_like(x)
    counted[::2, 2:] = 0.0
    other = np.where(counted > 0, x, np.float32([50.0, 50.0, 1.0]))
    for law in likelihoods.Strokes(2, SCALE).independent(STEPS * 3):
        one, two = (nats(law, each, counted) for each in (x, other))
        np.testing.assert_allclose(one, two, rtol=1e-5)
        assert one[::2].mean() < nats(law, x)[::2].mean()


def test_no_component_is_narrower_than_the_likelihood_s_on_offsets_that_repeat():
    x = np.zeros((50, STEPS, 3), np.float32)
    x[:, -1, 2] = 2.0
    (law,) = likelihoods.Strokes(1, SCALE).independent(STEPS * 3)
    density = -2.0 * np.log(FINEST * SCALE) - np.log(2.0 * np.pi)
    _, log_p = pens(x)
    np.testing.assert_allclose(nats(law, x), -(5 * density + log_p.sum(axis=1)), rtol=1e-4)
    _, many = likelihoods.Strokes(20, SCALE).independent(STEPS * 3)
    np.testing.assert_allclose(nats(many, x), nats(law, x), rtol=1e-4)


def test_drawings_that_end_at_once_have_a_law():
    x = np.zeros((20, STEPS, 3), np.float32)
    x[..., 2] = 2.0
    for law in likelihoods.Strokes(2, SCALE).independent(STEPS * 3):
        assert np.isfinite(nats(law, x)).all()
