"""The codebook of vector-quantized latents.

Sources: van den Oord et al. 2017, "Neural discrete representation learning", equations 1 and 2 and
appendix A.1; Dhariwal et al. 2020, "Jukebox", section 3.1, for the restart of dead codes.
"""

import keras
import numpy as np
from keras import ops

from zoo.errors import InputError

APART = 0.01
"""Noise on the place of a code that is restarted, a share of the encodings' own size."""
_NONE = 1e-20  # use below which a code has no average to speak of


@keras.saving.register_keras_serializable(package="zoo.latents")
class Codebook(keras.layers.Layer):
    """Vectors that stand for whatever lies nearest to them: [..., dimension] <-> codes int32 [...].

    Called on encodings it gives (vectors, codes): of each encoding the nearest vector of the book,
    [..., dimension], whose gradient goes to the encoding as it is (straight-through), and its
    number. Of equally near ones it is the first. In training every call moves each vector to the
    exponential moving average of the encodings that chose it; no gradient reaches the book.

    Args:
        codes: how many vectors there are, 2 or more.
        dimension: of each.
        decay: share of the averages that a step of training keeps, from 0 to below 1.
        restart: a code whose average use is below this share of an even one is dead, and put beside
            some encoding of the batch; from 0, which leaves dead codes alone, to below 1. An
            unused code is given ln(1 / restart) / (1 - decay) steps. None are in use to begin
            with, so that the first step of training places them.
        seed: of which encodings those are.

    Raises:
        InputError: for a number that cannot be.
    """

    def __init__(self, codes, dimension, decay=0.9, restart=0.1, seed=0, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        if not isinstance(codes, int) or codes < 2:
            raise InputError(
                f"codes={codes!r}: a codebook tells 2 vectors or more apart; give a whole number "
                "from 2 on."
            )
        if not isinstance(dimension, int) or dimension < 1:
            raise InputError(f"dimension={dimension!r}: a code's vector has 1 value or more.")
        for name, value in (("decay", decay), ("restart", restart)):
            if not 0.0 <= value < 1.0:
                raise InputError(f"{name}={value!r}: give a share from 0 to below 1.")
        self.codes = codes
        self.dimension = dimension
        self.decay = decay
        self.restart = restart
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape=None):
        start = keras.initializers.RandomNormal(stddev=self.dimension**-0.5)
        shape = (self.codes, self.dimension)
        self.vectors = self.add_weight(shape, start, trainable=False, name="vectors")
        # Encodings a step that chose each code: a moving average.
        self.use = self.add_weight((self.codes,), "zeros", trainable=False, name="use")
        self.built = True

    def call(self, encoded, training=False):
        codes = self.nearest(encoded)
        vectors = self.look_up(codes)
        if training:
            self.update(encoded, codes)
        return encoded + ops.stop_gradient(vectors - encoded), codes

    def nearest(self, encoded):
        """The code of the nearest vector: [..., dimension] -> int32 [...]."""
        # Keras's argmax looks at the bits of zeros by a Bitcast, which ONNX does not have.
        rows, vectors = ops.reshape(encoded, (-1, self.dimension)), self.vectors + 0.0
        distances = ops.sum(vectors**2, axis=-1) - 2.0 * ops.matmul(rows, ops.transpose(vectors))
        _, codes = ops.top_k(-distances, 1)  # the row's own square is the same for all
        return ops.cast(ops.reshape(codes, (-1, *encoded.shape[1:-1])), "int32")

    def look_up(self, codes):
        """The vectors of codes: int32 [...] -> [..., dimension]."""
        return ops.take(self.vectors, codes, axis=0)

    def margin(self, encoded):
        """How little an encoding must move, over its length, to have another code: numpy [...].

        The distance to the nearest plane half-way between the vector chosen and another one.
        """
        rows, vectors = (ops.convert_to_numpy(each) for each in (encoded, self.vectors))
        shape, rows = rows.shape[:-1], rows.reshape(-1, self.dimension).astype(np.float64)
        vectors = vectors.astype(np.float64)
        near, apart = _squared_distances(rows, vectors), _squared_distances(vectors, vectors) ** 0.5
        first = near.argmin(axis=1)
        beyond = near - near.min(axis=1, keepdims=True)
        beyond /= np.maximum(2.0 * apart[first], _NONE)
        beyond[np.arange(len(rows)), first] = np.inf
        return (beyond.min(axis=1) / np.linalg.norm(rows, axis=1)).reshape(shape)

    def update(self, encoded, codes):
        """One step of training: moving averages, then the restart of dead codes."""
        rows = ops.stop_gradient(ops.reshape(encoded, (-1, self.dimension)))
        chose = ops.one_hot(ops.reshape(codes, (-1,)), self.codes, dtype=rows.dtype)
        before, new = self.decay * self.use, 1.0 - self.decay
        use = before + new * ops.sum(chose, axis=0)
        # The sum that the average is made of is its use times the vector: one state less to keep.
        total = before[:, None] * self.vectors + new * ops.matmul(ops.transpose(chose), rows)
        known = use > _NONE
        vectors = ops.where(
            known[:, None], total / ops.where(known, use, 1.0)[:, None], self.vectors + 0.0
        )
        count = ops.cast(ops.shape(rows)[0], rows.dtype)
        even = count / self.codes
        dead = use < self.restart * even
        drawn = keras.random.uniform((self.codes,), seed=self.seed_generator) * count
        places = ops.take(rows, ops.cast(ops.minimum(drawn, count - 1.0), "int32"), axis=0)
        # Of two codes in one place the first would have all; encodings often are equal.
        apart = keras.random.normal(places.shape, 0.0, APART, seed=self.seed_generator)
        places += apart * ops.sqrt(ops.mean(ops.square(rows)))
        self.vectors.assign(ops.where(dead[:, None], places, vectors))
        self.use.assign(ops.where(dead, even, use))

    def get_config(self):
        names = ("codes", "dimension", "decay", "restart", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _squared_distances(one, other):
    """[n, dimension] and [m, dimension] -> [n, m], of numbers in double precision."""
    squares = np.sum(one**2, axis=1)[:, None] + np.sum(other**2, axis=1)
    return np.maximum(squares - 2.0 * one @ other.T, 0.0)
