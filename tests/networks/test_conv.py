import keras
import numpy as np
import pytest

from zoo import catalog
from zoo.errors import InputError
from zoo.networks import conv
from zoo.networks.output_layers import BoundedLogVar

SHAPES = [(8, 8, 1), (28, 28, 1), (32, 32, 3), (9, 13, 2), (4, 4, 1), (7, 30, 3)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("filters", [(3,), (3, 5)])
def test_both_sides_keep_the_event_shape(shape, filters):
    options = {"filters": filters, "dense": 6}
    encoder = conv.encoder(shape, 2, **options)
    decoder = conv.decoder(shape, 2, **options)
    posterior = encoder(np.zeros((3, *shape), np.float32))
    assert {name: tuple(v.shape) for name, v in posterior.items()} == {
        "mean": (3, 2),
        "log_var": (3, 2),
    }
    assert tuple(decoder(np.zeros((3, 2), np.float32)).shape) == (3, *shape)


def test_depth_to_space_puts_each_channel_where_the_sub_pixel_paper_says():
    x = keras.Input((2, 3, 8))
    network = keras.Model(x, keras.ops.depth_to_space(x, conv.STRIDE))
    given = np.random.default_rng(0).normal(size=(2, 2, 3, 8)).astype(np.float32)
    out = np.asarray(network(given))
    assert out.shape == (2, 4, 6, 2)
    for row in range(4):
        for column in range(6):
            block = ((row % 2) * 2 + column % 2) * 2
            wanted = given[:, row // 2, column // 2, block : block + 2]
            np.testing.assert_array_equal(out[:, row, column], wanted)


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((2, 2, 1), (16,)),
        ((3, 300, 1), (16,)),
        ((8, 8, 1), (16, 32)),
        ((28, 28, 1), (16, 32)),
        ((32, 32, 3), (16, 32)),
        ((33, 20, 3), (16, 32, 48)),
        ((64, 64, 3), (16, 32, 48)),
        ((65, 64, 3), (16, 32, 48, 48)),
        ((128, 128, 3), (16, 32, 48, 48)),
        ((256, 256, 3), (16, 32, 48, 48, 48)),
    ],
)
def test_an_image_gets_as_many_filters_as_it_needs(shape, wanted):
    assert conv.fitting_filters(shape) == wanted


def test_the_fitting_filters_bring_every_image_to_a_grid_of_at_most_8_by_8():
    for side in range(4, 1025):
        for other in (side, max(4, side // 3)):
            filters = conv.fitting_filters((side, other, 3))
            rows, columns = conv.grid((side, other, 3), filters)
            if 2 ** len(filters) * 2 <= other:  # the shorter side could be halved once more
                assert max(rows, columns) <= 8 and len(filters) >= 2
            if len(filters) > 2:
                assert max(conv.grid((side, other, 3), filters[:-1])) > 8  # and no one too many


@pytest.mark.slow
@pytest.mark.parametrize("name", ["conv_vae", "residual_vae", "conditional_vae", "vq_vae"])
def test_no_weights_grow_with_the_square_of_the_side(name):
    sizes = {side: catalog.build(name, (side, side, 3)).count_params() for side in (64, 128, 256)}
    assert sizes[256] < 1.2 * sizes[128] + 300_000
    assert max(sizes.values()) * 4 < 16e6  # bytes of float32
    assert sizes[128] * 4 < 15e6


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("conv_vae", 1_667_444),
        ("residual_vae", 1_759_988),
        ("conditional_vae", 851_780),
        ("vq_vae", 77_700),
    ],
)
def test_images_of_28_by_28_have_the_networks_that_were_trained(name, wanted):
    model = catalog.build(name, (28, 28, 1))
    filters = (32, 64) if name == "vq_vae" else (16, 32)
    given = catalog.build(name, (28, 28, 1), filters=filters)
    assert model.count_params() == given.count_params() == wanted


def test_given_filters_are_taken_as_given():
    encoder = conv.encoder((128, 128, 3), 2, filters=(5,), dense=3)
    assert encoder.get_layer("conv_0").filters == 5
    assert encoder.get_layer("flatten").output.shape == (None, 64 * 64 * 5)


@pytest.mark.parametrize("shape", [(32, 24, 1), (29, 33, 2)])
@pytest.mark.parametrize("blocks", [0, 1])
def test_without_a_dense_layer_a_latent_sees_what_lies_around_its_place(shape, blocks):
    options = {"filters": (3, 5), "dense": 0, "blocks": blocks}
    rows, columns = conv.grid(shape, (3, 5))
    latent = 3 * rows * columns
    encoder, decoder = (
        conv.encoder(shape, latent, **options),
        conv.decoder(shape, latent, **options),
    )
    x = np.random.default_rng(0).random((2, *shape), np.float32)
    x[1], x[1, -1, -1] = x[0], 1.0 - x[0, -1, -1]  # another last pixel
    before, after = (
        np.asarray(encoder(x)[name]).reshape(2, rows, columns, 3).transpose(1, 2, 3, 0)
        for name in ("mean", "log_var")
    )
    for value in (before, after):
        moved = np.ptp(value, axis=-1).max(axis=-1) > 0.0
        assert moved[-1, -1] and not moved[:3].any() and not moved[:, :2].any()
    assert decoder(np.zeros((2, latent), np.float32)).shape == (2, *shape)


def test_a_covariance_of_latents_has_no_place_in_an_image():
    with pytest.raises(InputError, match=r"below has 120 values.*--dense 512"):
        catalog.conv_vae((16, 16, 1), latent=16, dense=0, posterior="full_normal")


def test_images_too_small_for_the_strides_are_refused_with_advice():
    with pytest.raises(InputError, match=r"5x4 are too small for 3 .* 8x8 or more.*\(4, 4\)"):
        conv.encoder((5, 4, 1), 2, filters=(4, 4, 4))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"latent": 0}, "latent=0"),
        ({"dense": -1}, "dense=-1"),
        ({"dense": 0}, r"latent=2: .* 2x2 places has as many latents. Give 4, or --dense 512"),
        ({"filters": ()}, r"filters=\(\)"),
        ({"filters": (4, 0)}, r"filters=\(4, 0\)"),
        ({"shape": (64,)}, r"events of shape \(64,\)"),
    ],
)
@pytest.mark.parametrize("side", [conv.encoder, conv.decoder])
def test_bad_sizes_are_refused(side, arguments, said):
    given = {"shape": (8, 8, 1), "latent": 2} | arguments
    with pytest.raises(InputError, match=said):
        side(given.pop("shape"), **given)


def test_log_var_is_clipped_to_its_bounds():
    out = np.asarray(BoundedLogVar()(np.float32([[-1e9, -3.0, 1e9]])))
    np.testing.assert_array_equal(out, [[-30.0, -3.0, 20.0]])


def test_every_layer_survives_its_own_config():
    networks = (conv.encoder((9, 8, 1), 2), conv.decoder((9, 8, 1), 2))
    for layer in [layer for network in networks for layer in network.layers]:
        copy = type(layer).from_config(layer.get_config())
        assert copy.get_config() == layer.get_config()
