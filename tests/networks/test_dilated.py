import keras
import numpy as np
import pytest

from zoo.errors import InputError
from zoo.networks import dilated


@pytest.mark.parametrize(
    ("steps", "stride", "blocks"), [(5, 1, 3), (24, 2, 4), (63, 4, 4), (64, 8, 3)]
)
def test_networks_fit_any_number_of_steps(steps, stride, blocks):
    assert (dilated.stride_of(steps), dilated.blocks_of(steps)) == (stride, blocks)
    encoder, decoder = dilated.encoder((steps, 3), 2, 4), dilated.decoder((steps, 5), 2, 4)
    features = encoder(np.zeros((2, steps, 3), np.float32))
    assert {name: tuple(value.shape) for name, value in features.items()} == {
        "mean": (2, 2),
        "log_var": (2, 2),
    }
    assert tuple(decoder(np.zeros((2, 2), np.float32)).shape) == (2, steps, 5)


def test_every_step_sees_every_other_with_the_blocks_that_are_chosen():
    decoder = dilated.decoder((200, 1), 2, 4)
    inner = keras.Model(decoder.get_layer("steps").output, decoder.get_layer("activation").output)
    left = inner.input_shape[1]
    x = np.zeros((2, left, 4), np.float32)
    x[1, 0] = 1.0
    first, second = np.asarray(inner(x))
    assert left == 25 and (np.abs(first - second).max(axis=1) > 0).all()


@pytest.mark.parametrize(
    ("shape", "options", "said"),
    [
        ((8, 8, 1), {}, r"take series \[steps, features\]; this data has .*8, 8, 1"),
        ((8, 2), {"latent": 0}, "latent=0"),
        ((8, 2), {"width": 0}, "width=0"),
        ((8, 2), {"blocks": -1}, "blocks=-1"),
    ],
)
def test_what_cannot_be_built_is_refused(shape, options, said):
    with pytest.raises(InputError, match=said):
        dilated.encoder(shape, **{"latent": 2} | options)
