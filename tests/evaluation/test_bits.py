import math

import pytest

from zoo.evaluation.report import bits_per_dimension


def test_equally_likely_levels_are_eight_bits():
    assert bits_per_dimension(12 * math.log(256), (2, 2, 3)) == pytest.approx(8.0)
