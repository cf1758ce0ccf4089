"""Networks of the hierarchical VAE: sizes, and what is refused."""

import math

import keras
import numpy as np
import pytest

from zoo import catalog
from zoo.errors import InputError
from zoo.networks import top_down
from zoo.networks.output_layers import SoftBoundedLogVar

OPTIONS = {"top": 3, "channels": 1, "dense": 5, "blocks": 1}


@pytest.mark.parametrize(
    ("side", "filters", "groups"),
    [
        (4, (16,), (1, 2)),
        (8, (16,), (1, 2)),
        (28, (16, 32, 48), (1, 2, 2, 1)),
        (64, (16, 32, 48, 48), (1, 2, 2, 1)),
        (256, (16, 32, 48, 48, 48, 48), (1, 2, 2, 1)),
    ],
)
def test_the_image_settles_filters_and_groups(side, filters, groups):
    assert top_down.fitting_filters((side, side, 1)) == filters
    assert top_down.fitting_groups((side, side, 1), filters) == groups


@pytest.mark.parametrize("shape", [(28, 28, 1), (13, 6, 3)])
@pytest.mark.parametrize("groups", [(1, 1), (2, 1, 2)])
def test_any_size_comes_up_and_goes_down_again(shape, groups):
    vae = catalog.hierarchical_vae(shape, groups=groups, filters=(3, 4), **OPTIONS)
    x = np.zeros((2, *shape), np.float32)
    assert vae.reconstruct(x)["x_mean"].shape == x.shape
    assert len(vae.latents.groups) == sum(groups)
    sizes = [group.split("_")[0] for group in vae.latents.groups]
    assert len(dict.fromkeys(sizes)) == len(groups)


def test_a_group_has_the_size_of_the_feature_that_it_is_named_after():
    encoder = top_down.encoder((28, 28, 1), (3, 4, 5), (1, 1, 2, 1), dense=6)
    shapes = {name: tuple(value.shape[1:]) for name, value in encoder.output.items()}
    wanted = {"top": (6,), "4x4": (4, 4, 5), "7x7": (7, 7, 4), "14x14": (14, 14, 3)}
    assert shapes == wanted


def test_networks_come_back_from_their_config():
    _, posteriors, priors, blocks = top_down.way_down((8, 8, 1), (3,), (2, 2), 5)
    for network in (*posteriors, *priors, *blocks):
        config = keras.saving.serialize_keras_object(network)
        copy = keras.saving.deserialize_keras_object(config, safe_mode=True)
        assert [w.shape for w in copy.weights] == [w.shape for w in network.weights]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"groups": (1,)}, r"groups=\(1,\).*as \(1, 2, 2, 1\)"),
        ({"groups": (1, 0)}, r"groups=\(1, 0\)"),
        ({"groups": (1, 1, 1, 1, 1)}, "3 sizes at most"),
        ({"top": 0}, "top=0"),
        ({"channels": 0}, "channels=0"),
        ({"dense": 0}, "dense=0"),
        ({"posteriors": "near"}, "give 'absolute' or 'relative'"),
        ({"blocks": -1}, "blocks=-1"),
        ({"filters": (3,) * 6}, "too small for 6 convolutions"),
    ],
)
def test_numbers_that_cannot_be_are_refused_by_name(options, said):
    with pytest.raises(InputError, match=said):
        catalog.hierarchical_vae((28, 28, 1), **options)


def test_a_log_var_is_below_its_bound_smoothly_and_0_stays_0():
    layer = SoftBoundedLogVar(-10.0, 2.0)
    raw = np.float32([-1e9, -8.0, -1.0, 0.0, 1.0, 1e9])
    out = np.asarray(layer(raw))
    np.testing.assert_allclose(out[[0, 3, 5]], [-10.0, 0.0, 2.0], atol=1e-6)
    np.testing.assert_allclose(out[1], -8.0 + 2.0 - math.log(math.expm1(2.0)), rtol=1e-3)
    assert np.all(np.diff(out) > 0.0)
