"""Networks of rows of a table: what is missing, what is hidden, what is refused."""

import keras
import numpy as np
import pytest

from zoo.errors import InputError
from zoo.networks import table

LAYOUT = {"numbers": 2, "cycles": (0, 1), "words": (3, 2)}
INPUTS = (8,)  # 2 numbers, 2 masks, sine and cosine, 2 codes


def test_shapes_and_the_linear_path():
    encoder = table.encoder(INPUTS, 3, (5,), **LAYOUT)
    given = encoder(np.zeros((4, 8), np.float32))
    assert {name: tuple(value.shape) for name, value in given.items()} == {
        "mean": (4, 3),
        "log_var": (4, 3),
    }
    seen = 6 + table.embedding_width(3) + table.embedding_width(2)
    assert encoder.get_layer("mean").kernel.shape == (5 + seen, 3)
    decoder = table.decoder((7,), 3, (5,))
    assert tuple(decoder(np.zeros((4, 3), np.float32)).shape) == (4, 7)
    assert decoder.get_layer("output").kernel.shape == (5 + 3, 7)


def test_every_word_and_a_missing_one_have_a_vector_of_their_own():
    encoder = table.encoder(INPUTS, 3, (5,), **LAYOUT)
    x = np.zeros((4, 8), np.float32)
    x[:, 6] = np.arange(4)  # missing, and three words
    mean = np.asarray(encoder(x)["mean"])
    assert len(np.unique(mean.round(6), axis=0)) == 4
    assert [table.embedding_width(n) for n in (2, 3, 12, 10**6)] == [3, 3, 5, 16]


def test_the_layers_come_back_from_their_configs():
    layer = table.WordCode(2, 5)
    assert table.WordCode.from_config(layer.get_config()).get_config() == layer.get_config()
    encoder = table.encoder(INPUTS, 3, (5,), hidden=0.1, dropout=0.2, **LAYOUT)
    copy = keras.Model.from_config(encoder.get_config())
    copy.set_weights(encoder.get_weights())
    x = np.random.default_rng(0).integers(0, 2, (5, 8)).astype(np.float32)
    np.testing.assert_array_equal(copy(x)["mean"], encoder(x)["mean"])


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="has 8 inputs; given was the shape"):
        table.encoder((7,), 3, **LAYOUT)
    with pytest.raises(InputError, match=r"hidden=1\.5"):
        table.encoder(INPUTS, 3, hidden=1.5, **LAYOUT)
    with pytest.raises(InputError, match="one positive number"):
        table.decoder((7,), 3, ())
    with pytest.raises(InputError, match="at least 1 axis"):
        table.decoder((7,), 0)
