"""Dynamic binarization: chances, independence, the same bits by numpy and by the backend."""

import itertools

import keras
import numpy as np
import pytest

from zoo.datasets import draws

LEVELS = np.arange(256, dtype=np.uint8)
ROWS = np.stack([np.arange(64), np.full(64, 5)], axis=1).astype(np.int32)


def test_a_level_becomes_1_as_often_as_it_says():
    """Of 2**16 draws, to the nearest one; 0 never and 255 always."""
    wanted = [round(int(level) * 2**16 / 255) for level in LEVELS]
    assert wanted[0] == 0 and wanted[255] == 2**16
    assert draws.chances(LEVELS).tolist() == wanted
    assert draws.chances(np.divide(LEVELS, 255, dtype=np.float32)).tolist() == wanted


def test_the_share_of_ones_is_the_value():
    count = 64 * 1000
    for value in (0.0, 0.01, 0.25, 0.5, 0.9, 1.0):
        share = draws.ones(np.full((64, 1000), value, np.float32), 0, ROWS).mean()
        assert abs(share - value) <= 5 * (value * (1 - value) / count) ** 0.5


def test_another_seed_step_or_example_draws_other_numbers():
    x = np.full((1, 4000), 0.5, np.float32)
    keys = itertools.product((0, 1, 2**32 - 1), (0, 1, 70_000), (0, 1, 10**9))
    drawn = [draws.ones(x, seed, np.array([[place, step]]))[0] for seed, step, place in keys]
    # The four numbers of a call, and those of two calls, agree no more often than by chance.
    drawn += [np.roll(drawn[0], 1000 * i) for i in (1, 2, 3)] + [np.roll(drawn[0], 1)]
    for one, other in itertools.combinations(drawn, 2):
        assert abs((one == other).mean() - 0.5) < 5 * 0.5 / 4000**0.5


def test_an_example_is_drawn_alike_whatever_is_beside_it():
    x = np.random.default_rng(0).random((64, 7, 3), dtype=np.float32)
    some = [50, 3, 20]
    np.testing.assert_array_equal(draws.ones(x, 9, ROWS)[some], draws.ones(x[some], 9, ROWS[some]))


@pytest.mark.parametrize("shape", [(8, 8, 1), (5,), (7, 9, 3)])
def test_numpy_and_the_backend_draw_the_same_bits(shape):
    pictures = np.random.default_rng(1).integers(0, 256, (64, *shape), dtype=np.uint8)
    for x in (pictures, np.divide(pictures, 255, dtype=np.float32)):
        drawn = draws.ones(keras.ops.convert_to_tensor(x), 2**32 - 1, ROWS, keras.ops)
        wanted = draws.ones(pictures, 2**32 - 1, ROWS)
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(drawn), wanted)
