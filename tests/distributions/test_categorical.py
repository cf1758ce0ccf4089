import numpy as np
from scipy import stats

from zoo.distributions import categorical

LOGITS = np.random.default_rng(0).normal(0, 2, (3, 4, 5)).astype(np.float32)
P = np.exp(LOGITS.astype(np.float64))
P /= P.sum(axis=-1, keepdims=True)


def test_masses_sum_to_one_and_are_the_softmax():
    for row in range(3):
        one, masses = LOGITS[row : row + 1], []
        for number in range(5):
            x = np.full((1, 4), number, np.float32)
            nats = [float(categorical.log_prob(x[:, i], one[:, i])[0]) for i in range(4)]
            masses.append(np.exp(nats))
        np.testing.assert_allclose(np.transpose(masses), P[row], rtol=1e-5)
        np.testing.assert_allclose(np.sum(masses, axis=0), 1.0, rtol=1e-5)


def test_mean_and_mode_are_those_of_the_masses():
    np.testing.assert_allclose(categorical.mean(LOGITS), P @ np.arange(5), rtol=1e-5)
    np.testing.assert_array_equal(categorical.mode(LOGITS), P.argmax(axis=-1))


def test_draws_pass_a_chi_square_test():
    noise = np.random.default_rng(1).random((20_000, 1), dtype=np.float32)
    wide = np.broadcast_to(LOGITS[0, 0], (20_000, 1, 5)).astype(np.float32)
    drawn = np.asarray(categorical.sample(wide, noise)).astype(int).ravel()
    found = np.bincount(drawn, minlength=5)
    assert stats.chisquare(found, P[0, 0] * 20_000).pvalue > 1e-3


def test_a_draw_or_mode_turns_where_the_gap_says():
    noise = np.random.default_rng(2).random((3, 4), dtype=np.float32)
    gap = np.asarray(categorical.gap(LOGITS, noise))
    before = np.asarray(categorical.sample(LOGITS, noise))
    for share, turned in ((0.99, False), (1.01, True)):
        moved = [np.asarray(categorical.sample(LOGITS, noise + s * share * gap)) for s in (1, -1)]
        assert (((moved[0] != before) | (moved[1] != before)) == turned).all()
    two = np.sort(P, axis=-1)
    np.testing.assert_allclose(categorical.gap(LOGITS), two[..., -1] - two[..., -2], atol=1e-6)
