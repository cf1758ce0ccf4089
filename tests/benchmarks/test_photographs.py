"""The crops of photographs: pieces of them, in turn, and the same ones each time."""

import sys
from pathlib import Path

import numpy as np
import pytest

datasets = pytest.importorskip("sklearn.datasets", reason="the crops are of its photographs")
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))


def test_crops_are_pieces_of_the_two_photographs_in_turn():
    import photographs

    made = list(photographs.crops(40, 6))
    assert all(np.array_equal(*pair) for pair in zip(made, photographs.crops(40, 6), strict=True))
    for number, crop in enumerate(made):
        whole = datasets.load_sample_images().images[number % 2]
        windows = np.lib.stride_tricks.sliding_window_view(whole, (40, 40), axis=(0, 1))
        corners = np.argwhere((windows[..., 0, 0] == crop[0, 0]).all(axis=-1))
        assert any(np.array_equal(whole[y : y + 40, x : x + 40], crop) for y, x in corners), (
            "no piece of the photograph whose turn it is"
        )
