"""Encoder and decoder of rows of a table: numbers, cycles of dates, words, any of them missing.

Beside the dense layers a linear path leads from what the encoder sees to its features, and from z
to the raw output: so a table of few rows, of which deep layers would learn the noise, has factor
analysis to fall back to.
"""

import math

import keras
from keras import layers, ops

from zoo.errors import InputError
from zoo.networks.hiding import HideColumns, require_share
from zoo.networks.output_layers import normal_posterior

WIDEST_EMBEDDING = 16


def encoder(
    event_shape,
    latent,
    units=(128,),
    activation="silu",
    head=normal_posterior,
    *,
    numbers,
    cycles=(),
    words=(),
    hidden=0.0,
    dropout=0.0,
):
    """[batch, inputs] -> what `head` makes of the last features, each [batch, latent].

    An input is 0 where its column is missing. The inputs are, side by side: the numbers,
    standardised; 1 for each that is known; sine and cosine of cycles; 1 + the code of each word. A
    word has a learned vector, and so has a missing one, see `embedding_width`.

    Args:
        numbers: how many columns are numbers.
        cycles: of each number, how many cycles are told of it.
        words: of each other column, how many words it may be.
        hidden: share of all values that training hides, on average, see `HideColumns`.
        dropout: of the dense layers' features.

    Raises:
        InputError: for inputs that are not as many, or a share that is none.
    """
    _check(latent, units, dropout=dropout)
    require_share(hidden)
    of_cycles = [place for place, count in enumerate(cycles) for _ in range(2 * count)]
    plain = 2 * numbers + len(of_cycles)
    if tuple(event_shape) != (plain + len(words),):
        raise InputError(
            f"A table of {numbers} numbers, {sum(cycles)} cycles and {len(words)} columns of words "
            f"has {plain + len(words)} inputs; given was the shape {tuple(event_shape)}."
        )
    x = keras.Input(event_shape, name="x")
    owners = [*range(numbers), *range(numbers), *of_cycles]
    owners += range(numbers, numbers + len(words))
    h = HideColumns(owners, hidden, name="hide")(x) if hidden else x
    seen = [h[:, :plain]] if plain else []
    for place, count in enumerate(words):
        code = WordCode(plain + place, count, name=f"code_{place}")(h)
        vectors = layers.Embedding(count + 1, embedding_width(count), name=f"word_{place}")
        seen.append(vectors(code))
    seen = layers.Concatenate(name="seen")(seen) if len(seen) > 1 else seen[0]
    features = _dense(seen, units, activation, dropout)
    features = layers.Concatenate(name="with_linear")([features, seen])
    return keras.Model(x, head(features, latent), name="encoder")


def decoder(raw_shape, latent, units=(128,), activation="silu", dropout=0.0):
    """[batch, latent] -> the likelihood's raw output, [batch, *raw_shape]; `encoder` mirrored."""
    _check(latent, units, dropout=dropout)
    z = keras.Input((latent,), name="z")
    h = _dense(z, tuple(reversed(units)), activation, dropout)
    h = layers.Concatenate(name="with_linear")([h, z])
    raw = layers.Dense(math.prod(raw_shape), dtype="float32", name="output")(h)
    return keras.Model(
        z, layers.Reshape(raw_shape, dtype="float32", name="row")(raw), name="decoder"
    )


def embedding_width(words):
    """Values that stand for a word: as many as bits tell the words apart, and one; 16 at most."""
    return min(WIDEST_EMBEDDING, 1 + math.ceil(math.log2(words + 1)))


@keras.saving.register_keras_serializable(package="zoo.networks")
class WordCode(layers.Layer):
    """One input as a whole number from 0 to `words`: [batch, inputs] -> int32 [batch].

    Args:
        place: of the input.
        words: how many there are; 0 stands for a missing one.
    """

    def __init__(self, place, words, **kwargs):
        super().__init__(**kwargs)
        self.place = place
        self.words = words

    def call(self, x):
        code = ops.clip(ops.cast(x[:, self.place], "float32"), 0.0, float(self.words))
        return ops.cast(code + 0.5, "int32")

    def get_config(self):
        return {**super().get_config(), "place": self.place, "words": self.words}


def _dense(h, units, activation, dropout):
    """Dense layers, each followed by dropout where there is some."""
    for i, width in enumerate(units):
        h = layers.Dense(width, activation=activation, name=f"dense_{i}")(h)
        h = layers.Dropout(dropout, name=f"dropout_{i}")(h) if dropout else h
    return h


def _check(latent, units, **shares):
    if latent < 1:
        raise InputError(f"latent={latent}: a latent space has at least 1 axis.")
    if not units or min(units) < 1:
        raise InputError(f"units={tuple(units)}: give one positive number or more.")
    for name, share in shares.items():
        if not 0.0 <= share < 1.0:
            raise InputError(f"{name}={share}: give a share from 0 to below 1.")
