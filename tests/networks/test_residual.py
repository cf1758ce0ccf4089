"""Residual blocks: they keep the shape, begin near the identity, and make a deeper network."""

import keras
import numpy as np
import pytest

from zoo.errors import InputError
from zoo.networks import conv, residual


def test_a_block_begins_near_the_identity_and_is_not_it():
    keras.utils.set_random_seed(0)
    h = keras.Input((6, 6, 4))
    model = keras.Model(h, residual.block(h, "block"))
    x = np.random.default_rng(0).normal(size=(8, 6, 6, 4)).astype(np.float32)
    change = np.asarray(model(x)) - x
    assert 0 < change.std() < 0.2 * x.std()


def test_a_block_adds_the_two_convolutions_of_the_activated_values():
    h = keras.Input((1, 1, 1))  # a kernel of 3x3 has its middle weight left
    model = keras.Model(h, residual.block(h, "block", activation="relu"))
    first, second = model.get_layer("block_conv_0"), model.get_layer("block_conv_1")
    for layer, weight, bias in ((first, 2.0, 1.0), (second, -3.0, 0.5)):
        layer.kernel.assign(np.full((3, 3, 1, 1), weight))
        layer.bias.assign([bias])
    for x in (1.5, -2.0):
        wanted = x - 3.0 * max(2.0 * max(x, 0.0) + 1.0, 0.0) + 0.5
        assert float(model(np.full((1, 1, 1, 1), x, np.float32))[0, 0, 0, 0]) == wanted


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_a_network_has_so_many_blocks_at_each_size(blocks):
    options = {"filters": (4, 8), "dense": 6, "blocks": blocks}
    for network in (
        conv.encoder((8, 8, 1), 2, **options),
        conv.decoder((8, 8, 1), 2, **options),
    ):
        added = [layer for layer in network.layers if isinstance(layer, keras.layers.Add)]
        assert len(added) == 2 * blocks


def test_a_negative_number_of_blocks_is_refused():
    with pytest.raises(InputError, match="blocks=-1"):
        conv.encoder((8, 8, 1), 2, blocks=-1)
