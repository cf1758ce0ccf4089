"""Self-attention between the places of a grid, for what a convolution's few neighbours miss."""

import keras
from keras import layers, ops

from zoo.errors import InputError

LARGEST_SIDE = 16  # of a grid: places attend to places, whose pairs grow with its fourth power
HEAD = 64  # channels a head, where the grid's can be divided so
START = 10.0  # times the cosine of query and key


def block(h, name, activation="silu"):
    """h + what every place reads of all, shape kept: [batch, height, width, channels].

    As `zoo.networks.residual.block`: no normalization, and near the identity at first.
    """
    channels = h.shape[-1]
    heads = channels // HEAD if channels % HEAD == 0 else 1
    rest = layers.Activation(activation, name=f"{name}_act")(h)
    rest = SelfAttention(heads, name=name)(rest)
    return layers.Add(name=f"{name}_add")([h, rest])


def fits(size):
    """Whether places of a grid of (rows, columns) may attend to all others."""
    return max(size) <= LARGEST_SIDE


@keras.saving.register_keras_serializable(package="zoo.networks")
class SelfAttention(layers.Layer):
    """Multi-head attention of every place to all (Vaswani et al. 2017, section 3.2).

    [batch, height, width, channels] -> the same shape. Queries and keys are of length 1, times a
    learned scale, so that no place outweighs others by its length (Liu et al. 2022, "Swin
    Transformer V2", section 3.3). Three products of matrices and a softmax: operators that every
    runtime and every device has.

    Args:
        heads: by which the channels can be divided.

    Raises:
        InputError: where they cannot.
    """

    def __init__(self, heads=1, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels % self.heads:
            raise InputError(
                f"{channels} channels cannot be divided among {self.heads} heads: give a number "
                "of heads that divides them."
            )
        small = keras.initializers.VarianceScaling(0.01)
        shape = (channels, channels)
        self.of_query, self.of_key, self.of_value = (
            self.add_weight(shape, "glorot_uniform", name=name) for name in ("q", "k", "v")
        )
        self.of_heads = self.add_weight(shape, small, name="heads")
        start = keras.initializers.Constant(START)
        self.scale = self.add_weight((self.heads, 1, 1), start, name="scale")
        self.bias = self.add_weight((channels,), "zeros", name="bias")

    def call(self, x):
        rows, columns, channels = x.shape[1:]
        places = ops.reshape(x, (-1, rows * columns, channels))
        query = _unit(self._by_head(places, self.of_query)) * self.scale
        key = _unit(self._by_head(places, self.of_key))
        seen = ops.softmax(ops.matmul(query, ops.swapaxes(key, 2, 3)), axis=-1)
        read = ops.matmul(seen, self._by_head(places, self.of_value))
        if self.heads > 1:
            read = ops.swapaxes(read, 1, 2)
        read = ops.reshape(read, (-1, rows * columns, channels))
        read = ops.matmul(read, self.of_heads) + self.bias
        return ops.reshape(read, (-1, rows, columns, channels))

    def _by_head(self, places, kernel):
        """[batch, places, channels] -> [batch, heads, places, channels / heads]."""
        count, channels = places.shape[1:]
        value = ops.matmul(places, kernel)
        if self.heads == 1:
            return ops.expand_dims(value, 1)
        value = ops.reshape(value, (-1, count, self.heads, channels // self.heads))
        return ops.swapaxes(value, 1, 2)

    def get_config(self):
        return {**super().get_config(), "heads": self.heads}


def _unit(vectors):
    """Vectors over their length, in float32 and then as they were."""
    exact = ops.cast(vectors, "float32")
    length = ops.rsqrt(ops.sum(ops.square(exact), axis=-1, keepdims=True) + 1e-6)
    return ops.cast(exact * length, vectors.dtype)
