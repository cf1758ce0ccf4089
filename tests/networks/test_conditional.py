"""The label as a channel of an image: learned for each class, however large the image is."""

import keras
import numpy as np
import pytest

from zoo.networks import conditional, conv, dense


def planes(shape, classes=3, build=conv.encoder):
    """(encoder, the channel that it adds for each class, [classes, *grid])."""
    encoder = conditional.encoder(build, shape, 2, classes)
    table = encoder.get_layer("label_plane")
    table.embeddings.assign(np.random.default_rng(0).normal(size=table.embeddings.shape))
    beside = keras.Model(encoder.inputs, encoder.get_layer("with_label").output)
    x = np.zeros((classes, *shape), np.float32)
    out = np.asarray(beside([x, np.arange(classes, dtype=np.int32)]))
    return encoder, out[..., -1]


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 20, 3)])
def test_a_small_image_has_a_value_for_each_pixel(shape):
    encoder, plane = planes(shape)
    table = np.asarray(encoder.get_layer("label_plane").embeddings)
    np.testing.assert_array_equal(plane.reshape(3, -1), table)


@pytest.mark.parametrize(("shape", "factor"), [((33, 40, 3), 2), ((70, 100, 3), 4)])
def test_a_large_image_has_a_value_for_a_square_of_pixels(shape, factor):
    encoder, plane = planes(shape)
    rows, columns = -(-shape[0] // factor), -(-shape[1] // factor)
    table = np.asarray(encoder.get_layer("label_plane").embeddings).reshape(3, rows, columns)
    for row in range(shape[0]):
        for column in range(0, shape[1], 3):
            wanted = table[:, row // factor, column // factor]
            np.testing.assert_array_equal(plane[:, row, column], wanted)


@pytest.mark.parametrize("side", [64, 256, 1024])
def test_what_is_learned_for_a_class_does_not_grow_with_the_image(side):
    table = conditional.encoder(conv.encoder, (side, side, 3), 2, 10).get_layer("label_plane")
    assert table.embeddings.shape == (10, 32 * 32)


def test_a_vector_and_a_sequence_have_a_value_for_each_step():
    _, plane = planes((5, 4), build=dense.encoder)
    assert plane.shape == (3, 5) and len(np.unique(plane)) == 15
