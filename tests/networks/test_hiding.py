import numpy as np
import pytest

from zoo.errors import InputError
from zoo.networks import dilated
from zoo.networks.hiding import HideColumns

OWNERS = [0, 1, 0, 1, 1, 1, 2, 3]


def test_hiding_leaves_half_of_the_rows_whole_and_hides_all_of_a_column_together():
    hide = HideColumns(OWNERS, 0.2, seed=3)
    x = np.ones((20_000, 8), np.float32)
    np.testing.assert_array_equal(hide(x), x)  # but while it trains
    kept = np.asarray(hide(x, training=True))
    for place, owner in enumerate(OWNERS):
        np.testing.assert_array_equal(kept[:, place], kept[:, OWNERS.index(owner)])
    assert (kept == 1.0).all(axis=1).mean() == pytest.approx(0.5 + 0.5 * 0.21, abs=0.08)
    assert 1.0 - kept.mean() == pytest.approx(0.2, abs=0.01)


def test_of_a_window_each_step_is_hidden_by_itself_and_half_of_the_windows_stay_whole():
    kept = np.asarray(HideColumns([0, 1, 0, 1], 0.2, seed=3)(np.ones((4000, 9, 4)), training=True))
    np.testing.assert_array_equal(kept[..., :2], kept[..., 2:])
    assert (kept == 1.0).all(axis=(1, 2)).mean() == pytest.approx(0.5, abs=0.1)
    assert 1.0 - kept.mean() == pytest.approx(0.2, abs=0.02)
    hidden = kept[(kept == 0.0).any(axis=(1, 2))]
    assert (hidden[:, :, 0] != hidden[:, :, 1]).any() and (hidden[:, 1] != hidden[:, 2]).any()


def test_the_layer_comes_back_from_its_config():
    layer = HideColumns([0, 1, 1], 0.1, seed=4)
    assert HideColumns.from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.parametrize("share", [-0.1, 0.3, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(InputError, match=r"hidden=.*a share from 0 to 0.25"):
        dilated.encoder((8, 4), 2, hidden=share)
